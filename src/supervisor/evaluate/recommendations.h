// What to do about each finding: the exact command or setting, the route or worker by name, the
// figures that say so, and what is expected of it. Advice that cannot name something is not given.
//
// Ranked by severity, and within one by how much of the trouble it is expected to take away.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "supervisor/evaluate/rule.h"

namespace stirbar {

// Ranked; what ranks alike in the order of `findings`. Where several findings (two workers, one
// route) call for the same, it is said once, with all the evidence. `rules`: of those of one's own
// the advice is taken from the rule itself.
std::vector<Recommendation> Recommend(const std::vector<Finding>& findings, const RuleInput& input,
                                      std::span<const Rule> rules = {});

// Worst first, and within one severity by gain.
void Rank(std::vector<Recommendation>* recommendations);

// The page that shows the figures of a rule: "/load".
std::string_view PageOf(std::string_view rule, std::string_view component);

// --------------------------------------------- the advice of each rule; text empty: none to give

struct Advice {
  std::string text;
  std::string evidence;      // besides the finding's own message
  std::string effect = {};   // what is expected of it, with figures
  std::string command = {};  // to be copied into a terminal
  double gain_ratio = 0;     // how much of the trouble it is expected to take away
};

using Adviser = Advice (*)(const Finding& finding, const RuleInput& input);

// keeping_advice.cc
Advice AdviseHistory(const Finding& finding, const RuleInput& input);
Advice AdviseExports(const Finding& finding, const RuleInput& input);
Advice AdviseAlertSinks(const Finding& finding, const RuleInput& input);
// worker_advice.cc
Advice AdviseServerEnded(const Finding& finding, const RuleInput& input);
Advice AdviseNoWorkerAnswers(const Finding& finding, const RuleInput& input);
Advice AdviseWorkerStopped(const Finding& finding, const RuleInput& input);
Advice AdviseLockWait(const Finding& finding, const RuleInput& input);
Advice AdviseHeartbeat(const Finding& finding, const RuleInput& input);
Advice AdviseWorkerDeaths(const Finding& finding, const RuleInput& input);
// resource_advice.cc
Advice AdviseMemory(const Finding& finding, const RuleInput& input);
Advice AdviseCpu(const Finding& finding, const RuleInput& input);
Advice AdviseDisk(const Finding& finding, const RuleInput& input);
// load_advice.cc
Advice AdviseLoad(const Finding& finding, const RuleInput& input);
Advice AdviseOutgoing(const Finding& finding, const RuleInput& input);
// database_advice.cc
Advice AdvisePoolUtilization(const Finding& finding, const RuleInput& input);
Advice AdvisePoolWait(const Finding& finding, const RuleInput& input);
Advice AdviseConnectionLeaks(const Finding& finding, const RuleInput& input);
Advice AdviseDatabaseUnavailable(const Finding& finding, const RuleInput& input);
Advice AdviseDatabaseTarget(const Finding& finding, const RuleInput& input);
// request_advice.cc
Advice AdviseErrorRate(const Finding& finding, const RuleInput& input);
Advice AdviseStuckRequest(const Finding& finding, const RuleInput& input);
Advice AdviseSlowRequests(const Finding& finding, const RuleInput& input);
Advice AdviseInFlightOverflow(const Finding& finding, const RuleInput& input);
Advice AdviseCacheHitRate(const Finding& finding, const RuleInput& input);

// The worker that a finding is about; null where it has gone.
const WorkerSample* WorkerOf(const Finding& finding, const Sample& sample);
// The server that runs the app, as its workers know it.
ServerKind ServerOf(const Sample& sample);
// Whether it starts a new worker for one that dies.
bool HasMaster(ServerKind kind);

}  // namespace stirbar
