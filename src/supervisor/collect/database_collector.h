#pragma once

#include <memory>
#include <vector>

#include "supervisor/collect/database_watch.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Renews Sample::databases, in the order of `accounts`: what MySQL and MariaDB servers say of
// themselves, and since when they say nothing. One that is still asked for the first time is left
// out.
//
// Threads: the loop's; one more for each server (DatabaseWatch). Time: microseconds, whatever the
// servers do. Failure: in DatabaseServerSample::error.
class DatabaseCollector : public Collector {
 public:
  DatabaseCollector(const std::vector<DatabaseAccount>& accounts,
                    const DatabaseConnector& connector);

  std::string_view name() const override { return "databases"; }
  void Collect(const Tick& tick, Sample* sample) override;

 private:
  std::vector<std::unique_ptr<DatabaseWatch>> watches_;
};

}  // namespace stirbar
