// Connections that were not given back: Sample::leaks, by the place in the code that took them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "segment/layout.h"
#include "supervisor/collect/remote_memory.h"
#include "supervisor/collect/ring_reader.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Every tick: a worker's ring holds 16 leaks. Their stacks are resolved at once, while the worker
// lives; what it has leaked is shown when it is gone, too. A worker writes one record for each time
// that a connection is held, and events of its own; from then on the connection is looked after:
// until it is confirmed, given back, reclaimed, collected, or gone with its worker.
//
// Comes after the SegmentCollector. Borrows the segment. Time: 100 us a leak, and one cache line of
// each connection of workers that have some.
class LeakCollector : public Collector {
 public:
  explicit LeakCollector(const Segment& segment, OpenMemory open_memory = OpenRemoteMemory);

  std::string_view name() const override { return "leaks"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  // A leaked connection that has not come back.
  struct Held {
    std::string place;  // key in places_
    uint32_t slot = 0;
    uint64_t incarnation = 0;
    uint64_t connection = 0;
    uint64_t record = 0;    // number in the ring
    uint64_t taken_ns = 0;  // monotonic, as well as the record tells
    uint64_t since_ns = 0;  // Connection::since_ns; 0: not looked at yet
  };
  enum class Look { kHeld, kReturned, kCollected };

  void Note(const Tick& tick, const WorkerSample& worker, const LeakRecord& record,
            uint64_t number);
  // Whether something has changed.
  bool LookAfter(const Sample& sample);
  // Notes since when it is held, and in its place whether it is confirmed by now.
  Look LookAt(Held* held);
  bool IsReclaimed(const Held& held) const;
  LeakSample Describe(const WorkerSample& worker, const LeakRecord& record) const;

  const Segment& segment_;
  const OpenMemory open_memory_;
  RingReader<LeakRecord, kMaxLeaks> ring_;
  std::map<std::string, LeakSample> places_;
  std::vector<Held> held_;
};

}  // namespace stirbar
