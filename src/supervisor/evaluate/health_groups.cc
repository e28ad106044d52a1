#include "supervisor/evaluate/health_groups.h"

#include <algorithm>

namespace stirbar {
namespace {

ProbeAnswer AnswerOf(const std::string& member, const Assessment& assessment) {
  if (member == "live") return assessment.live;
  if (member == "ready") return assessment.ready;
  if (member == "startup") return assessment.startup;
  const auto component = assessment.components.find(member);
  if (component == assessment.components.end()) return {};
  const auto reason = assessment.component_reasons.find(member);
  return {component->second, reason != assessment.component_reasons.end() ? reason->second : ""};
}

}  // namespace

std::vector<HealthGroup> JudgeGroups(std::vector<HealthGroup> groups,
                                     const Assessment& assessment) {
  for (HealthGroup& group : groups) {
    Status worst = Status::kHealthy;
    for (const std::string& member : group.members) {
      const ProbeAnswer answer = AnswerOf(member, assessment);
      if (answer.status == Status::kHealthy) continue;
      worst = std::max(worst, answer.status);
      group.answer.reason +=
          (group.answer.reason.empty() ? "" : "; ") + member + ": " + answer.reason;
    }
    group.answer.status = worst >= group.fails_at ? Status::kCritical : worst;
  }
  return groups;
}

}  // namespace stirbar
