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

void CleanupMitigator::Act(const Sample& sample, const Evaluation& evaluation) {
  if (open_) Check(sample);
  const Assessment& assessment = evaluation.assessment;
  if (open_ || sample.settings.cleanup_enabled == 0 || sample.tick.now_ns < next_ns_ ||
      !MemoryIsShort(assessment)) {
    return;
  }
  const WorkerSample* const worst = WorstByMemory(sample.workers, assessment.workers);
  if (worst == nullptr) return;
  const std::optional<Order> order = desk_.AskCleanup(*worst, sample.tick.now_ns);
  if (order) open_ = Cleanup{*order, worst->pid, worst->process.rss_bytes};
}

void CleanupMitigator::Check(const Sample& sample) {
  const Cleanup cleanup = *open_;
  switch (desk_.StateOf(cleanup.order)) {
    case OrderState::kGone:
      open_.reset();  // the worker is gone, and its memory with it
      return;
    case OrderState::kDone: {
      const Directive& answer = desk_.Answer(cleanup.order);
      Close(cleanup,
            {true, answer.reclaimed_bytes.load(std::memory_order_relaxed),
             answer.duration_ns.load(std::memory_order_relaxed)},
            sample);
      return;
    }
    case OrderState::kOpen:
      if (sample.tick.now_ns > cleanup.order.given_ns + kAnswerWithinNs) Close(cleanup, {}, sample);
  }
}

void CleanupMitigator::Close(const Cleanup& cleanup, const Effect& effect, const Sample& sample) {
  const double seconds = static_cast<double>(effect.duration_ns) * 1e-9;
  const bool helped = effect.answered && static_cast<double>(effect.reclaimed_bytes) >=
                                             kHelpfulRatio * static_cast<double>(cleanup.rss_bytes);
  const double interval = sample.settings.monitoring_interval;
  pause_factor_ = helped ? 1 : std::min(2 * pause_factor_, kLongestPauseSeconds / interval + 1);
  const double pause = std::max(interval, std::min(interval * pause_factor_, kLongestPauseSeconds));
  next_ns_ = sample.tick.now_ns + static_cast<uint64_t>(pause * 1e9);
  open_.reset();
  char result[64] = "no answer within 30 s";
  if (effect.answered) {
    std::snprintf(result, sizeof result, "%.1f MB given back of %.1f MB in %.0f ms",
                  static_cast<double>(effect.reclaimed_bytes) * 1e-6,
                  static_cast<double>(cleanup.rss_bytes) * 1e-6, seconds * 1e3);
  }
  char text[sizeof(Event::text)];
  std::snprintf(text, sizeof text, "cleanup of worker %u (pid %u): %s; next in %.0f s",
                cleanup.order.slot, cleanup.pid, result, pause);
  AppendEvent(segment_,
              {.kind = EventKind::kCleanup,
               .slot = cleanup.order.slot,
               .pid = cleanup.pid,
               .value = static_cast<double>(effect.reclaimed_bytes),
               .value2 = seconds},
              text);
}

}  // namespace stirbar
