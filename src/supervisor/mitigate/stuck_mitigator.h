// Carries out what the ladder asks for: interrupts requests, replaces workers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/mitigate/directive_desk.h"
#include "supervisor/mitigate/stuck_ladder.h"
#include "supervisor/mitigate/worker_replacement.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// An interruption is a directive to the worker, which raises in the request's thread. One that is
// not answered within 1 s (the interpreter lock is held) is noted, stays ordered, and the ladder
// goes on.
//
// A replaced worker has 5 s to leave.
//
// What was done, or withheld, is an event and an action, with route and age.
//
// Owns: nothing of the segment; it must outlive the mitigator. Time: never waits.
class StuckMitigator : public Mitigator {
 public:
  struct Parts {
    Segment& segment;
    DirectiveDesk& desk;
    WorkerReplacement& replacement;
    ActionSink& actions;
  };
  explicit StuckMitigator(const Parts& parts)
      : segment_(parts.segment),
        desk_(parts.desk),
        replacement_(parts.replacement),
        actions_(parts.actions) {}
  void Act(const Sample& sample, const Evaluation& evaluation) override;

 private:
  struct Interrupt {
    Order order;
    InFlightSample request;
    std::string route;
    ActionSample action;
    bool told = false;  // that it is not answered
  };
  void Step(const StuckAction& action, const Sample& sample);
  void BeginInterrupt(const InFlightSample& request, const Sample& sample);
  void BeginReplacement(const InFlightSample& request, const Sample& sample);
  // True: it is over.
  bool Check(const Sample& sample, Interrupt* interrupt);
  void EndReplacement(const ActionSample& action, const InFlightSample& request,
                      const WorkerReplacement::Outcome& outcome, const std::string& route);
  void Withhold(ActionKind kind, const InFlightSample& request, const std::string& text);
  void MarkInterrupted(const InFlightSample& request);
  void Note(EventKind kind, const InFlightSample& request, const std::string& text);

  Segment& segment_;
  DirectiveDesk& desk_;
  WorkerReplacement& replacement_;
  ActionSink& actions_;
  StuckLadder ladder_;
  std::vector<Interrupt> interrupts_;
};

}  // namespace stirbar
