#include "supervisor/collect/database_collector.h"

#include <utility>

namespace stirbar {

DatabaseCollector::DatabaseCollector(const std::vector<DatabaseAccount>& accounts,
                                     const DatabaseConnector& connector) {
  for (const DatabaseAccount& account : accounts) {
    watches_.push_back(std::make_unique<DatabaseWatch>(account, connector));
  }
}

void DatabaseCollector::Collect(const Tick& tick, Sample* sample) {
  if (!tick.full) return;
  sample->databases.clear();
  for (const auto& watch : watches_) {
    auto latest = watch->Latest(tick, sample->settings.slow_query_threshold);
    if (latest) sample->databases.push_back(std::move(*latest));
  }
}

}  // namespace stirbar
