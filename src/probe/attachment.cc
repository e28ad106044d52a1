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

uint32_t Attachment::Begin(uint64_t now_ns, HttpMethod method, uint32_t thread) noexcept {
  if (free_count_ == 0) {
    Word& overflow = slot_->in_flight_overflow;
    overflow.store(overflow.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return kMaxInFlight;
  }
  const uint32_t index = free_[--free_count_];
  InFlight& request = slot_->in_flight[index];
  // Release: that the request before has ended is seen before any of this.
  request.route.store(kRouteUnknown, std::memory_order_release);
  request.phase.store(static_cast<uint32_t>(RequestPhase::kRouting), std::memory_order_release);
  request.phase_since_ns.store(now_ns, std::memory_order_release);
  request.thread.store(thread, std::memory_order_release);
  request.python_thread.store(pthread_self(), std::memory_order_release);
  request.method.store(static_cast<uint32_t>(method), std::memory_order_release);
  request.started_ns.store(now_ns, std::memory_order_release);
  return index;
}

void Attachment::SetRoute(uint32_t in_flight, uint32_t route, uint64_t now_ns) noexcept {
  if (in_flight >= kMaxInFlight) return;
  InFlight& request = slot_->in_flight[in_flight];
  request.route.store(route, std::memory_order_relaxed);
  request.phase_since_ns.store(now_ns, std::memory_order_relaxed);
  request.phase.store(static_cast<uint32_t>(RequestPhase::kHandling), std::memory_order_release);
}

void Attachment::BeginStreaming(uint32_t in_flight, uint64_t now_ns) noexcept {
  if (in_flight >= kMaxInFlight) return;
  InFlight& request = slot_->in_flight[in_flight];
  request.phase_since_ns.store(now_ns, std::memory_order_relaxed);
  request.phase.store(static_cast<uint32_t>(RequestPhase::kStreaming), std::memory_order_release);
}

void Attachment::End(const Ended& request, uint64_t now_ns) noexcept {
  const auto duration = static_cast<uint64_t>(AgeOf(request.started_ns, now_ns).count());
  const bool slow = duration > slow_after_ns.load(std::memory_order_relaxed);
  const uint32_t route = request.route < kMaxRoutes ? request.route : kRouteUnmatched;
  Commit(*slot_, {.route = route,
                  .in_flight = request.in_flight,
                  .status_class = request.status_class < 5 ? request.status_class : 4,
                  .exceptions = request.exceptions,
                  .slow = slow ? 1U : 0U,
                  .duration_ns = duration});
  if (request.in_flight < kMaxInFlight) {
    free_[free_count_++] = static_cast<uint16_t>(request.in_flight);
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
}

}  // namespace stirbar
