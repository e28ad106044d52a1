#include "probe/attachment.h"

#include <pthread.h>

#include "base/clock.h"
#include "segment/counters.h"
#include "segment/events.h"
#include "segment/identity.h"
#include "segment/worker_slot.h"

namespace stirbar {

Attachment::Attachment(std::unique_ptr<SegmentMapping> mapping, uint32_t slot_index,
                       ProcessIdentity owner)
    : mapping_(std::move(mapping)),
      slot_index_(slot_index),
      slot_(&mapping_->segment().workers[slot_index]),
      owner_(owner) {
  for (uint32_t index = kMaxInFlight; index > 0; --index) {
    free_[free_count_++] = static_cast<uint16_t>(index - 1);
  }
}

Result<Attachment*> Attachment::Make(Result<std::unique_ptr<SegmentMapping>> mapping,
                                     ServerKind server_kind) {
  if (!mapping) return Error{mapping.error()};
  const Result<ProcessIdentity> self = IdentityOf();
  if (!self) return Error{self.error()};
  Segment& segment = (*mapping)->segment();
  const std::optional<uint32_t> slot = ClaimWorkerSlot(segment, *self);
  if (!slot) {
    return Error{(*mapping)->path() + ": all " + std::to_string(kMaxWorkers) +
                 " worker slots are taken"};
  }
  segment.workers[*slot].server_kind = static_cast<uint32_t>(server_kind);
  AppendEvent(
      segment, {.kind = EventKind::kWorkerStarted, .slot = *slot, .pid = PidOf(*self)},
      "worker " + std::to_string(*slot) + " (pid " + std::to_string(PidOf(*self)) + ") started");
  return new Attachment(std::move(*mapping), *slot, *self);
}

uint32_t Attachment::Take() noexcept {
  load.Enter();
  if (free_count_ == 0) {
    Word& overflow = slot_->in_flight_overflow;
    overflow.store(overflow.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return kMaxInFlight;
  }
  return free_[--free_count_];
}

void Attachment::Begin(uint32_t in_flight, const Beginning& begun) noexcept {
  if (in_flight >= kMaxInFlight) return;
  InFlight& request = slot_->in_flight[in_flight];
  // Release: that the request before has ended is seen before any of this.
  constexpr auto kRelease = std::memory_order_release;
  request.route.store(kRouteUnknown, kRelease);
  request.phase.store(static_cast<uint32_t>(RequestPhase::kRouting), kRelease);
  request.phase_since_ns.store(begun.now_ns, kRelease);
  request.thread.store(begun.thread, kRelease);
  request.method.store(static_cast<uint32_t>(begun.method), kRelease);
  request.python_thread.store(begun.python_thread, kRelease);
  request.queue_ns.store(begun.queue_ns, kRelease);
  request.queue_source.store(static_cast<uint32_t>(begun.queue_source), kRelease);
  request.criticality.store(static_cast<uint32_t>(Criticality::kNormal), kRelease);
  request.deadline_ns.store(begun.deadline_ns, kRelease);
  request.limit_ns.store(orders.stuck_limit_ns.load(std::memory_order_relaxed), kRelease);
  request.activity_since_ns.store(begun.now_ns, kRelease);
  request.activity.store(static_cast<uint32_t>(Activity::kApplication), kRelease);
  request.stuck.store(0, kRelease);
  request.connection_since_ns.store(0, kRelease);
  request.client[0].store(begun.client[0], kRelease);
  request.client[1].store(begun.client[1], kRelease);
  request.request_kib.store(begun.request_kib, kRelease);
  request.started_ns.store(begun.now_ns, kRelease);
}

void Attachment::SetRoute(uint32_t in_flight, const Matched& matched,
                          const RoutePolicy& policy) noexcept {
  if (in_flight >= kMaxInFlight) return;
  InFlight& request = slot_->in_flight[in_flight];
  constexpr auto kRelaxed = std::memory_order_relaxed;
  request.route.store(matched.route, kRelaxed);
  request.criticality.store(static_cast<uint32_t>(policy.criticality), kRelaxed);
  if (policy.long_lived) {
    request.limit_ns.store(0, kRelaxed);
  } else if (policy.limit_ns != 0) {
    request.limit_ns.store(policy.limit_ns, kRelaxed);
  }
  if (matched.deadline_ns != 0) request.deadline_ns.store(matched.deadline_ns, kRelaxed);
  request.phase_since_ns.store(matched.now_ns, kRelaxed);
  request.phase.store(static_cast<uint32_t>(RequestPhase::kHandling), std::memory_order_release);
}

void Attachment::BeginStreaming(uint32_t in_flight, uint64_t now_ns) noexcept {
  load.Leave();
  if (in_flight >= kMaxInFlight) return;
  InFlight& request = slot_->in_flight[in_flight];
  request.phase_since_ns.store(now_ns, std::memory_order_relaxed);
  request.phase.store(static_cast<uint32_t>(RequestPhase::kStreaming), std::memory_order_release);
}

Attachment::Counted Attachment::End(const Ended& request, uint64_t now_ns) noexcept {
  const auto duration = static_cast<uint64_t>(AgeOf(request.started_ns, now_ns).count());
  const bool slow = duration > orders.slow_after_ns.load(std::memory_order_relaxed);
  const uint32_t route = request.route < kMaxRoutes ? request.route : kRouteUnmatched;
  Commit(*slot_, {.route = route,
                  .in_flight = request.in_flight,
                  .status_class = request.status_class < 5 ? request.status_class : 4,
                  .exceptions = request.exceptions,
                  .slow = slow ? 1U : 0U,
                  .duration_ns = duration,
                  .queue_known = request.queue_source != QueueSource::kNone,
                  .queue_ns = request.queue_ns,
                  .parts_ns = request.parts_ns,
                  .part_calls = request.part_calls});
  Criticality criticality = Criticality::kNormal;
  if (request.in_flight < kMaxInFlight) {
    free_[free_count_++] = static_cast<uint16_t>(request.in_flight);
    criticality = static_cast<Criticality>(
        slot_->in_flight[request.in_flight].criticality.load(std::memory_order_relaxed) &
        (kCriticalities - 1));
  }
  AddTo(slot_->admission.admitted[static_cast<size_t>(criticality)], 1);
  // A stream takes as long as its client likes: it says nothing of the load.
  if (!request.streamed) {
    load.Leave();
    load.NoteServed({.now_ns = now_ns,
                     .route = route,
                     .duration_ns = duration,
                     .late = request.deadline_ns != 0 && now_ns > request.deadline_ns},
                    slot_->admission);
  }
  if (slow) [[unlikely]] {
    AppendEvent(segment(),
                {.kind = EventKind::kRequestSlow,
                 .severity = Severity::kWarning,
                 .slot = slot_index_,
                 .pid = PidOf(owner_),
                 .route = route,
                 .value = static_cast<double>(duration) * 1e-9},
                "slow request");
  }
  return {duration, slow};
}

}  // namespace stirbar
