// READ THIS FIRST: the supervisor's data and the four stages that it goes through, once a tick.
//
//   collect   Collector::Collect(tick, &sample)     numbers of now, from the segment and the kernel
//   evaluate  Evaluator::Evaluate(sample)           what they mean: states, findings, health
//   mitigate  Mitigator::Act(sample, evaluation)    directives to the workers
//   publish   Publisher::Publish(snapshot)          segment, HTTP, event stream, log
//
// The stages include this file and never each other; run_loop.cc puts them together. Everything
// here is a plain value, so that a stage can be tested with numbers made by hand.
//
// Threads: one. All stages run on the event loop's thread and must not block; a tick has 100 ms.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "supervisor/evaluation.h"
#include "supervisor/sample.h"

namespace stirbar {

// ----------------------------------------------------------------------------------- the stages

// The loop keeps one Sample and lets every collector renew its part of it, in a fixed order: the
// segment first, then processes, then what needs their pids.
class Collector {
 public:
  virtual ~Collector() = default;
  virtual std::string_view name() const = 0;
  // Adds its figures to `sample`. Failure: says why in sample->unavailable[name()] and leaves the
  // figures out. Time: a few milliseconds at most.
  virtual void Collect(const Tick& tick, Sample* sample) = 0;
};

// Remembers which rules are entered. Pure otherwise: the same samples give the same evaluations.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual Evaluation Evaluate(const Sample& sample) = 0;
};

struct Snapshot {
  Sample sample;
  Evaluation evaluation;
};

class Mitigator {
 public:
  virtual ~Mitigator() = default;
  // Gives directives where the evaluation asks for them, and notes the answers to earlier ones.
  // Called every tick.
  virtual void Act(const Sample& sample, const Evaluation& evaluation) = 0;
};

class Publisher {
 public:
  virtual ~Publisher() = default;
  // Shows `snapshot`. Called after every full tick, and at once when a worker's condition or the
  // app's status has changed.
  virtual void Publish(const std::shared_ptr<const Snapshot>& snapshot) = 0;
};

// Where charts begin: the newest points of the history, oldest first.
class HistorySource {
 public:
  virtual ~HistorySource() = default;
  virtual std::vector<HistoryValues> Recent(size_t points) const = 0;
};

// The Python stacks of the workers, read from their memory while they run (process_vm_readv). Never
// stops a worker. Time: about 2 ms a worker, and 10 ms for one whose threads run.
class StackSource {
 public:
  virtual ~StackSource() = default;
  // Of all workers of `sample`, or of the one with `pid`.
  virtual std::vector<WorkerStacks> Read(const Sample& sample, std::optional<uint32_t> pid) = 0;
};

// The open connections of now, with the stacks of the held ones, read from the workers' memory.
// Time: 5 us a connection, 50 ms at most: those read later have no stack.
class ConnectionSource {
 public:
  virtual ~ConnectionSource() = default;
  // Of all workers of `sample`; held ones first, longest first, at most kConnectionsShown.
  virtual std::vector<ConnectionSample> ReadConnections(const Sample& sample) = 0;
};

// ------------------------------------------------------------------------------- names of values

std::string_view Name(Status status);              // healthy, warning, critical
std::string_view Name(WorkerCondition condition);  // starting, idle, busy, stuck, lock_held, ...
std::string_view Name(HttpMethod method);          // GET, ... ; OTHER
std::string_view Name(RequestPhase phase);         // routing, handling, streaming
std::string_view Name(ServerKind kind);            // gunicorn, uwsgi, ...
std::string_view Name(EventKind kind);             // worker_started, ...
std::string_view Name(Severity severity);          // info, warning, critical
std::string_view Name(QueueSource source);         // none, header, server, socket
std::string_view Name(Criticality criticality);    // critical, normal, sheddable, background
std::string_view Name(Activity activity);          // application, sql, redis, http, checkout
std::string_view Name(Part part);                  // sql, redis, http, lock, garbage
std::string_view Name(StackQuality quality);       // exact, approximate, unreadable
std::string_view Name(PoolLane lane);              // request, task
std::string_view Name(BreakerState state);         // closed, open, half_open
std::string_view Name(ConnectionState state);      // free, connecting, idle, active
std::string_view Name(LeakKind kind);              // none, suspect, confirmed, collected
std::string_view Name(HolderKind kind);  // unknown, raw, connection, session, flask_session
// "GET /item/<int:id>"; "(unmatched)", "(other)" and "(not routed yet)" for the special ones.
std::string RouteLabel(HttpMethod method, uint32_t route, std::string_view rule);

}  // namespace stirbar
