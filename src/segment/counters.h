// Counting one request so that it is counted once, whatever dies when.
//
//   owner:  Commit() = fill the journal, pending = 1, store the new counters, free the in-flight
//           slot, pending = 0
//   death:  the supervisor calls FinishCommit(), which does the rest once more from the journal
//
// A process that is killed between two instructions has made all stores before that point visible
// and none after it: the kernel's context switch is a full barrier. So only the compiler must be
// kept from reordering, which the signal fences do; they cost no instruction.
#pragma once

#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

// How a request ended.
struct RequestOutcome {
  uint32_t route = kRouteUnmatched;   // below kMaxRoutes
  uint32_t in_flight = kMaxInFlight;  // its slot; kMaxInFlight when it had none
  uint32_t status_class = 1;          // 0..4 for 1xx..5xx
  uint32_t exceptions = 0;            // 1 when the app raised through the WSGI callable
  uint32_t slow = 0;                  // 1 when it took longer than slow_request_threshold
  uint64_t duration_ns = 0;
  bool queue_known = false;
  uint64_t queue_ns = 0;  // waited before the app got it
  // Where the time went, by Part; null when the app did none of it, which most requests do.
  const uint64_t* parts_ns = nullptr;
  const uint32_t* part_calls = nullptr;
};

// The second half of a commit: stores what the journal says and clears it. Doing it again changes
// nothing. `slot` may come from a dead process: indexes are checked.
inline void FinishCommit(WorkerSlot& slot) noexcept {
  CommitJournal& journal = slot.journal;
  if (journal.pending.load(std::memory_order_relaxed) == 0) return;
  if (journal.route < kMaxRoutes && journal.status_class < 5 &&
      journal.bucket < kHistogramBuckets) {
    RouteStats& stats = slot.routes[journal.route];
    stats.histogram[journal.bucket].store(journal.bucket_count, std::memory_order_relaxed);
    stats.exceptions.store(journal.exceptions, std::memory_order_relaxed);
    stats.slow.store(journal.slow, std::memory_order_relaxed);
    stats.duration_sum_ns.store(journal.duration_sum_ns, std::memory_order_relaxed);
    stats.duration_max_ns.store(journal.duration_max_ns, std::memory_order_relaxed);
    stats.queue_sum_ns.store(journal.queue_sum_ns, std::memory_order_relaxed);
    if (journal.queue_bucket < kHistogramBuckets) {
      slot.queue_histogram[journal.queue_bucket].store(journal.queue_bucket_count,
                                                       std::memory_order_relaxed);
    }
    if (journal.has_parts != 0) {
      for (size_t part = 0; part < kParts; ++part) {
        stats.parts_ns[part].store(journal.parts_ns[part], std::memory_order_relaxed);
        stats.part_calls[part].store(journal.part_calls[part], std::memory_order_relaxed);
      }
    }
    // Last, so that whoever sees this request counted sees all of it (see AddRouteStats).
    stats.status[journal.status_class].store(journal.status_count, std::memory_order_release);
  }
  if (journal.in_flight < kMaxInFlight) {
    slot.in_flight[journal.in_flight].started_ns.store(0, std::memory_order_relaxed);
  }
  std::atomic_signal_fence(std::memory_order_seq_cst);
  journal.pending.store(0, std::memory_order_release);
}

// Counts a request. Threads: the owner of `slot`, one at a time. Time: about 60 instructions, 40
// more where the time of parts is known; no system call. Precondition: the indexes of `outcome` are
// in range.
inline void Commit(WorkerSlot& slot, const RequestOutcome& outcome) noexcept {
  Word& used = slot.routes_used[outcome.route / 64];
  const uint64_t bit = uint64_t{1} << (outcome.route % 64);
  const uint64_t before = used.load(std::memory_order_relaxed);
  if ((before & bit) == 0) used.store(before | bit, std::memory_order_relaxed);

  const RouteStats& stats = slot.routes[outcome.route];
  CommitJournal& journal = slot.journal;
  const auto bucket = static_cast<uint32_t>(HistogramBucket(outcome.duration_ns));
  const uint64_t longest = stats.duration_max_ns.load(std::memory_order_relaxed);
  journal.route = outcome.route;
  journal.status_class = outcome.status_class;
  journal.bucket = bucket;
  journal.in_flight = outcome.in_flight;
  journal.bucket_count = stats.histogram[bucket].load(std::memory_order_relaxed) + 1;
  journal.status_count = stats.status[outcome.status_class].load(std::memory_order_relaxed) + 1;
  journal.exceptions = stats.exceptions.load(std::memory_order_relaxed) + outcome.exceptions;
  journal.slow = stats.slow.load(std::memory_order_relaxed) + outcome.slow;
  journal.duration_sum_ns =
      stats.duration_sum_ns.load(std::memory_order_relaxed) + outcome.duration_ns;
  journal.duration_max_ns = longest > outcome.duration_ns ? longest : outcome.duration_ns;
  journal.queue_sum_ns = stats.queue_sum_ns.load(std::memory_order_relaxed) + outcome.queue_ns;
  journal.queue_bucket = kHistogramBuckets;
  if (outcome.queue_known) {
    journal.queue_bucket = static_cast<uint32_t>(HistogramBucket(outcome.queue_ns));
    journal.queue_bucket_count =
        slot.queue_histogram[journal.queue_bucket].load(std::memory_order_relaxed) + 1;
  }
  journal.has_parts = outcome.parts_ns != nullptr ? 1 : 0;
  if (outcome.parts_ns != nullptr) {
    for (size_t part = 0; part < kParts; ++part) {
      journal.parts_ns[part] =
          stats.parts_ns[part].load(std::memory_order_relaxed) + outcome.parts_ns[part];
      journal.part_calls[part] =
          stats.part_calls[part].load(std::memory_order_relaxed) + outcome.part_calls[part];
    }
  }
  std::atomic_signal_fence(std::memory_order_seq_cst);
  journal.pending.store(1, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  FinishCommit(slot);
}

// Adds one to a counter whose only writer is the caller.
inline void AddTo(Word& counter, uint64_t more) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

// Counts a request that was refused before the app was entered; `route` below kMaxRoutes. Threads:
// as Commit. A worker killed in between leaves the sum over classes one ahead of the routes'.
inline void CountRefused(WorkerSlot& slot, uint32_t route, Criticality criticality) noexcept {
  AddTo(slot.admission.refused[static_cast<size_t>(criticality)], 1);
  Word& used = slot.routes_used[route / 64];
  used.store(used.load(std::memory_order_relaxed) | uint64_t{1} << (route % 64),
             std::memory_order_relaxed);
  AddTo(slot.routes[route].refused, 1);
}

// Adds the counters of one route of one worker to `totals`. As long as ChangesOf(stats) stays what
// it was, so do all counters: reading them again would find nothing new.
void AddRouteStats(const RouteStats& stats, RouteTotals* totals);
// Adds `more` to `totals`.
void AddRouteTotals(const RouteTotals& more, RouteTotals* totals);
// Number of requests: the sum over the status classes.
uint64_t RequestsOf(const RouteTotals& totals);
uint64_t RequestsOf(const RouteStats& stats);
// A number that grows with every change to the counters.
uint64_t ChangesOf(const RouteTotals& totals);
uint64_t ChangesOf(const RouteStats& stats);
// Adds what a worker did with `host` to `totals`.
void AddHostStats(const HostStats& stats, HostTotals* totals);

}  // namespace stirbar
