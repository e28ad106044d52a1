#include "supervisor/publish/snapshot_slow_json.h"

#include <algorithm>

#include "supervisor/publish/request_json.h"

namespace stirbar {
namespace {

// Of a stack that is too deep: what it does stands at the inner end, how it came there at the
// outer.
constexpr size_t kOuterFrames = 16;
constexpr size_t kInnerFrames = kFramesShown - kOuterFrames - 1;

enum class Detail { kWhole, kBrief };

void WriteStatements(const SlowRequestSample& request, JsonWriter* json) {
  json->BeginArray("statements");
  for (const SlowRequestSample::Statement& statement : request.statements) {
    json->BeginObject();
    json->Field("text", statement.text);
    json->Field("seconds", statement.seconds);
    json->Field("calls", statement.calls);
    json->EndObject();
  }
  json->EndArray();
}

void WriteRequest(const SlowRequestSample& request, Detail detail, JsonWriter* json) {
  json->BeginObject();
  json->Field("time", Time{request.wall_ns});
  json->Field("slot", request.slot);
  json->Field("pid", request.pid);
  json->Field("thread", request.thread);
  json->Field("id", RequestId(request.slot, request.index, request.started_ns));
  json->Field("route", request.route);
  json->Field("running", request.running);
  json->Field("slow", request.slow);
  json->Field("status", request.status != 0 ? std::optional(request.status) : std::nullopt);
  json->Field("duration_seconds", request.duration_seconds);
  json->Field("queue_seconds", request.queue_seconds);
  json->Field("queue_source", Name(request.queue_source));
  WriteParts("parts", request.part_seconds, json);
  WriteParts("calls", request.part_calls, json);
  json->Field("request_bytes", request.request_bytes);
  json->Field("response_bytes", request.response_bytes);
  const bool whole = detail == Detail::kWhole;
  WriteStatements(whole ? request : SlowRequestSample{}, json);
  WriteFrames("stack", whole ? request.stack : std::vector<FrameSample>{}, json);
  json->Field("stack_age_seconds", request.stack_age_seconds);
  json->Field("stack_quality", Name(request.stack_quality));
  json->Field("lock_holder", request.lock_holder);
  json->EndObject();
}

std::string RequestText(const SlowRequestSample& request, Detail detail, size_t longest_text) {
  JsonWriter json(longest_text);
  WriteRequest(request, detail, &json);
  return json.Take();
}

}  // namespace

SlowLeftOut WriteSlowRequests(const Sample& sample, size_t most_bytes, size_t longest_text,
                              JsonWriter* json) {
  const std::vector<SlowRequestSample>& requests = sample.slow_requests;
  const size_t room_for_whole = most_bytes / 4 * 3;
  std::vector<std::string> texts;  // newest first
  SlowLeftOut left_out;
  size_t used = 0;
  bool has_room = true;  // for whole ones: an older one is never shown better than a newer one
  for (auto request = requests.rbegin(); request != requests.rend(); ++request) {
    std::string text;
    if (has_room) text = RequestText(*request, Detail::kWhole, longest_text);
    has_room = has_room && used + text.size() <= room_for_whole;
    if (!has_room) {
      text = RequestText(*request, Detail::kBrief, longest_text);
      if (used + text.size() > most_bytes) break;
      if (!request->stack.empty() || !request->statements.empty()) ++left_out.details;
    }
    used += text.size();
    texts.push_back(std::move(text));
  }
  left_out.requests = requests.size() - texts.size();
  json->BeginArray("slow_requests");
  for (auto text = texts.rbegin(); text != texts.rend(); ++text) json->Raw(*text);
  json->EndArray();
  return left_out;
}

void WriteFrames(std::string_view key, const std::vector<FrameSample>& stack, JsonWriter* json) {
  const bool cut = stack.size() > kFramesShown;
  json->BeginArray(key);
  for (size_t i = 0; i < stack.size(); ++i) {
    if (cut && i == kInnerFrames) {
      const size_t outer = stack.size() - kOuterFrames;
      WriteFrame({"(" + std::to_string(outer - i) + " frames left out)", "", 0}, json);
      i = outer;
    }
    WriteFrame(stack[i], json);
  }
  json->EndArray();
}

}  // namespace stirbar
