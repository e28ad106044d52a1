#include "supervisor/mitigate/cleanup_mitigator.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "segment/events.h"

namespace stirbar {
namespace {

constexpr double kAnswerWithinSeconds = 30;
constexpr double kAnswerWithinSecondsInEmergency = 5;
constexpr uint64_t kPauseNs = 1'000'000'000;
constexpr uint32_t kGentlePercent = 25;  // of a cache's entries

uint64_t Ns(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }

std::string MegabytesText(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", bytes * 1e-6);
  return text;
}

std::string MillisecondsText(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f ms", seconds * 1e3);
  return text;
}

const Finding* MemoryFinding(const Assessment& assessment) {
  const auto place = std::find_if(assessment.findings.begin(), assessment.findings.end(),
                                  [](const Finding& finding) { return finding.rule == "memory"; });
  return place != assessment.findings.end() ? &*place : nullptr;
}

const WorkerSample* FindWorker(const Sample& sample, uint64_t incarnation) {
  const auto place =
      std::find_if(sample.workers.begin(), sample.workers.end(),
                   [&](const WorkerSample& worker) { return worker.incarnation == incarnation; });
  return place != sample.workers.end() ? &*place : nullptr;
}

// "1,204 unreachable objects found", or what the worker says itself.
std::string DoneText(CleanupStep step, const CleanupAnswer& answer) {
  const bool collects = step == CleanupStep::kYoungGarbage || step == CleanupStep::kGarbage;
  std::string text = answer.text;
  if (collects) text = std::to_string(answer.count) + " unreachable objects found";
  if (answer.outcome == CleanupOutcome::kPartly) text += " (its budget of time was used up)";
  if (answer.arena_bytes > 0) {
    const auto bytes = static_cast<double>(answer.arena_bytes);
    char arenas[64];
    std::snprintf(arenas, sizeof arenas, "Python's arenas hold %.1f MB, %.0f %% of it in objects",
                  bytes * 1e-6, static_cast<double>(answer.arena_used_bytes) / bytes * 100);
    if (!text.empty()) text += "; ";
    text += arenas;
  }
  return text;
}

}  // namespace

void CleanupMitigator::Act(const Sample& sample, const Evaluation& evaluation) {
  plan_.Keep(sample.workers);
  if (asked_) Check(sample);
  if (asked_) return;
  if (round_) {
    GoOn(sample);
  } else {
    ActByItself(sample, evaluation);
  }
}

void CleanupMitigator::ActByItself(const Sample& sample, const Evaluation& evaluation) {
  const Finding* const finding = MemoryFinding(evaluation.assessment);
  if (finding == nullptr || sample.settings.cleanup_enabled == 0 || sample.tick.now_ns < next_ns_) {
    return;
  }
  const auto able = CleanableWorkers(sample.workers, evaluation.assessment.workers);
  const std::optional<CleanupPlan::Next> next = plan_.NextStep(able, sample);
  if (!next) return;
  if (ModeOf(next->step, sample.settings) == kModeOn) {
    AskFor(*next->worker, next->step, finding->message, sample);
    return;
  }
  Withhold(*next->worker, next->step, finding->message);
  plan_.Note(next->worker->incarnation, next->step, false, sample);
}

size_t CleanupMitigator::BeginRound(const Round& round, const Sample& sample,
                                    const Evaluation& evaluation) {
  size_t workers = 0;
  items_.clear();
  for (const WorkerSample* const worker :
       CleanableWorkers(sample.workers, evaluation.assessment.workers)) {
    if (round.pid && worker->pid != *round.pid) continue;
    ++workers;
    for (const CleanupStep step : kThoroughSteps) {
      const bool has = (worker->cleanup_steps & (1U << static_cast<uint32_t>(step))) != 0;
      if (has) items_.push_back({worker->slot, worker->incarnation, step});
    }
  }
  if (items_.empty()) return 0;
  if (asked_ && round.urgent) {
    asked_->answer_by_ns =
        std::min(asked_->answer_by_ns, sample.tick.now_ns + Ns(kAnswerWithinSecondsInEmergency));
  }
  round_ = round;
  reclaimed_bytes_ = 0;
  return workers;
}

void CleanupMitigator::GoOn(const Sample& sample) {
  while (!items_.empty()) {
    const Item item = items_.front();
    const WorkerSample* const worker = FindWorker(sample, item.incarnation);
    const double mode = ModeOf(item.step, sample.settings);
    if (worker != nullptr && mode == kModeOn && !round_->dry_run) {
      if (AskFor(*worker, item.step, round_->reason, sample)) {
        items_.pop_front();
        return;
      }
    } else if (worker != nullptr && (mode == kModeObserve || round_->dry_run)) {
      Withhold(*worker, item.step, round_->reason);
    }
    items_.pop_front();
  }
  round_.reset();
}

bool CleanupMitigator::AskFor(const WorkerSample& worker, CleanupStep step,
                              const std::string& reason, const Sample& sample) {
  const Settings& settings = sample.settings;
  const bool urgent = round_ && round_->urgent;
  const double wait = urgent ? 0 : settings.cleanup_idle_wait;
  CleanupOrder wanted;
  wanted.step = step;
  wanted.trims = ModeOf(CleanupStep::kTrim, settings) == kModeOn;
  wanted.percent = urgent ? 100 : kGentlePercent;
  wanted.keeps = static_cast<uint32_t>(settings.cleanup_idle_connections);
  wanted.wait_ns = Ns(wait);
  wanted.budget_ns = Ns(settings.cleanup_budget);
  const std::optional<Order> order = desk_.AskCleanup(worker, wanted, sample.tick.now_ns);
  if (!order) return false;
  Asked asked;
  asked.order = *order;
  asked.step = step;
  asked.answer_by_ns = sample.tick.now_ns +
                       Ns(urgent ? kAnswerWithinSecondsInEmergency : wait + kAnswerWithinSeconds);
  ActionSample& action = asked.action;
  action.kind = KindOf(step);
  action.state = ActionState::kRunning;
  action.slot = worker.slot;
  action.pid = worker.pid;
  action.actor = round_ ? round_->actor : "";
  action.reason = std::string(Name(step)) + ": " + reason;
  action.before_bytes = static_cast<double>(worker.process.rss_bytes);
  action.number = actions_.Add(action);
  asked_ = std::move(asked);
  return true;
}

void CleanupMitigator::Withhold(const WorkerSample& worker, CleanupStep step,
                                const std::string& reason) {
  const bool dry_run = round_ && round_->dry_run;
  ActionSample action;
  action.kind = KindOf(step);
  action.state = ActionState::kWithheld;
  action.slot = worker.slot;
  action.pid = worker.pid;
  action.actor = round_ ? round_->actor : "";
  action.reason = std::string(Name(step)) + ": " + reason;
  action.effect = "would be done in worker " + std::to_string(worker.slot) + " (pid " +
                  std::to_string(worker.pid) + "), " +
                  MegabytesText(static_cast<double>(worker.process.rss_bytes)) + " resident; " +
                  (dry_run ? "a dry run" : std::string(SettingOf(step)) + " observes");
  action.before_bytes = static_cast<double>(worker.process.rss_bytes);
  AppendEvent(segment_,
              {.kind = EventKind::kActionWithheld, .slot = worker.slot, .pid = worker.pid},
              action.reason + "; " + action.effect);
  actions_.Add(std::move(action));
}

void CleanupMitigator::Check(const Sample& sample) {
  switch (desk_.StateOf(asked_->order)) {
    case OrderState::kGone:  // the worker is gone, and its memory with it
      asked_->action.state = ActionState::kFailed;
      asked_->action.effect = "the worker ended before it answered";
      actions_.Update(asked_->action);
      asked_.reset();
      return;
    case OrderState::kDone: {
      const CleanupAnswer answer = desk_.CleanupAnswerOf(asked_->order);
      Close(sample, &answer);
      return;
    }
    case OrderState::kOpen:
      if (sample.tick.now_ns > asked_->answer_by_ns) Close(sample, nullptr);
  }
}

void CleanupMitigator::Close(const Sample& sample, const CleanupAnswer* answer) {
  const Asked asked = *std::exchange(asked_, std::nullopt);
  ActionSample action = asked.action;
  const double within = Seconds(AgeOf(asked.order.given_ns, sample.tick.now_ns));
  double freed = 0;
  if (answer == nullptr) {
    action.state = ActionState::kFailed;
    action.effect = "no answer within " + std::to_string(std::lround(within)) + " s";
  } else {
    action.state =
        answer->outcome == CleanupOutcome::kFailed ? ActionState::kFailed : ActionState::kDone;
    freed = static_cast<double>(answer->reclaimed_bytes);
    if (answer->before_bytes > 0) action.before_bytes = static_cast<double>(answer->before_bytes);
    action.after_bytes = action.before_bytes - freed;
    action.seconds = static_cast<double>(answer->duration_ns) * 1e-9;
    action.effect = MegabytesText(freed) + " given back of " + MegabytesText(action.before_bytes) +
                    " in " + MillisecondsText(action.seconds);
    if (const std::string done = DoneText(asked.step, *answer); !done.empty()) {
      action.effect += "; " + done;
    }
  }
  action.helped = answer != nullptr && freed >= kHelpfulRatio * action.before_bytes;
  const bool quick = answer != nullptr && action.seconds <= sample.settings.cleanup_budget;
  const double pause =
      plan_.Note(asked.order.incarnation, asked.step, *action.helped && quick, sample);
  if (!round_) {
    char next[48];
    std::snprintf(next, sizeof next, "; again in %.0f s at the soonest", pause);
    action.effect += next;
    next_ns_ = sample.tick.now_ns + kPauseNs;
  }
  if (answer == nullptr && round_) {
    // It will not answer the other steps either.
    std::erase_if(items_,
                  [&](const Item& item) { return item.incarnation == asked.order.incarnation; });
  }
  reclaimed_bytes_ += freed;
  actions_.Update(action);
  const std::string text = "cleanup of worker " + std::to_string(asked.order.slot) + " (pid " +
                           std::to_string(action.pid) + "), " + std::string(Name(asked.step)) +
                           ": " + action.effect;
  AppendEvent(segment_,
              {.kind = EventKind::kCleanup,
               .slot = asked.order.slot,
               .pid = action.pid,
               .value = freed,
               .value2 = std::isnan(action.seconds) ? 0 : action.seconds},
              text);
}

}  // namespace stirbar
