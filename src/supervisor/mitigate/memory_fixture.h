// Two gunicorn workers, the second one the larger, and what they are asked: for tests of what is
// done about memory.
#pragma once

#include <string>
#include <vector>

#include "segment/events.h"
#include "segment/test_segment.h"
#include "supervisor/mitigate/directive_desk.h"
#include "supervisor/mitigate/test_actions.h"
#include "supervisor/supervisor.h"

namespace stirbar {

class MemoryFixture {
 public:
  MemoryFixture() {
    for (const uint32_t slot : {0U, 1U}) {
      segment_->workers[slot].incarnation = slot + 1;
      WorkerSample worker;
      worker.slot = slot;
      worker.pid = 4'000'000 + slot;
      worker.incarnation = slot + 1;
      worker.state = WorkerState::kServing;
      worker.server_kind = ServerKind::kGunicorn;
      worker.age_seconds = 3600;
      worker.cleanup_steps = 0x7E;  // all six
      worker.process.rss_bytes = (slot + 1) * uint64_t{100'000'000};
      snapshot_.sample.workers.push_back(worker);
      snapshot_.evaluation.assessment.workers.emplace_back().slot = slot;
    }
    sample().tick = {1'000'000'000'000, 0, true};
    sample().machine.cgroup.memory_limit_bytes = 500'000'000;
  }

  Segment& segment() { return *segment_; }
  Sample& sample() { return snapshot_.sample; }
  Evaluation& evaluation() { return snapshot_.evaluation; }
  Snapshot& snapshot() { return snapshot_; }
  Settings& settings() { return sample().settings; }
  Directive& directive(uint32_t slot) { return segment_->workers[slot].directive; }
  uint64_t Ordered() { return directive(0).ordered + directive(1).ordered; }
  void SetRatio(double ratio) {
    evaluation().resources.memory_usage_percent = ratio * 100;
    auto& findings = evaluation().assessment.findings;
    findings.clear();
    if (ratio < settings().memory_warning_threshold) return;
    findings.emplace_back().rule = "memory";
    findings.back().message = "memory is short";
  }
  void Pass(double seconds) { sample().tick.now_ns += static_cast<uint64_t>(seconds * 1e9); }
  // The worker carries out what it was asked for.
  void Answer(uint32_t slot, uint64_t reclaimed_bytes,
              CleanupOutcome outcome = CleanupOutcome::kDone) {
    Directive& order = directive(slot);
    order.before_bytes = sample().workers[slot].process.rss_bytes;
    order.reclaimed_bytes = reclaimed_bytes;
    order.duration_ns = 25'000'000;
    order.outcome = static_cast<uint32_t>(outcome);
    order.done = order.ordered.load();
  }
  CleanupStep Step(uint32_t slot) { return static_cast<CleanupStep>(directive(slot).step.load()); }
  std::vector<EventRecord> Events() { return ReadEvents(*segment_, 200); }
  std::string LastEvent() { return Events().empty() ? "" : Events().back().text; }

  TestActions actions;

 private:
  const TestSegment segment_;
  Snapshot snapshot_;

 public:
  DirectiveDesk desk{*segment_};
};

}  // namespace stirbar
