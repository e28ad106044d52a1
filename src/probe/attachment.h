// One worker process bound to one slot of one segment.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "probe/route_cache.h"
#include "segment/mapping.h"

namespace stirbar {

// Counts the requests of this process in its worker slot.
//
// Threads: Begin..End by whoever holds the interpreter lock, which makes the process the single
// writer that the segment asks for. The atomics below are also written by the beat thread.
// Time: no system call, no allocation, no lock.
// Owns: the mapping and the slot, for the life of the process: an Attachment is never destroyed,
// because a request that began on it may end at any time.
class Attachment {
 public:
  // Maps a segment and claims a slot. Failure: as SegmentMapping::Open, or all slots are taken.
  static Result<Attachment*> Make(Result<std::unique_ptr<SegmentMapping>> mapping,
                                  ServerKind server_kind);

  Segment& segment() const { return mapping_->segment(); }
  WorkerSlot& slot() const { return *slot_; }
  uint32_t slot_index() const { return slot_index_; }
  const SegmentMapping& mapping() const { return *mapping_; }
  RouteCache& routes() { return routes_; }
  // False: the slot has been given to another process, because this one was taken for dead.
  bool OwnsSlot() const { return slot_->owner.load(std::memory_order_relaxed) == owner_; }

  // A request has come. Returns its in-flight index, or kMaxInFlight when none is free.
  uint32_t Begin(uint64_t now_ns, HttpMethod method, uint32_t thread) noexcept;
  // Its rule is known.
  void SetRoute(uint32_t in_flight, uint32_t route, uint64_t now_ns) noexcept;
  // The app has returned, its body is being read.
  void BeginStreaming(uint32_t in_flight, uint64_t now_ns) noexcept;

  struct Ended {
    uint32_t in_flight = kMaxInFlight;
    uint32_t route = kRouteUnmatched;
    uint32_t status_class = 4;  // 0..4 for 1xx..5xx
    uint32_t exceptions = 0;
    uint64_t started_ns = 0;
  };
  void End(const Ended& request, uint64_t now_ns) noexcept;

  // The beat thread keeps it equal to the setting slow_request_threshold.
  std::atomic<uint64_t> slow_after_ns{5'000'000'000};

 private:
  Attachment(std::unique_ptr<SegmentMapping> mapping, uint32_t slot_index, ProcessIdentity owner);

  std::unique_ptr<SegmentMapping> mapping_;
  uint32_t slot_index_;
  WorkerSlot* slot_;
  ProcessIdentity owner_;  // this process
  RouteCache routes_;
  // Free in-flight indexes; the one used last is used next, so that its cache lines are warm.
  std::array<uint16_t, kMaxInFlight> free_{};
  uint32_t free_count_ = 0;
};

}  // namespace stirbar
