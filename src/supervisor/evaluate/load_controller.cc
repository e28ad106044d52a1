#include "supervisor/evaluate/load_controller.h"

#include <algorithm>
#include <cmath>

#include "supervisor/evaluate/load_words.h"

namespace stirbar {
namespace {

// One sync worker is either busy or free: the share over about a second is what says something.
constexpr double kBusyHalfLifeSeconds = 1;

}  // namespace

double LoadController::BusyShare(const LoadFigures& figures) {
  const double slots = std::max(SlotsOf(figures), 1U);
  const double share =
      figures.pool_waiting > 0
          ? 1
          : std::min(1.0, (static_cast<double>(figures.busy) + figures.waiting) / slots);
  const double seconds = Seconds(AgeOf(last_ns_, figures.now_ns));
  busy_share_ += (share - busy_share_) * (1 - std::exp2(-seconds / kBusyHalfLifeSeconds));
  // A queue is no matter of the moment.
  if (figures.waiting > 0) busy_share_ = std::max(busy_share_, share);
  return busy_share_;
}

LoadVerdict LoadController::Judge(const LoadFigures& figures, const Settings& settings) {
  LoadVerdict verdict;
  const bool held = measured_level_ > 0 || wanted_backlog_ > 0;
  const double rate = service_rate_.Update(figures, held);
  const double wait = PredictedWait(figures, rate);
  const double saturation = Saturation(BusyShare(figures), wait, settings.request_deadline);
  verdict.service_rate = rate;
  verdict.predicted_wait_seconds = wait;
  verdict.saturation = saturation;
  Pressure pressure = PressureOf(figures, saturation, settings);
  verdict.pressure = pressure.value;
  verdict.pressure_source = std::move(pressure.source);

  measured_level_ = shed_.Update({
      .now_ns = figures.now_ns,
      .saturation = saturation,
      .demand_ratio = (figures.served_per_second + figures.refused_per_second) / rate,
      .memory_ratio = figures.memory_ratio,
      .memory_critical_threshold = settings.memory_critical_threshold,
      .memory_is_running_out = figures.memory_outlook.running_out,
  });
  wanted_backlog_ = backlog_.Update({
      .now_ns = figures.now_ns,
      .own = figures.backlog_own,
      .slots = SlotsOf(figures),
      .waiting = figures.waiting,
      .refusing_workers =
          figures.cpus > 0 ? std::min(figures.workers, figures.cpus) : figures.workers,
      .service_rate = rate,
      .predicted_wait_seconds = wait,
      .deadline_seconds = settings.request_deadline,
  });

  verdict.shed_by_operator = settings.shed_level >= 0;
  const uint32_t wanted =
      verdict.shed_by_operator ? static_cast<uint32_t>(settings.shed_level) : measured_level_;
  const double admission = EffectiveMode(settings.admission, settings.observe_only);
  if (admission == kModeOn) verdict.shed_level = wanted;
  if (admission == kModeObserve) verdict.withheld_level = wanted;
  const double control = EffectiveMode(settings.backlog_control, settings.observe_only);
  if (control == kModeOn) verdict.backlog = wanted_backlog_;
  if (control == kModeObserve) verdict.withheld_backlog = wanted_backlog_;

  if (last_ns_ == 0 || verdict.shed_level != level_) level_since_ns_ = figures.now_ns;
  level_ = verdict.shed_level;
  verdict.level_age_seconds = Seconds(AgeOf(level_since_ns_, figures.now_ns));
  const ShedCause cause{measured_level_, shed_.memory_is_short() && !verdict.shed_by_operator};
  verdict.shed_reason = ShedReason(cause, figures, verdict, settings);
  verdict.backlog_reason = BacklogReason(figures, verdict, settings);
  last_ns_ = figures.now_ns;
  return verdict;
}

}  // namespace stirbar
