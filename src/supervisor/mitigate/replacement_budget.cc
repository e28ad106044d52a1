#include "supervisor/mitigate/replacement_budget.h"

#include <algorithm>

namespace stirbar {
namespace {

constexpr uint64_t kHourNs = 3'600'000'000'000;
constexpr uint64_t kCrewWithinNs = 30'000'000'000;

bool Serves(const WorkerSample& worker) {
  return worker.alive && worker.state == WorkerState::kServing;
}

uint64_t CrewOf(const Sample& sample) {
  return static_cast<uint64_t>(std::count_if(sample.workers.begin(), sample.workers.end(), Serves));
}

// Whether a request that comes now would be answered by this worker.
bool CanAnswer(const WorkerSample& worker, const WorkerVerdict& verdict) {
  const uint32_t slots = std::max(worker.capacity, 1U);
  return Serves(worker) && !verdict.hung && worker.in_flight < slots;
}

bool StartsWorkers(ServerKind kind) {
  return kind == ServerKind::kGunicorn || kind == ServerKind::kUwsgi;
}

}  // namespace

void ReplacementBudget::Turn(const Sample& sample, bool replacing) {
  while (!taken_ns_.empty() && taken_ns_.front() + kHourNs <= sample.tick.now_ns) {
    taken_ns_.pop_front();
  }
  free_ = true;
  if (!crew_.has_value()) return;
  free_ = false;
  if (replacing) return;
  if (!ended_ns_.has_value()) ended_ns_ = sample.tick.now_ns;
  // The last one has ended: free when its successor serves.
  if (CrewOf(sample) < *crew_ && sample.tick.now_ns < *ended_ns_ + kCrewWithinNs) return;
  crew_.reset();
  free_ = true;
}

void ReplacementBudget::Take(const Sample& sample) {
  free_ = false;
  taken_ns_.push_back(sample.tick.now_ns);
  crew_ = CrewOf(sample);
  ended_ns_.reset();
}

std::string ReplacementBudget::WhyNot(uint32_t slot, const Sample& sample,
                                      const std::vector<WorkerVerdict>& verdicts) const {
  bool others = false;
  bool others_answer = false;
  bool answers = false;
  ServerKind server = ServerKind::kUnknown;
  for (size_t i = 0; i < sample.workers.size() && i < verdicts.size(); ++i) {
    const WorkerSample& worker = sample.workers[i];
    const bool can_answer = CanAnswer(worker, verdicts[i]);
    if (worker.slot == slot) {
      server = worker.server_kind;
      answers = can_answer;
    } else {
      others = others || Serves(worker);
      others_answer = others_answer || can_answer;
    }
  }
  if (!StartsWorkers(server)) {
    return std::string(Name(server)) + " has no master that starts a new worker";
  }
  if (!others) return "it is the only worker";
  if (answers && !others_answer) return "it is the last worker that can answer";
  const auto limit = static_cast<size_t>(sample.settings.replacements_per_hour);
  if (taken_ns_.size() >= limit) {
    return std::to_string(taken_ns_.size()) +
           " workers were replaced in the last hour (replacements_per_hour)";
  }
  return "";
}

}  // namespace stirbar
