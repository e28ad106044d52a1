#include "supervisor/evaluate/recent_hosts.h"

#include <algorithm>

namespace stirbar {
namespace {

constexpr uint64_t kPartNs = 10'000'000'000;

}  // namespace

std::vector<RecentHost> RecentHostsWindow::Add(const Tick& now,
                                               const std::vector<HostSample>& hosts) {
  const uint64_t part = now.now_ns / kPartNs;
  for (auto& [name, window] : windows_) {
    const uint64_t parts = window.parts.size();
    for (uint64_t n = std::max(part_ + 1, part >= parts ? part - parts + 1 : 0); n <= part; ++n) {
      window.parts[n % parts] = {};
    }
  }
  part_ = part;
  std::vector<RecentHost> recent;
  for (const HostSample& host : hosts) {
    const HostTotals& totals = host.totals;
    const auto [place, is_new] = windows_.try_emplace(host.name);
    Window& window = place->second;
    const Counts counts{totals.calls, totals.failures, totals.timeouts};
    // Counters that went back are those of another segment.
    if ((is_new && first_) || counts.calls < window.newest.calls) window.newest = counts;
    Counts& filling = window.parts[part % window.parts.size()];
    filling.calls += counts.calls - window.newest.calls;
    filling.failures += counts.failures - window.newest.failures;
    filling.timeouts += counts.timeouts - window.newest.timeouts;
    window.newest = counts;
    RecentHost& sum = recent.emplace_back();
    sum.name = host.name;
    for (const Counts& one : window.parts) {
      sum.calls += one.calls;
      sum.failures += one.failures;
      sum.timeouts += one.timeouts;
    }
  }
  first_ = false;
  return recent;
}

}  // namespace stirbar
