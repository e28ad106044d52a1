// Carries the LoadVerdict out: tells the workers shed level, accept queue, saturation and pressure
// by the SupervisorBlock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// Writes the block at every tick, and an event with the reason when level or accept queue change.
// What is withheld (mode observe) is one event for each change of it, and nothing else. A time of
// shedding is one action, from the first level to none, and so is one of a shortened accept queue.
//
// The accept queue that the server had asked for is learned from the listeners while no order
// holds: the longest seen, as a queue just given back may still read short.
//
// Owns: nothing of the segment; it must outlive the mitigator.
class OverloadMitigator : public Mitigator {
 public:
  OverloadMitigator(Segment& segment, ActionSink& actions) : segment_(segment), actions_(actions) {}

  void Act(const Sample& sample, const Evaluation& evaluation) override;
  // Takes all orders back: the supervisor ends, and nobody would.
  void Withdraw();

 private:
  void LearnOwnBacklog(const Sample& sample);
  void OrderLevel(const Sample& sample, const LoadVerdict& load);
  void OrderBacklog(const Sample& sample, const LoadVerdict& load);
  void NoteWithheld(const LoadVerdict& load);

  // One time of holding back, from its first order to its last.
  struct Hold {
    ActionSample action;
    uint64_t since_ns = 0;
    uint64_t refused = 0;  // by then
  };
  void NoteHold(ActionKind kind, bool holds, const std::string& reason, const Sample& sample,
                std::optional<Hold>* hold);
  void NoteWithheldAction(ActionKind kind, const std::string& reason);

  Segment& segment_;
  ActionSink& actions_;
  std::optional<Hold> shed_;
  std::optional<Hold> bound_;
  uint32_t withheld_level_ = 0;
  uint32_t withheld_backlog_ = 0;
};

}  // namespace stirbar
