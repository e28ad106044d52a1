#include "segment/worker_slot.h"

#include "base/clock.h"
#include "segment/counters.h"
#include "segment/pools.h"

namespace stirbar {
namespace {

// Adds the counters of a worker to `bank`.
void Fold(const WorkerSlot& slot, const WorkerPools& pools, RetiredBank* bank) {
  bank->in_flight_overflow += slot.in_flight_overflow.load(std::memory_order_relaxed);
  bank->probe_faults += slot.probe_faults.load(std::memory_order_relaxed);
  for (size_t i = 0; i < kCriticalities; ++i) {
    bank->refused[i] += slot.admission.refused[i].load(std::memory_order_relaxed);
    bank->admitted[i] += slot.admission.admitted[i].load(std::memory_order_relaxed);
    bank->would_refuse[i] += slot.admission.would_refuse[i].load(std::memory_order_relaxed);
  }
  for (size_t i = 0; i < kHistogramBuckets; ++i) {
    bank->queue_histogram[i] += slot.queue_histogram[i].load(std::memory_order_relaxed);
  }
  for (size_t i = 0; i < kMaxHosts; ++i) AddHostStats(slot.hosts[i], &bank->hosts[i]);
  for (size_t i = 0; i < kMaxPools; ++i) AddPoolStats(pools.pools[i], &bank->pools[i]);
  ForEachRoute(slot.routes_used, [&](uint32_t route) {
    bank->routes_used[route / 64] |= uint64_t{1} << (route % 64);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    AddRouteStats(slot.routes[route], &bank->routes[route]);
  });
}

// Copies what `from` holds; pages of routes that were never used stay untouched.
void CopyBank(const RetiredBank& from, RetiredBank* to) {
  to->folded = from.folded;
  to->lost = from.lost;
  to->workers_exited = from.workers_exited;
  to->workers_died = from.workers_died;
  to->in_flight_overflow = from.in_flight_overflow;
  to->probe_faults = from.probe_faults;
  to->refused = from.refused;
  to->admitted = from.admitted;
  to->would_refuse = from.would_refuse;
  to->queue_histogram = from.queue_histogram;
  to->hosts = from.hosts;
  to->pools = from.pools;
  // A fold that was cut off may have used routes in `to` that `from` never had. The fences keep the
  // compiler from moving a bit before the figures that it speaks of: this copy may be cut off, too.
  ForEachRoute(to->routes_used, [&](uint32_t route) { to->routes[route] = {}; });
  std::atomic_signal_fence(std::memory_order_seq_cst);
  to->routes_used = from.routes_used;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  ForEachRoute(from.routes_used, [&](uint32_t route) { to->routes[route] = from.routes[route]; });
}

void WipeHosts(WorkerSlot* slot) {
  for (HostStats& host : slot->hosts) {
    for (Word* word :
         {&host.calls, &host.failures, &host.timeouts, &host.defaulted, &host.duration_sum_ns,
          &host.duration_max_ns, &host.breaker_open_until_ns, &host.breaker_refusals}) {
      // Only what is not zero: a page that was never used stays untouched.
      if (word->load(std::memory_order_relaxed) != 0) word->store(0, std::memory_order_relaxed);
    }
  }
}

void WipeAdmission(AdmissionState* state) {
  for (Word* word :
       {&state->concurrency_limit, &state->queue_delay_ns, &state->overloaded_since_ns}) {
    word->store(0, std::memory_order_relaxed);
  }
  for (HalfWord* word : {&state->level, &state->executor_depth, &state->capacity}) {
    word->store(0, std::memory_order_relaxed);
  }
  for (size_t i = 0; i < kCriticalities; ++i) {
    for (auto* counts : {&state->refused, &state->admitted, &state->would_refuse}) {
      (*counts)[i].store(0, std::memory_order_relaxed);
    }
  }
}

void WipeCaches(WorkerCaches* caches) {
  for (CacheStats& cache : caches->caches) {
    if (cache.used.load(std::memory_order_relaxed) == 0) continue;
    for (Word* word : {&cache.hits, &cache.misses, &cache.evictions, &cache.entries}) {
      word->store(0, std::memory_order_relaxed);
    }
    cache.counted.store(0, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // last: a wipe cut off is done again
    cache.used.store(0, std::memory_order_relaxed);
  }
  if (caches->steps.load(std::memory_order_relaxed) != 0) {
    caches->steps.store(0, std::memory_order_relaxed);
  }
}

// Back to all-zero. `incarnation` before `owner`: a wipe that is cut off is begun again, and finds
// counters that are already folded either by `folded` or by incarnation 0.
void Wipe(WorkerSlot* slot, WorkerPools* pools, WorkerCaches* caches) {
  ForEachRoute(slot->routes_used, [&](uint32_t route) {
    RouteStats& stats = slot->routes[route];
    for (Word& count : stats.status) count.store(0, std::memory_order_relaxed);
    stats.exceptions.store(0, std::memory_order_relaxed);
    stats.slow.store(0, std::memory_order_relaxed);
    stats.duration_sum_ns.store(0, std::memory_order_relaxed);
    stats.duration_max_ns.store(0, std::memory_order_relaxed);
    stats.queue_sum_ns.store(0, std::memory_order_relaxed);
    for (Word& time : stats.parts_ns) time.store(0, std::memory_order_relaxed);
    for (Word& count : stats.part_calls) count.store(0, std::memory_order_relaxed);
    stats.refused.store(0, std::memory_order_relaxed);
    stats.degraded.store(0, std::memory_order_relaxed);
    for (HalfWord& count : stats.histogram) count.store(0, std::memory_order_relaxed);
  });
  std::atomic_signal_fence(std::memory_order_seq_cst);  // a bit goes after what it speaks of
  for (Word& bits : slot->routes_used) bits.store(0, std::memory_order_relaxed);
  for (InFlight& request : slot->in_flight) request.started_ns.store(0, std::memory_order_relaxed);
  for (HalfWord& count : slot->queue_histogram) count.store(0, std::memory_order_relaxed);
  for (SlowRequest& request : slot->slow) request.sequence.store(0, std::memory_order_relaxed);
  slot->interpreter.ready.store(0, std::memory_order_relaxed);
  WipeHosts(slot);
  WipePools(pools);
  WipeCaches(caches);
  WipeAdmission(&slot->admission);
  slot->journal.pending.store(0, std::memory_order_relaxed);
  for (Word* word : {&slot->started_ns, &slot->heartbeat_ns, &slot->lock_wait_since_ns,
                     &slot->lock_wait_last_ns, &slot->lock_wait_max_ns, &slot->lock_wait_sum_ns,
                     &slot->lock_waits, &slot->in_flight_overflow, &slot->route_overflow,
                     &slot->probe_faults, &slot->supervisor_losses, &slot->directive.ordered,
                     &slot->directive.done, &slot->next_slow}) {
    word->store(0, std::memory_order_relaxed);
  }
  slot->server_kind.store(0, std::memory_order_relaxed);
  slot->python_version.store(0, std::memory_order_relaxed);
  slot->lock_probe.store(0, std::memory_order_relaxed);
  slot->state.store(static_cast<uint32_t>(WorkerState::kFree), std::memory_order_relaxed);
  slot->incarnation.store(0, std::memory_order_release);
  slot->owner.store(0, std::memory_order_release);
}

}  // namespace

std::optional<uint32_t> ClaimWorkerSlot(Segment& segment, ProcessIdentity owner) {
  for (uint32_t index = 0; index < kMaxWorkers; ++index) {
    WorkerSlot& slot = segment.workers[index];
    uint64_t nobody = 0;
    // Acquire: the wipe of the one before must be seen whole.
    if (slot.owner.load(std::memory_order_relaxed) != 0 ||
        !slot.owner.compare_exchange_strong(nobody, owner, std::memory_order_acq_rel)) {
      continue;
    }
    const uint64_t now = MonotonicNs();
    slot.started_ns.store(now, std::memory_order_relaxed);
    slot.heartbeat_ns.store(now, std::memory_order_relaxed);
    slot.state.store(static_cast<uint32_t>(WorkerState::kStarting), std::memory_order_relaxed);
    slot.incarnation.store(segment.header.next_incarnation.fetch_add(1, std::memory_order_relaxed),
                           std::memory_order_release);
    return index;
  }
  return std::nullopt;
}

const RetiredBank& RetiredTotals(const Segment& segment) {
  return segment.retired[segment.supervisor.retired_bank.load(std::memory_order_acquire) & 1U];
}

Burial BuryWorker(Segment& segment, uint32_t index, uint64_t now_ns) {
  WorkerSlot& slot = segment.workers[index];
  Burial burial;
  burial.pid = PidOf(slot.owner.load(std::memory_order_acquire));
  burial.said_goodbye =
      slot.state.load(std::memory_order_relaxed) == static_cast<uint32_t>(WorkerState::kExiting);
  FinishCommit(slot);
  for (const InFlight& request : slot.in_flight) {
    const uint64_t started = request.started_ns.load(std::memory_order_relaxed);
    if (started == 0) continue;
    burial.lost.push_back(
        {request.route.load(std::memory_order_relaxed),
         static_cast<HttpMethod>(request.method.load(std::memory_order_relaxed) & 0xFFU),
         static_cast<uint64_t>(AgeOf(started, now_ns).count())});
  }
  const RetiredBank& current = RetiredTotals(segment);
  const uint64_t incarnation = slot.incarnation.load(std::memory_order_acquire);
  if (incarnation != 0 && current.folded[index] != incarnation) {
    const uint32_t next_bank =
        1U - (segment.supervisor.retired_bank.load(std::memory_order_relaxed) & 1U);
    RetiredBank& next = segment.retired[next_bank];
    CopyBank(current, &next);
    Fold(slot, segment.pools[index], &next);
    next.lost += burial.lost.size();
    (burial.said_goodbye ? next.workers_exited : next.workers_died) += 1;
    next.folded[index] = incarnation;
    segment.supervisor.retired_bank.store(next_bank, std::memory_order_release);
  } else {
    burial.lost.clear();  // counted by an earlier, unfinished burial
  }
  Wipe(&slot, &segment.pools[index], &segment.caches[index]);
  return burial;
}

}  // namespace stirbar
