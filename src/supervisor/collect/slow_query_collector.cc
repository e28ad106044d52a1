#include "supervisor/collect/slow_query_collector.h"

#include <cstring>
#include <vector>

#include "segment/names.h"
#include "supervisor/collect/slow_request_reader.h"

namespace stirbar {
namespace {

constexpr size_t kKept = 50;

}  // namespace

void SlowQueryCollector::Collect(const Tick& /*tick*/, Sample* sample) {
  std::vector<SlowQuerySample>& queries = sample->slow_queries;
  for (const WorkerSample& worker : sample->workers) {
    if (worker.slot >= kMaxWorkers) continue;
    const WorkerPools& pools = segment_.pools[worker.slot];
    ring_.Fetch(worker, pools.slow_queries, pools.next_slow_query,
                [&](const SlowQuery& record, uint64_t) {
                  if (queries.size() >= kKept) queries.erase(queries.begin());
                  queries.push_back(Describe(worker, record));
                });
  }
}

SlowQuerySample SlowQueryCollector::Describe(const WorkerSample& worker,
                                             const SlowQuery& record) const {
  SlowQuerySample query;
  query.wall_ns = record.wall_ns;
  query.seconds = static_cast<double>(record.duration_ns) * 1e-9;
  query.text = std::string(record.text, strnlen(record.text, sizeof record.text));
  query.pool_name =
      std::string(NameOf(PoolNames(segment_), record.pool < kMaxPools ? record.pool : kPoolOther));
  if (record.route < kMaxRoutes) {
    query.route_label = LabelOfRoute(segment_, HttpMethod::kOther, record.route);
  }
  query.slot = worker.slot;
  query.pid = worker.pid;
  return query;
}

}  // namespace stirbar
