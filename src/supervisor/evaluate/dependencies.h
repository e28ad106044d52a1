// What the app leans on that is not itself: database servers, pools, other hosts, the sinks of its
// alerts. They make the app's components unhealthy; never its liveness or readiness.
#pragma once

#include <vector>

#include "supervisor/evaluate/recent_hosts.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Worst first, then as they come. `hosts`: calls of the last minute.
std::vector<Dependency> DependenciesOf(const Sample& sample, const std::vector<RecentHost>& hosts);

}  // namespace stirbar
