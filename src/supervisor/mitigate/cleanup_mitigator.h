// Memory is short: asks one worker at a time for one step of a cleanup, and measures what it gave
// back.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/mitigate/cleanup_plan.h"
#include "supervisor/mitigate/directive_desk.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// By itself: while the rule `memory` is entered and cleanup_enabled is on, the step that the
// CleanupPlan names, then a second's pause, in which memory is measured anew.
//
// In a round (the memory emergency, an operator): each step in each worker, one after the other,
// whatever helped before. A round in an emergency waits for no idle moment and evicts caches whole.
//
// Each step is an action with the worker's resident set before and after, and an event; a step in
// mode observe is withheld, and so is all of a dry run.
//
// Failure: a worker that does not answer within cleanup_idle_wait + 30 s (in an emergency 5 s)
// counts as not helped; one that still has another order is asked later, or left out by a round.
class CleanupMitigator : public Mitigator {
 public:
  struct Parts {
    Segment& segment;
    DirectiveDesk& desk;
    ActionSink& actions;
  };
  explicit CleanupMitigator(const Parts& parts)
      : segment_(parts.segment), desk_(parts.desk), actions_(parts.actions) {}

  void Act(const Sample& sample, const Evaluation& evaluation) override;

  struct Round {
    std::string reason;
    std::string actor;  // empty: Stirbar by itself
    std::optional<uint32_t> pid = {};
    bool urgent = false;
    bool dry_run = false;
  };
  // Takes the place of what it would do by itself. Returns in how many workers; 0: nobody can
  // answer. Precondition: no round is under way.
  size_t BeginRound(const Round& round, const Sample& sample, const Evaluation& evaluation);
  bool HasRound() const { return round_.has_value(); }
  // Of the newest round.
  double reclaimed_bytes() const { return reclaimed_bytes_; }

 private:
  struct Item {
    uint32_t slot = 0;
    uint64_t incarnation = 0;
    CleanupStep step = CleanupStep::kNone;
  };
  struct Asked {
    Order order;
    CleanupStep step = CleanupStep::kNone;
    ActionSample action;
    uint64_t answer_by_ns = 0;
  };

  void ActByItself(const Sample& sample, const Evaluation& evaluation);
  void GoOn(const Sample& sample);
  // False: it has another order.
  bool AskFor(const WorkerSample& worker, CleanupStep step, const std::string& reason,
              const Sample& sample);
  void Withhold(const WorkerSample& worker, CleanupStep step, const std::string& reason);
  void Check(const Sample& sample);
  void Close(const Sample& sample, const CleanupAnswer* answer);

  Segment& segment_;
  DirectiveDesk& desk_;
  ActionSink& actions_;
  CleanupPlan plan_;
  std::optional<Asked> asked_;
  std::optional<Round> round_;
  std::deque<Item> items_;  // of the round
  double reclaimed_bytes_ = 0;
  uint64_t next_ns_ = 0;
};

}  // namespace stirbar
