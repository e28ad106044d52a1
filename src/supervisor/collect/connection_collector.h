// Who holds which connection: Sample::connections, and how many one request holds at once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "supervisor/supervisor.h"

namespace stirbar {

// Full ticks, after the PoolCollector, to whose pools it adds PoolSample::held_at_once: the most
// since this supervisor began. Borrows the segment. Time: one cache line of each possible
// connection of workers that have a pool, 0.1 ms a worker at most.
class ConnectionCollector : public Collector {
 public:
  explicit ConnectionCollector(const Segment& segment) : segment_(segment) {}

  std::string_view name() const override { return "connections"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  const Segment& segment_;
  std::map<std::string, uint32_t> held_at_once_;  // by pool
};

}  // namespace stirbar
