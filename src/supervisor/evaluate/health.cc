#include "supervisor/evaluate/health.h"

#include <algorithm>

#include "supervisor/evaluate/words.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {
namespace {

constexpr const char* kComponents[] = {"memory", "cpu", "disk", "workers", "queue", "requests"};

// "1 of 2 workers is hung"; empty when none is.
std::string HungWorkersText(const std::vector<WorkerVerdict>& verdicts) {
  const auto present =
      static_cast<uint64_t>(std::count_if(verdicts.begin(), verdicts.end(), IsPresent));
  const auto hung = static_cast<uint64_t>(std::count_if(
      verdicts.begin(), verdicts.end(), [](const WorkerVerdict& verdict) { return verdict.hung; }));
  if (hung == 0) return "";
  return std::to_string(hung) + " of " + CountText(present, "worker") +
         (hung == 1 ? " is hung" : " are hung");
}

}  // namespace

void SortFindings(std::vector<Finding>* findings) {
  std::stable_sort(
      findings->begin(), findings->end(),
      [](const Finding& left, const Finding& right) { return left.severity > right.severity; });
}

void JudgeHealth(Assessment* assessment) {
  for (const char* component : kComponents) assessment->components[component] = Status::kHealthy;
  for (const Finding& finding : assessment->findings) {
    assessment->reasons.push_back(finding.message);
    assessment->status = std::max(assessment->status, finding.severity);
    Status& component = assessment->components[finding.component];
    component = std::max(component, finding.severity);
    assessment->component_reasons.try_emplace(finding.component, finding.message);  // worst first
  }
  const auto workers = assessment->component_reasons.find("workers");
  const std::string hung = HungWorkersText(assessment->workers);
  if (workers != assessment->component_reasons.end() && !hung.empty()) workers->second = hung;
}

}  // namespace stirbar
