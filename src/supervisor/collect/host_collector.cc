#include "supervisor/collect/host_collector.h"

#include <algorithm>
#include <map>
#include <utility>

#include "segment/counters.h"
#include "segment/names.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

void Add(const HostTotals& more, HostTotals* totals) {
  totals->calls += more.calls;
  totals->failures += more.failures;
  totals->timeouts += more.timeouts;
  totals->defaulted += more.defaulted;
  totals->duration_sum_ns += more.duration_sum_ns;
  totals->duration_max_ns = std::max(totals->duration_max_ns, more.duration_max_ns);
  totals->breaker_refusals += more.breaker_refusals;
}

}  // namespace

void HostCollector::Collect(const Tick& tick, Sample* sample) {
  if (!tick.full) return;
  const uint32_t count = UsedEntries(HostNames(segment_));
  std::map<std::string, HostSample> by_name;
  for (uint32_t host = 0; host < count; ++host) {
    HostSample read = Read(host, tick, *sample);
    if (read.name.empty() || read.totals.calls + read.totals.breaker_refusals == 0) continue;
    HostSample& row = by_name[read.name];
    row.name = read.name;
    Add(read.totals, &row.totals);
    row.breakers_open += read.breakers_open;
  }
  sample->hosts.clear();
  for (auto& [name, row] : by_name) sample->hosts.push_back(std::move(row));
}

HostSample HostCollector::Read(uint32_t host, const Tick& tick, const Sample& sample) const {
  HostSample row;
  row.name = NameOf(HostNames(segment_), host);
  if (row.name.empty()) return row;
  row.totals = RetiredTotals(segment_).hosts[host];
  for (const WorkerSample& worker : sample.workers) {
    if (!worker.alive) continue;  // its counts are among the retired ones
    const HostStats& stats = segment_.workers[worker.slot].hosts[host];
    AddHostStats(stats, &row.totals);
    if (stats.breaker_open_until_ns.load(std::memory_order_relaxed) > tick.now_ns) {
      ++row.breakers_open;
    }
  }
  return row;
}

}  // namespace stirbar
