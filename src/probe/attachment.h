// One worker process bound to one slot of one segment.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "probe/client_address.h"
#include "probe/route_cache.h"
#include "probe/route_policy.h"
#include "probe/worker_load.h"
#include "probe/worker_orders.h"
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

  // A request has come. Returns its in-flight index, or kMaxInFlight when none is free. It is not
  // seen in flight before Begin().
  uint32_t Take() noexcept;

  struct Beginning {
    uint64_t now_ns = 0;
    HttpMethod method = HttpMethod::kOther;
    uint32_t thread = 0;
    uint64_t python_thread = 0;
    uint64_t queue_ns = 0;
    QueueSource queue_source = QueueSource::kNone;
    uint64_t deadline_ns = 0;
    uint32_t request_kib = 0;
    Address client{};
  };
  void Begin(uint32_t in_flight, const Beginning& request) noexcept;

  // Its rule is known. `deadline_ns`: 0 leaves the one it has.
  struct Matched {
    uint32_t route = kRouteUnmatched;
    uint64_t now_ns = 0;
    uint64_t deadline_ns = 0;
  };
  void SetRoute(uint32_t in_flight, const Matched& matched, const RoutePolicy& policy) noexcept;
  // The app has returned, its body is being read.
  void BeginStreaming(uint32_t in_flight, uint64_t now_ns) noexcept;

  struct Ended {
    uint32_t in_flight = kMaxInFlight;
    uint32_t route = kRouteUnmatched;
    uint32_t status_class = 4;  // 0..4 for 1xx..5xx
    uint32_t exceptions = 0;
    uint64_t started_ns = 0;
    uint64_t queue_ns = 0;
    QueueSource queue_source = QueueSource::kNone;
    uint64_t deadline_ns = 0;  // 0: none
    bool streamed = false;     // BeginStreaming() was called
    // By Part; null when the app did none of it.
    const uint64_t* parts_ns = nullptr;
    const uint32_t* part_calls = nullptr;
  };
  struct Counted {
    uint64_t duration_ns = 0;
    bool slow = false;
  };
  // Counts it, and frees its index.
  Counted End(const Ended& request, uint64_t now_ns) noexcept;

  // Of the whole worker. Orders are written by the beat thread, load with the interpreter lock
  // held.
  WorkerOrders orders;
  WorkerLoad load;

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
