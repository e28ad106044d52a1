#include "supervisor/mitigate/cleanup_plan.h"

#include <algorithm>

namespace stirbar {

std::string_view Name(CleanupStep step) {
  switch (step) {
    case CleanupStep::kNone:
      return "nothing";
    case CleanupStep::kYoungGarbage:
      return "young garbage";
    case CleanupStep::kConnections:
      return "idle connections";
    case CleanupStep::kCallbacks:
      return "the app's callbacks";
    case CleanupStep::kCaches:
      return "caches";
    case CleanupStep::kGarbage:
      return "all garbage";
    case CleanupStep::kTrim:
      return "trim";
  }
  return "unknown";
}

std::string_view SettingOf(CleanupStep step) {
  switch (step) {
    case CleanupStep::kNone:
      break;
    case CleanupStep::kYoungGarbage:
    case CleanupStep::kGarbage:
      return "cleanup_garbage";
    case CleanupStep::kConnections:
      return "cleanup_connections";
    case CleanupStep::kCallbacks:
      return "cleanup_callbacks";
    case CleanupStep::kCaches:
      return "cleanup_caches";
    case CleanupStep::kTrim:
      return "cleanup_trim";
  }
  return "";
}

double ModeOf(CleanupStep step, const Settings& settings) {
  const SettingSpec* const spec = FindSetting(SettingOf(step));
  return spec != nullptr ? EffectiveMode(settings[spec->id], settings.observe_only) : kModeOff;
}

ActionKind KindOf(CleanupStep step) {
  if (step == CleanupStep::kTrim) return ActionKind::kTrim;
  return step == CleanupStep::kCaches ? ActionKind::kEvict : ActionKind::kCleanup;
}

std::optional<CleanupPlan::Next> CleanupPlan::NextStep(
    const std::vector<const WorkerSample*>& workers, const Sample& sample) const {
  for (const WorkerSample* const worker : workers) {
    const auto known = workers_.find(worker->incarnation);
    for (const CleanupStep step : kGentleSteps) {
      const auto index = static_cast<uint32_t>(step);
      if ((worker->cleanup_steps & (1U << index)) == 0) continue;
      if (ModeOf(step, sample.settings) == kModeOff) continue;
      if (known != workers_.end() && sample.tick.now_ns < known->second[index].next_ns) continue;
      return Next{worker, step};
    }
  }
  return std::nullopt;
}

double CleanupPlan::Note(uint64_t incarnation, CleanupStep step, bool helped,
                         const Sample& sample) {
  Memory& memory = workers_[incarnation][static_cast<uint32_t>(step)];
  const double interval = sample.settings.monitoring_interval;
  // Held at the cap, so that many failures do not overflow it.
  memory.factor = helped ? 1 : std::min(2 * memory.factor, kLongestPauseSeconds / interval + 1);
  const double pause = std::max(interval, std::min(interval * memory.factor, kLongestPauseSeconds));
  memory.next_ns = sample.tick.now_ns + static_cast<uint64_t>(pause * 1e9);
  return pause;
}

void CleanupPlan::Keep(const std::vector<WorkerSample>& workers) {
  std::erase_if(workers_, [&](const auto& entry) {
    return std::none_of(workers.begin(), workers.end(), [&](const WorkerSample& worker) {
      return worker.incarnation == entry.first;
    });
  });
}

std::vector<const WorkerSample*> CleanableWorkers(const std::vector<WorkerSample>& workers,
                                                  const std::vector<WorkerVerdict>& verdicts) {
  std::vector<const WorkerSample*> able;
  for (size_t i = 0; i < workers.size() && i < verdicts.size(); ++i) {
    const WorkerSample& worker = workers[i];
    if (worker.alive && !verdicts[i].hung && worker.lock_probe == LockProbe::kRunning &&
        worker.state == WorkerState::kServing) {
      able.push_back(&worker);
    }
  }
  std::stable_sort(able.begin(), able.end(),
                   [](const WorkerSample* left, const WorkerSample* right) {
                     return left->process.rss_bytes > right->process.rss_bytes;
                   });
  return able;
}

}  // namespace stirbar
