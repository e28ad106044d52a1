#include "supervisor/mitigate/emergency_mitigator.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "segment/events.h"

namespace stirbar {
namespace {

constexpr double kLeastGainBytes = 32e6;
constexpr double kLeastGainRatio = 0.01;
constexpr double kLooksForSeconds = 5;

double LimitBytes(const MachineSample& machine) {
  return static_cast<double>(
      machine.cgroup.memory_limit_bytes.value_or(machine.memory_total_bytes));
}

std::string FiguresOf(const Sample& sample, double ratio, double seconds_left) {
  const double limit = LimitBytes(sample.machine);
  char text[160];
  std::snprintf(text, sizeof text, "memory %.1f %% (%.0f of %.0f MB)", ratio * 100,
                ratio * limit * 1e-6, limit * 1e-6);
  std::string figures = text;
  if (seconds_left < 60) {
    std::snprintf(text, sizeof text, ", used up in %.0f s at this rate", seconds_left);
    figures += text;
  }
  return figures;
}

}  // namespace

EmergencyControl::Input EmergencyMitigator::InputOf(const Sample& sample,
                                                    const Evaluation& evaluation) const {
  const Settings& settings = sample.settings;
  EmergencyControl::Input input;
  input.now_ns = sample.tick.now_ns;
  input.memory_ratio = evaluation.resources.memory_usage_percent / 100;
  input.running_out = evaluation.memory_outlook.running_out;
  input.critical_threshold = settings.memory_critical_threshold;
  input.cooldown_seconds = settings.emergency_cooldown;
  input.mode = EffectiveMode(settings.emergency, settings.observe_only);
  input.cleaning = cleanup_.HasRound();
  input.recycling = recycler_.IsUnderWay() || looks_for_one_;
  input.recycling_helped = recycler_.helped();
  input.may_recycle = recycler_.budget().IsFree() && !recycler_.IsUnderWay();
  return input;
}

void EmergencyMitigator::Act(const Sample& sample, const Evaluation& evaluation) {
  const EmergencyControl::Input input = InputOf(sample, evaluation);
  figures_ = FiguresOf(sample, input.memory_ratio, evaluation.memory_outlook.seconds_left);
  const EmergencyControl::Step step = control_.Update(input);
  if (step == EmergencyControl::Step::kClean) Clean(input, sample, evaluation);
  if (step == EmergencyControl::Step::kRecycle) {
    looks_for_one_ = true;
    looks_since_ns_ = sample.tick.now_ns;
  }
  if (looks_for_one_) Recycle(sample, evaluation);
  Show(sample, input);
}

void EmergencyMitigator::Clean(const EmergencyControl::Input& input, const Sample& sample,
                               const Evaluation& evaluation) {
  if (cleanup_.HasRound()) return;  // an operator's, which does the same
  CleanupMitigator::Round round;
  round.reason = "emergency: " + figures_;
  round.urgent = true;
  round.dry_run = input.mode == kModeObserve;
  cleanup_.BeginRound(round, sample, evaluation);
}

void EmergencyMitigator::Recycle(const Sample& sample, const Evaluation& evaluation) {
  const bool observes =
      EffectiveMode(sample.settings.emergency, sample.settings.observe_only) != kModeOn;
  const WorkerSample* worst = nullptr;
  for (const WorkerSample& worker : sample.workers) {
    const bool serves = worker.alive && worker.state == WorkerState::kServing;
    if (serves && (worst == nullptr || worker.process.rss_bytes > worst->process.rss_bytes)) {
      worst = &worker;
    }
  }
  if (worst == nullptr) {
    looks_for_one_ = false;
    control_.Refuse(sample.tick.now_ns);
    return;
  }
  const double gain = recycler_.ExpectedGain(*worst);
  const double least = std::max(kLeastGainBytes, kLeastGainRatio * LimitBytes(sample.machine));
  char size[96];
  std::snprintf(size, sizeof size, "it holds %.0f MB, %.0f MB more than a fresh one",
                static_cast<double>(worst->process.rss_bytes) * 1e-6, gain * 1e-6);
  const WorkerRecycler::Request request{"emergency: " + figures_ + "; " + size, ""};
  std::string why;
  if (gain < least) {
    char text[96];
    std::snprintf(text, sizeof text, "that would give back less than %.0f MB", least * 1e-6);
    why = text;
  } else {
    why = recycler_.budget().WhyNot(worst->slot, sample, evaluation.assessment.workers);
  }
  if (observes) {
    looks_for_one_ = false;
    const std::string observed =
        sample.settings.observe_only != 0 ? "observe_only is on" : "emergency is observe";
    recycler_.Withhold(*worst, request, why.empty() ? observed : observed + ", and " + why);
    return;
  }
  if (why.empty() && recycler_.Begin(*worst, request, sample)) {
    looks_for_one_ = false;
    return;
  }
  // Another worker may be able to answer in a moment.
  if (Seconds(AgeOf(looks_since_ns_, sample.tick.now_ns)) < kLooksForSeconds) return;
  looks_for_one_ = false;
  recycler_.Withhold(*worst, request, why.empty() ? "it has just ended by itself" : why);
  control_.Refuse(sample.tick.now_ns);
}

void EmergencyMitigator::Show(const Sample& sample, const EmergencyControl::Input& input) {
  const EmergencyState before = shown_.state;
  shown_.withheld = input.mode == kModeObserve;
  if (before == control_.state()) return;
  shown_.state = control_.state();
  shown_.since_wall_ns = sample.tick.wall_ns;
  shown_.reason = figures_;
  const bool worse = before == EmergencyState::kCalm;
  AppendEvent(segment_,
              {.kind = EventKind::kMemoryEmergency,
               .severity = worse ? Severity::kCritical : Severity::kWarning,
               .value = std::isnan(input.memory_ratio) ? 0 : input.memory_ratio,
               .value2 = input.critical_threshold},
              "memory emergency: " + std::string(Name(before)) + " -> " +
                  std::string(Name(shown_.state)) + ": " + figures_ +
                  (shown_.withheld ? " (observed only)" : ""));
}

}  // namespace stirbar
