// Carries out what the ladder asks for: interrupts requests, replaces workers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/mitigate/directive_desk.h"
#include "supervisor/mitigate/stuck_ladder.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// An interruption is a directive to the worker, which raises in the request's thread. One that is
// not answered within 1 s (the interpreter lock is held) is noted, stays ordered, and the ladder
// goes on.
//
// A replaced worker gets SIGTERM, by which gunicorn's and uWSGI's workers end their requests and
// leave, and SIGKILL when it is still there after 5 s. Before each signal the process is made sure
// to be the worker, by its start time: pids are used again.
//
// What was done, or withheld, is an event with route and age.
//
// Owns: nothing of the segment; it must outlive the mitigator. Time: never waits.
class StuckMitigator : public Mitigator {
 public:
  StuckMitigator(Segment& segment, DirectiveDesk& desk) : segment_(segment), desk_(desk) {}
  void Act(const Sample& sample, const Evaluation& evaluation) override;

 private:
  struct Interrupt {
    Order order;
    InFlightSample request;
    std::string route;
    bool told = false;  // that it is not answered
  };
  struct Replacement {
    ProcessIdentity worker = 0;
    InFlightSample request;
    std::string route;
    uint64_t began_ns = 0;
    bool killed = false;
  };

  void Step(const StuckAction& action, const Sample& sample);
  void BeginInterrupt(const InFlightSample& request, const Sample& sample);
  void BeginReplacement(const InFlightSample& request, const Sample& sample);
  // True: it is over.
  bool Check(const Sample& sample, Interrupt* interrupt);
  void CheckReplacement(const Sample& sample);
  void MarkInterrupted(const InFlightSample& request);
  void Note(EventKind kind, const InFlightSample& request, const std::string& text);

  Segment& segment_;
  DirectiveDesk& desk_;
  StuckLadder ladder_;
  std::vector<Interrupt> interrupts_;
  std::optional<Replacement> replacement_;
};

}  // namespace stirbar
