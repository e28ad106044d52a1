#include <Python.h>
// First, because CPython asks for it.

#include "probe/gate.h"
#include "probe/open_streams.h"
#include "segment/counters.h"
#include "segment/routes.h"

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint32_t kObserve = 1;
constexpr uint32_t kOn = 2;

Admission::Rules RulesOf(const Attachment& attachment) {
  const WorkerOrders& orders = attachment.orders;
  const uint32_t limit = orders.concurrency_limit.load(kRelaxed);
  const uint32_t capacity = attachment.slot().admission.capacity.load(kRelaxed);
  return {.level = orders.shed_level.load(kRelaxed),
          .level_by_operator = orders.shed_by_operator.load(kRelaxed) != 0,
          .target_ns = orders.delay_target_ns.load(kRelaxed),
          .limit = limit != 0 ? limit : attachment.load.Limit(capacity),
          .limit_by_operator = limit != 0};
}

// The id in the segment of a route that may never have been served here.
uint32_t IdOf(Segment& segment, HttpMethod method, PathTable::Route* route) {
  if (route == nullptr) return kRouteUnmatched;
  uint32_t& id = route->ids[static_cast<size_t>(method)];
  if (id == kRouteUnknown) id = InternRoute(segment, method, route->rule);
  return id;
}

bool StreamsAreFull(const Attachment& attachment, const PathTable::Route* route) {
  const uint32_t limit = attachment.orders.long_lived_limit.load(kRelaxed);
  return limit != 0 && route != nullptr && route->policy.long_lived &&
         OpenStreams(attachment.segment(), limit) >= limit;
}

Admission::Candidate CandidateOf(const Attachment& attachment, const RoutePolicy& policy,
                                 uint32_t id, const Arrival& arrival) {
  uint64_t budget = arrival.budget_ns;
  if (budget == 0) budget = policy.deadline_ns;
  if (budget == 0) budget = attachment.orders.deadline_ns.load(kRelaxed);
  return {.now_ns = arrival.now_ns,
          .queue_ns = arrival.queue_ns,
          .budget_ns = budget,
          .expected_ns = attachment.load.ExpectedNs(id),
          .running = attachment.load.running(),
          .criticality = policy.criticality};
}

// Kept out of the way of requests that meet no overload.
[[gnu::noinline]] bool LookCloser(Attachment* attachment, PathTable::Route* route,
                                  const Arrival& arrival) {
  const RoutePolicy policy = route != nullptr ? route->policy : RoutePolicy();
  const WorkerOrders& orders = attachment->orders;
  const uint32_t mode = orders.admission_mode.load(kRelaxed);
  const uint32_t id = IdOf(attachment->segment(), arrival.method, route);
  bool refused = false;
  bool act = false;
  if (mode != 0 &&
      attachment->load.admission.Judge(
          RulesOf(*attachment), CandidateOf(*attachment, policy, id, arrival)) != Refusal::kNone) {
    refused = true;
    act = mode == kOn;
  } else if (StreamsAreFull(*attachment, route)) {
    refused = true;
    act = orders.observe_only.load(kRelaxed) == 0;
  }
  if (!refused) return false;
  WorkerSlot& slot = attachment->slot();
  if (act) {
    CountRefused(slot, id, policy.criticality);
  } else {
    AddTo(slot.admission.would_refuse[static_cast<size_t>(policy.criticality)], 1);
  }
  return act;
}

}  // namespace

bool MustRefuseUnread(Attachment* attachment, std::string_view path,
                      const Arrival& arrival) noexcept {
  PathTable* const table = SoleTable();
  PathTable::Route* const route = table != nullptr ? table->Find(arrival.method, path) : nullptr;
  if (route == nullptr) return false;
  WorkerSlot& slot = attachment->slot();
  WorkerLoad& load = attachment->load;
  const uint32_t id = IdOf(attachment->segment(), arrival.method, route);
  if (load.admission.Foresee(RulesOf(*attachment), CandidateOf(*attachment, route->policy, id,
                                                               arrival)) == Refusal::kNone) {
    return false;
  }
  load.NoteQueue(arrival.now_ns, arrival.queue_ns,
                 attachment->orders.delay_target_ns.load(kRelaxed), slot.admission);
  CountRefused(slot, id, route->policy.criticality);
  return true;
}

bool MustRefuse(Attachment* attachment, RouteSource* routes, PyObject* environ,
                const Arrival& arrival) noexcept {
  const WorkerOrders& orders = attachment->orders;
  const uint64_t target_ns = orders.delay_target_ns.load(kRelaxed);
  WorkerLoad& load = attachment->load;
  if (arrival.queue_source != QueueSource::kNone) {
    load.NoteQueue(arrival.now_ns, arrival.queue_ns, target_ns, attachment->slot().admission);
  }
  const bool streams_are_capped = orders.long_lived_limit.load(kRelaxed) != 0 &&
                                  (routes->table == nullptr || routes->table->has_long_lived());
  const bool quiet =
      orders.admission_mode.load(kRelaxed) < kObserve ||
      (orders.shed_level.load(kRelaxed) == 0 && orders.concurrency_limit.load(kRelaxed) == 0 &&
       load.admission.IsQuiet(arrival.queue_ns, target_ns));
  if (quiet && !streams_are_capped) [[likely]]
    return false;
  return LookCloser(attachment, FindRouteOf(routes, arrival.method, environ), arrival);
}

}  // namespace stirbar
