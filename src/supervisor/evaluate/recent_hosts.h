// How calls to other hosts went in the last minute.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

struct RecentHost {
  std::string name;
  uint64_t calls = 0;
  uint64_t failures = 0;  // time-outs among them
  uint64_t timeouts = 0;
  double failed_ratio() const {
    return calls == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(calls);
  }
};

// Keeps one point of each host for every ten seconds: 60 to 70 s in all. What happened before the
// first Add is not counted, as in RecentTotalsWindow; a host that is new since then is, from its
// first call.
class RecentHostsWindow {
 public:
  // In the order of `hosts`.
  std::vector<RecentHost> Add(const Tick& now, const std::vector<HostSample>& hosts);

 private:
  struct Counts {
    uint64_t calls = 0;
    uint64_t failures = 0;
    uint64_t timeouts = 0;
  };
  struct Window {
    Counts newest;
    std::array<Counts, 7> parts{};  // by ten seconds: what was counted in each
  };

  bool first_ = true;
  uint64_t part_ = 0;  // tens of seconds since boot
  std::map<std::string, Window> windows_;
};

}  // namespace stirbar
