#include "supervisor/collect/connection_collector.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "supervisor/collect/connection_reader.h"

namespace stirbar {

void ConnectionCollector::Collect(const Tick& tick, Sample* sample) {
  if (tick.full) {
    // Of one pool, by one request or, outside any, by one thread.
    std::map<std::tuple<std::string, uint32_t, uint32_t, uint64_t>, uint32_t> held;
    sample->connections.clear();
    for (FoundConnection& found : FindConnections(segment_, *sample)) {
      const ConnectionCopy& copy = found.copy;
      if (copy.state == ConnectionState::kActive && copy.leak == LeakKind::kNone) {
        const bool by_request = copy.in_flight < kMaxInFlight;
        ++held[{found.sample.pool_name, found.sample.slot,
                by_request ? copy.in_flight : kMaxInFlight,
                by_request ? copy.request_started_ns : copy.thread}];
      }
      sample->connections.push_back(std::move(found.sample));
    }
    for (const auto& [key, count] : held) {
      uint32_t& most = held_at_once_[std::get<0>(key)];
      most = std::max(most, count);
    }
    std::erase_if(held_at_once_, [&](const auto& entry) {
      return std::none_of(sample->pools.begin(), sample->pools.end(),
                          [&](const PoolSample& pool) { return pool.name == entry.first; });
    });
  }
  for (PoolSample& pool : sample->pools) {
    const auto most = held_at_once_.find(pool.name);
    pool.held_at_once = most != held_at_once_.end() ? most->second : 0;
  }
}

}  // namespace stirbar
