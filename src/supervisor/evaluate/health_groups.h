// Parts of the health with an address of their own, as Spring Boot's health groups: what a load
// balancer, a deployment or a dashboard wants to know of, and no more.
#pragma once

#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// `groups` with their answers. A member that the app does not have (no database) is healthy. Fails
// (kCritical) when a member is at `fails_at` or worse; its reason names the members that are not
// healthy.
std::vector<HealthGroup> JudgeGroups(std::vector<HealthGroup> groups, const Assessment& assessment);

}  // namespace stirbar
