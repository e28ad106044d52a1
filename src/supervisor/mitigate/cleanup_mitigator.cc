#include "supervisor/mitigate/cleanup_mitigator.h"

#include <algorithm>
#include <cstdio>

#include "segment/events.h"

namespace stirbar {
namespace {

constexpr double kHelpfulRatio = 0.01;
constexpr double kLongestPauseSeconds = 600;
constexpr uint64_t kAnswerWithinNs = 30'000'000'000;

bool MemoryIsShort(const Assessment& assessment) {
  return std::any_of(assessment.findings.begin(), assessment.findings.end(),
                     [](const Finding& finding) { return finding.rule == "memory"; });
}

}  // namespace

const WorkerSample* WorstByMemory(const std::vector<WorkerSample>& workers,
                                  const std::vector<WorkerVerdict>& verdicts) {
  const WorkerSample* worst = nullptr;
  for (size_t i = 0; i < workers.size() && i < verdicts.size(); ++i) {
    const WorkerSample& worker = workers[i];
    const bool able = worker.alive && !verdicts[i].hung &&
                      worker.lock_probe == LockProbe::kRunning &&
                      worker.state == WorkerState::kServing;
    if (able && (worst == nullptr || worker.process.rss_bytes > worst->process.rss_bytes)) {
      worst = &worker;
    }
  }
  return worst;
}

void CleanupMitigator::Act(const Snapshot& snapshot) {
  if (open_) Check(snapshot);
  const Sample& sample = snapshot.sample;
  const Assessment& assessment = snapshot.evaluation.assessment;
  if (open_ || sample.settings.cleanup_enabled == 0 || sample.tick.now_ns < next_ns_ ||
      !MemoryIsShort(assessment)) {
    return;
  }
  const WorkerSample* const worst = WorstByMemory(sample.workers, assessment.workers);
  if (worst != nullptr) Give(*worst, sample.tick.now_ns);
}

void CleanupMitigator::Give(const WorkerSample& worker, uint64_t now_ns) {
  Directive& directive = segment_.workers[worker.slot].directive;
  const uint64_t number = directive.ordered.load(std::memory_order_relaxed) + 1;
  directive.kind.store(static_cast<uint32_t>(DirectiveKind::kCleanup), std::memory_order_relaxed);
  directive.ordered.store(number, std::memory_order_release);
  open_ =
      Order{worker.slot, worker.incarnation, worker.pid, number, now_ns, worker.process.rss_bytes};
}

void CleanupMitigator::Check(const Snapshot& snapshot) {
  const Order order = *open_;
  const WorkerSlot& slot = segment_.workers[order.slot];
  if (slot.incarnation.load(std::memory_order_acquire) != order.incarnation) {
    open_.reset();  // the worker is gone, and its memory with it
    return;
  }
  if (slot.directive.done.load(std::memory_order_acquire) >= order.number) {
    const Effect effect{true, slot.directive.reclaimed_bytes.load(std::memory_order_relaxed),
                        slot.directive.duration_ns.load(std::memory_order_relaxed)};
    Close(order, effect, snapshot);
  } else if (snapshot.sample.tick.now_ns > order.given_ns + kAnswerWithinNs) {
    Close(order, {}, snapshot);
  }
}

void CleanupMitigator::Close(const Order& order, const Effect& effect, const Snapshot& snapshot) {
  const double seconds = static_cast<double>(effect.duration_ns) * 1e-9;
  const bool helped = effect.answered && static_cast<double>(effect.reclaimed_bytes) >=
                                             kHelpfulRatio * static_cast<double>(order.rss_bytes);
  const double interval = snapshot.sample.settings.monitoring_interval;
  pause_factor_ = helped ? 1 : std::min(2 * pause_factor_, kLongestPauseSeconds / interval + 1);
  const double pause = std::max(interval, std::min(interval * pause_factor_, kLongestPauseSeconds));
  next_ns_ = snapshot.sample.tick.now_ns + static_cast<uint64_t>(pause * 1e9);
  open_.reset();
  char result[64] = "no answer within 30 s";
  if (effect.answered) {
    std::snprintf(result, sizeof result, "%.1f MB given back of %.1f MB in %.0f ms",
                  static_cast<double>(effect.reclaimed_bytes) * 1e-6,
                  static_cast<double>(order.rss_bytes) * 1e-6, seconds * 1e3);
  }
  char text[sizeof(Event::text)];
  std::snprintf(text, sizeof text, "cleanup of worker %u (pid %u): %s; next in %.0f s", order.slot,
                order.pid, result, pause);
  AppendEvent(segment_,
              {.kind = EventKind::kCleanup,
               .slot = order.slot,
               .pid = order.pid,
               .value = static_cast<double>(effect.reclaimed_bytes),
               .value2 = seconds},
              text);
}

}  // namespace stirbar
