#include "supervisor/collect/slow_request_reader.h"

#include <algorithm>
#include <cstring>

#include "segment/routes.h"

namespace stirbar {
namespace {

double ToSeconds(uint64_t ns) { return static_cast<double>(ns) * 1e-9; }

SlowRequestSample SampleOf(const SlowRequest& record, const WorkerSample& worker) {
  SlowRequestSample sample;
  sample.wall_ns = record.wall_ns;
  sample.slot = worker.slot;
  sample.pid = worker.pid;
  sample.thread = record.thread;
  sample.started_ns = record.started_ns;
  sample.index = std::min<uint32_t>(record.in_flight, kMaxInFlight);
  sample.slow = record.slow != 0;
  sample.status = record.status;
  sample.duration_seconds = ToSeconds(record.duration_ns);
  sample.queue_source = static_cast<QueueSource>(std::min<uint32_t>(record.queue_source, 3));
  if (sample.queue_source != QueueSource::kNone) {
    sample.queue_seconds = ToSeconds(record.queue_ns);
  }
  for (size_t i = 0; i < kParts; ++i) {
    sample.part_seconds[i] = ToSeconds(record.parts_ns[i]);
    sample.part_calls[i] = record.part_calls[i];
  }
  sample.request_bytes = record.request_bytes;
  if (record.response_bytes != UINT64_MAX) sample.response_bytes = record.response_bytes;
  for (const SlowRequest::Statement& statement : record.statements) {
    const std::string text(statement.text, strnlen(statement.text, sizeof statement.text));
    if (text.empty()) continue;
    sample.statements.push_back({text, ToSeconds(statement.duration_ns), statement.calls});
  }
  return sample;
}

}  // namespace

std::string LabelOfRoute(const Segment& segment, HttpMethod method, uint32_t route) {
  if (route == kRouteUnknown) return RouteLabel(method, kRouteUnknown, "");
  const RouteEntry* const entry = route < kMaxRoutes ? FindRoute(segment, route) : nullptr;
  if (entry == nullptr) return RouteLabel(HttpMethod::kOther, kRouteOther, "");
  return RouteLabel(entry->method, route, RuleOf(*entry));
}

std::vector<FetchedRequest> SlowRequestReader::Fetch(const WorkerSample& worker) {
  std::vector<FetchedRequest> fetched;
  if (worker.slot >= kMaxWorkers) return fetched;
  const WorkerSlot& slot = segment_.workers[worker.slot];
  ring_.Fetch(worker, slot.slow, slot.next_slow, [&](const SlowRequest& record, uint64_t) {
    FetchedRequest request{.sample = SampleOf(record, worker), .in_flight = record.in_flight};
    request.sample.route =
        LabelOfRoute(segment_, static_cast<HttpMethod>(record.method & 0xFFU), record.route);
    fetched.push_back(std::move(request));
  });
  return fetched;
}

}  // namespace stirbar
