#include "supervisor/publish/slow_request_log.h"

#include <algorithm>

#include "segment/published.h"
#include "supervisor/publish/json_writer.h"
#include "supervisor/publish/request_json.h"

namespace stirbar {
namespace {

// A line stays below what log shippers take (16 KiB), whatever the app's names are.
constexpr size_t kTextBytes = 200;

uint64_t NewestPointNs(const Segment& segment) {
  const std::vector<HistoryValues> newest = ReadHistory(segment, 1);
  return newest.empty() ? 0 : newest.back().wall_ms * 1'000'000;
}

std::string_view EventOf(const SlowRequestSample& request) {
  if (request.running) return "request_stuck";
  return request.slow ? "request_slow" : "request_slowest";
}

std::string FrameText(const FrameSample& frame) {
  return frame.function + " (" + frame.file + ":" + std::to_string(frame.line) + ")";
}

}  // namespace

SlowRequestLog::SlowRequestLog(const Segment& segment, LogLine log)
    : log_(std::move(log)), told_until_wall_ns_(NewestPointNs(segment)) {}

void SlowRequestLog::Publish(const std::shared_ptr<const Snapshot>& snapshot) {
  if (!snapshot->sample.tick.full) return;  // only these leave a point in the history
  std::set<Key> present;
  for (const SlowRequestSample& request : snapshot->sample.slow_requests) {
    const Key key{request.slot, request.started_ns, request.running};
    present.insert(key);
    if (told_.contains(key) || request.wall_ns <= told_until_wall_ns_) continue;
    const bool notable = request.running || request.slow;
    log_(notable ? Severity::kWarning : Severity::kInfo, SlowRequestLine(request));
  }
  told_ = std::move(present);
}

std::string SlowRequestLine(const SlowRequestSample& request) {
  JsonWriter json(kTextBytes);
  json.BeginObject();
  json.Field("event", EventOf(request));
  json.Field("time", Time{request.wall_ns});
  json.Field("route", request.route);
  json.Field("worker", request.slot);
  json.Field("pid", request.pid);
  json.Field("thread", request.thread);
  json.Field("id", RequestId(request.slot, request.index, request.started_ns));
  json.Field("status", request.status != 0 ? std::optional(request.status) : std::nullopt);
  json.Field("duration_seconds", request.duration_seconds);
  json.Field("queue_seconds", request.queue_seconds);
  WriteParts("parts", request.part_seconds, &json);
  WriteParts("calls", request.part_calls, &json);
  json.BeginArray("statements");
  for (const SlowRequestSample::Statement& statement : request.statements) {
    json.BeginObject();
    json.Field("text", statement.text);
    json.Field("seconds", statement.seconds);
    json.Field("calls", statement.calls);
    json.EndObject();
  }
  json.EndArray();
  json.BeginArray("stack");
  for (size_t i = 0; i < std::min(request.stack.size(), kFramesLogged); ++i) {
    json.Value(FrameText(request.stack[i]));
  }
  json.EndArray();
  json.Field("lock_holder", request.lock_holder);
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
