#include "supervisor/publish/snapshot_in_flight_json.h"

#include <algorithm>

#include "supervisor/publish/request_json.h"
#include "supervisor/publish/route_labels.h"

namespace stirbar {
namespace {

std::string_view StuckWord(uint32_t stuck) {
  if ((stuck & kStuckInterrupted) != 0) return "interrupted";
  return (stuck & kStuckRecorded) != 0 ? "recorded" : "";
}

void WriteRequest(const InFlightSample& request, const RouteLabels& labels, JsonWriter* json) {
  json->BeginObject();
  json->Field("id", RequestId(request.slot, request.index, request.started_ns));
  json->Field("slot", request.slot);
  json->Field("pid", request.pid);
  json->Field("thread", request.thread);
  json->Field("route", labels.Of(request.method, request.route));
  json->Field("method", Name(request.method));
  json->Field("phase", Name(request.phase));
  json->Field("age_seconds", request.age_seconds);
  json->Field("phase_age_seconds", request.phase_age_seconds);
  json->Field("queue_seconds", request.queue_seconds);
  json->Field("queue_source", Name(request.queue_source));
  json->Field("criticality", Name(request.criticality));
  json->Field("deadline_seconds", request.deadline_seconds);
  json->Field("limit_seconds",
              request.limit_seconds > 0 ? std::optional(request.limit_seconds) : std::nullopt);
  json->Field("activity", Name(request.activity));
  json->Field("activity_seconds", request.activity_seconds);
  json->Field("connection_seconds", request.connection_seconds);
  json->Field("client", request.client);
  WriteParts("parts", request.part_seconds, json);
  WriteParts("calls", request.part_calls, json);
  json->Field("stuck", StuckWord(request.stuck));
  json->EndObject();
}

}  // namespace

size_t WriteInFlight(const Sample& sample, size_t most, size_t most_bytes, JsonWriter* json) {
  const RouteLabels labels(sample.routes);
  const size_t begin = json->size();
  const size_t count = std::min(sample.in_flight.size(), most);
  json->BeginArray("in_flight");
  size_t shown = 0;
  while (shown < count && json->size() - begin < most_bytes) {
    WriteRequest(sample.in_flight[shown++], labels, json);
  }
  json->EndArray();
  return sample.in_flight.size() - shown;
}

}  // namespace stirbar
