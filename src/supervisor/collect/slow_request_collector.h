// Slow requests with the stacks they were in, and stuck ones while they run.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "segment/layout.h"
#include "supervisor/collect/slow_request_reader.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Renews Sample::slow_requests. After the SegmentCollector, whose workers and requests it uses.
//
//   every tick     fetches the records of slow requests that have ended, and puts the newest stack
//                  sampled while they ran to them; records each request that is older than its
//                  limit, once, while it runs: a sample with `running`, an event, the bit
//                  kStuckRecorded. The record of its end takes the place of the running one.
//   full ticks     samples the stacks of requests in flight that are older than 1 s (or than
//                  slow_request_threshold, where that is less), those first whose newest stack is
//                  oldest, in at most 8 workers.
//
// Streams are neither sampled nor stuck: it is their client who decides how long they take.
//
// Borrows the segment and the source. Time: that of one StackSource::Read where there is something
// to sample, else microseconds.
class SlowRequestCollector : public Collector {
 public:
  SlowRequestCollector(Segment& segment, StackSource& stacks);

  std::string_view name() const override { return "slow_requests"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  // A request, for as long as the machine runs.
  struct Key {
    uint32_t slot = 0;
    uint32_t in_flight = 0;
    uint64_t started_ns = 0;
    bool operator<(const Key& other) const {
      return std::tie(slot, in_flight, started_ns) <
             std::tie(other.slot, other.in_flight, other.started_ns);
    }
  };
  // What has been seen of it while it ran.
  struct Note {
    uint64_t seen_ns = 0;     // in flight at this tick
    uint64_t sampled_ns = 0;  // tried to
    std::vector<FrameSample> stack;
    double stack_age_seconds = 0;
    StackQuality quality = StackQuality::kUnreadable;
    std::optional<uint32_t> lock_holder;
    bool recorded = false;  // as stuck
  };

  static Key KeyOf(const InFlightSample& request);
  void FetchEnded(Sample* sample);
  // Requests whose stacks are wanted now: newly stuck ones and, at full ticks, old ones.
  std::vector<const InFlightSample*> Wanted(const Tick& tick, const Sample& sample);
  void ReadStacks(const Tick& tick, const std::vector<const InFlightSample*>& wanted,
                  const Sample& sample);
  bool IsNewlyStuck(const InFlightSample& request, const Sample& sample) const;
  void Record(const Tick& tick, const InFlightSample& request, Sample* sample);

  Segment& segment_;
  StackSource& stacks_;
  SlowRequestReader reader_;
  std::map<Key, Note> notes_;
};

}  // namespace stirbar
