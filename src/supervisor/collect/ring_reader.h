// Fetches the records of a worker's ring in the segment (slow requests, leaks, slow queries), each
// once.
#pragma once

#include <array>
#include <cstdint>

#include "segment/layout.h"
#include "segment/shared_words.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// `Record` begins with its sequence: 0 while it is written, then its number + 1. Record n lies at
// n % Size. Threads: one.
template <typename Record, size_t Size>
class RingReader {
 public:
  // Calls `visit(record, number)` with a copy of each record of `worker` that has not been fetched
  // yet, oldest first; `next` is the number of those that have been written. Left out are those
  // that the ring has already overwritten, and one that is just being written over. A supervisor
  // that takes over fetches what is still there. Precondition: worker.slot < kMaxWorkers.
  template <typename Visit>
  void Fetch(const WorkerSample& worker, const std::array<Record, Size>& ring, const Word& next,
             Visit visit) {
    Progress& progress = progress_[worker.slot];
    if (progress.incarnation != worker.incarnation) progress = {worker.incarnation, 0};
    const uint64_t end = next.load(std::memory_order_acquire);
    if (end < progress.next) progress.next = 0;  // a damaged slot, or one that began anew
    if (end - progress.next > Size) progress.next = end - Size;
    for (; progress.next < end; ++progress.next) {
      Record record{};
      if (Copy(ring[progress.next % Size], progress.next, &record)) visit(record, progress.next);
    }
  }

 private:
  struct Progress {
    uint64_t incarnation = 0;
    uint64_t next = 0;
  };

  // False: it is being written, or has been overwritten by a later one.
  static bool Copy(const Record& record, uint64_t number, Record* copy) {
    constexpr size_t kBegin = sizeof(Word);
    const uint64_t sequence = record.sequence.load(std::memory_order_acquire);
    if (sequence != number + 1) return false;
    LoadShared(reinterpret_cast<char*>(copy) + kBegin,
               reinterpret_cast<const char*>(&record) + kBegin, sizeof(Record) - kBegin);
    return record.sequence.load(std::memory_order_relaxed) == sequence;
  }

  std::array<Progress, kMaxWorkers> progress_{};
};

}  // namespace stirbar
