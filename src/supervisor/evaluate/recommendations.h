// What to do about each finding: the exact command or setting, the route or worker by name, and the
// figures that say so. Advice that cannot name something is not given.
#pragma once

#include <vector>

#include "supervisor/evaluate/rule.h"

namespace stirbar {

// In the order of `findings`. Where several findings (two workers, one route) call for the same, it
// is said once, with all the evidence.
std::vector<Recommendation> Recommend(const std::vector<Finding>& findings, const RuleInput& input);

// --------------------------------------------- the advice of each rule; text empty: none to give

struct Advice {
  std::string text;
  std::string evidence;  // besides the finding's own message
};

using Adviser = Advice (*)(const Finding& finding, const RuleInput& input);

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

// The worker that a finding is about; null where it has gone.
const WorkerSample* WorkerOf(const Finding& finding, const Sample& sample);
// The server that runs the app, as its workers know it.
ServerKind ServerOf(const Sample& sample);
// Whether it starts a new worker for one that dies.
bool HasMaster(ServerKind kind);

}  // namespace stirbar
