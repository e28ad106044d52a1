// What a worker is doing, judged from its newest figures. Momentary: no memory, so no hysteresis;
// the rules on top of it have that (rule.h).
//
// The first line that applies decides:
//
//   dead       the process is gone, or a zombie
//   stopped    /proc says T or t, and three beats are missing (see kMissedBeats)
//   exiting    it said so
//   starting   claimed its slot, does not serve yet
//   lock_held  the interpreter lock has been waited for lock_wait_critical_threshold long
//   silent     no beat for heartbeat_critical_threshold
//   stuck      a request, streams left out, is older than slow_request_threshold
//   busy, idle
//
// Stopped stands before lock_held because a stopped process leaves every wait unanswered. Pure
// Python never looks like lock_held: the interpreter answers a wait within its switch interval (5
// ms); C code that keeps the lock does not.
#pragma once

#include <string>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// A worker beats every 100 ms; with three beats missing its threads do not run. Less proves nothing
// on a loaded machine; /proc alone is up to a second old and shows a stop that is already over.
inline constexpr double kMissedBeats = 0.3;

// gunicorn kills after 30 s what neither starts nor ends (its --timeout and --graceful-timeout).
inline constexpr double kPatience = 30;

// `worker` must be one of `sample.workers`; `sample` gives thresholds, requests in flight, route
// names and pressure. hung: the worker answers nobody: stopped, lock_held or silent. A stuck one
// may have other threads that answer.
WorkerVerdict JudgeWorker(const WorkerSample& worker, const Sample& sample);

// Whether it can answer a new request now.
bool Answers(const WorkerVerdict& verdict);
// Whether it is one to count on: neither dead nor on its way out.
bool IsPresent(const WorkerVerdict& verdict);

// Sentences of the reasons, true for any age: findings use them while a rule waits to be left.
// "interpreter lock held for ...", "no sign of life for ...", "GET /report has run for ...".
std::string LockText(const WorkerSample& worker, const Sample& sample);
std::string SilenceText(const WorkerSample& worker, const Sample& sample);
std::string RequestAgeText(const WorkerSample& worker, const Sample& sample);

// The request of `worker` that is longest past its own limit, streams left out; null: none is.
const InFlightSample* MostOverdue(const WorkerSample& worker, const Sample& sample);

// The requests during which the lock may have been taken, likeliest first: those older than the
// wait, the one that ran last (youngest phase) first. Empty: a thread outside any request has it.
std::vector<const InFlightSample*> LockSuspects(const WorkerSample& worker, const Sample& sample);

}  // namespace stirbar
