// Carries the LoadVerdict out: tells the workers shed level, accept queue, saturation and pressure
// by the SupervisorBlock.
#pragma once

#include <cstdint>

#include "supervisor/supervisor.h"

namespace stirbar {

// Writes the block at every tick, and an event with the reason when level or accept queue change.
// What is withheld (mode observe) is one event for each change of it, and nothing else.
//
// The accept queue that the server had asked for is learned from the listeners while no order
// holds: the longest seen, as a queue just given back may still read short.
//
// Owns: nothing of the segment; it must outlive the mitigator.
class OverloadMitigator : public Mitigator {
 public:
  explicit OverloadMitigator(Segment& segment) : segment_(segment) {}

  void Act(const Sample& sample, const Evaluation& evaluation) override;
  // Takes all orders back: the supervisor ends, and nobody would.
  void Withdraw();

 private:
  void LearnOwnBacklog(const Sample& sample);
  void OrderLevel(const LoadVerdict& load);
  void OrderBacklog(const LoadVerdict& load);
  void NoteWithheld(const LoadVerdict& load);

  Segment& segment_;
  uint32_t withheld_level_ = 0;
  uint32_t withheld_backlog_ = 0;
};

}  // namespace stirbar
