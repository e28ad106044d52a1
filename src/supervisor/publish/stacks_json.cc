#include "supervisor/publish/stacks_json.h"

#include "supervisor/publish/json_writer.h"
#include "supervisor/publish/request_json.h"

namespace stirbar {
namespace {

void WriteFrames(const std::vector<FrameSample>& frames, JsonWriter* json) {
  json->BeginArray("frames");
  for (const FrameSample& frame : frames) WriteFrame(frame, json);
  json->EndArray();
}

void WriteRequest(const ThreadStack& thread, JsonWriter* json) {
  const std::optional<InFlightSample>& request = thread.request;
  if (!request) {
    json->Field("request", std::nullopt);
    return;
  }
  json->BeginObject("request");
  json->Field("id", RequestId(request->slot, request->index, request->started_ns));
  json->Field("route", thread.route);
  json->Field("age_seconds", request->age_seconds);
  json->Field("phase", Name(request->phase));
  json->Field("activity", Name(request->activity));
  json->EndObject();
}

void WriteThread(const ThreadStack& thread, JsonWriter* json) {
  json->BeginObject();
  json->Field("thread", thread.thread != 0 ? std::optional(thread.thread) : std::nullopt);
  json->Field("name", thread.name);
  json->Field("state", std::string_view(&thread.state, 1));
  json->Field("holds_lock", thread.holds_lock);
  json->Field("waits_for", thread.waits_for);
  json->Field("quality", Name(thread.quality));
  json->Field("reason", thread.reason);
  WriteFrames(thread.frames, json);
  WriteRequest(thread, json);
  json->EndObject();
}

}  // namespace

std::string StacksJson(const std::vector<WorkerStacks>& workers, uint64_t wall_ns) {
  JsonWriter json;
  json.BeginObject();
  json.Field("time", Time{wall_ns});
  json.BeginArray("workers");
  for (const WorkerStacks& worker : workers) {
    json.BeginObject();
    json.Field("slot", worker.slot);
    json.Field("pid", worker.pid);
    json.Field("unavailable", worker.unavailable);
    json.Field("lock_locked", worker.lock_locked);
    json.Field("lock_holder", worker.lock_holder);
    json.BeginArray("threads");
    for (const ThreadStack& thread : worker.threads) WriteThread(thread, &json);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

}  // namespace stirbar
