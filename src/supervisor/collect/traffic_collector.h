// What waits, what is served and what is refused, over the whole app: Sample::traffic.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>

#include "supervisor/collect/minute_ring.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Every tick; queue times on full ticks. Comes last: it joins what the segment and the listeners
// say.
//
// Served and refused per second cover the last two seconds. They are renewed on full ticks, and on
// every tick while something waits, every request slot is busy, requests are refused, or an order
// of the overload control holds.
//
// A worker's queue delay counts only for two seconds after it last began or ended a request: one
// that nobody asks any more keeps its last figure for ever.
//
// Owns: nothing of the segment; it must outlive the collector. Time: a few microseconds, and one
// cache line of each route and worker on ticks under load.
class TrafficCollector : public Collector {
 public:
  explicit TrafficCollector(const Segment& segment) : segment_(segment) {}

  std::string_view name() const override { return "traffic"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  struct Point {
    uint64_t now_ns = 0;
    uint64_t ended = 0;
    uint64_t refused = 0;
  };
  // When a worker was last seen to take requests.
  struct Activity {
    uint64_t incarnation = 0;
    uint64_t requests = 0;
    uint64_t youngest_ns = 0;  // the newest begin among its requests in flight
    uint64_t seen_ns = 0;
  };
  using QueuePart = std::array<uint32_t, kHistogramBuckets>;

  void CountSlots(const Sample& sample, TrafficSample* traffic) const;
  void ReadOrders(TrafficSample* traffic) const;
  void ReadAdmission(const Sample& sample, TrafficSample* traffic) const;
  void ReadQueueTimes(const Tick& tick, const Sample& sample, TrafficSample* traffic);
  void ReadQueueDelay(const Tick& tick, const Sample& sample, TrafficSample* traffic);
  void ReadRates(const Tick& tick, const Sample& sample, TrafficSample* traffic);

  const Segment& segment_;
  std::deque<Point> points_;  // the last two seconds, and the one before
  std::array<Activity, kMaxWorkers> activity_{};
  MinuteRing<QueuePart> queue_ring_;
  uint64_t queue_part_ = 0;
  bool queue_known_ = false;  // traffic.queue_totals are of an earlier tick
};

}  // namespace stirbar
