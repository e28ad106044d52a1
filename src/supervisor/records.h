// What happened and what was done, as the history keeps it: apart from the figures, and for longer.
// A part of supervisor.h; include that.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "segment/layout.h"

namespace stirbar {

struct Snapshot;

enum class RecordKind : uint8_t {
  kEvent,    // EventSample: a worker started, a request was lost
  kAlert,    // an alert changed its state, was silenced, acknowledged or delivered
  kSetting,  // a setting was changed, or a change was refused
  kAction,   // ActionSample: something was done to the app, or would have been
  kAccess,   // somebody logged in, or was refused a change
};
std::string_view Name(RecordKind kind);  // event, alert, setting, action, access

// One line of the history.
struct HistoryRecord {
  uint64_t number = 0;   // given by the history; 0 before
  uint64_t wall_ns = 0;  // when it happened; 0: now
  RecordKind kind = RecordKind::kEvent;
  Severity severity = Severity::kInfo;
  std::string name;       // what it is about: a rule, a setting, an action
  std::string actor{};    // who did it ("operator from 127.0.0.1"); empty: Stirbar by itself
  std::string text;       // plain words with the figures
  std::string details{};  // a JSON object; empty: none
};

// Takes what is to be remembered. Threads: the event loop's. Time: never waits. Failure: counted by
// the one who keeps it; the caller goes on.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void Record(const HistoryRecord& record) = 0;
};

// Gives it again.
struct RecordQuery {
  std::optional<RecordKind> kind = {};
  std::string name{};  // empty: any
  uint64_t from_wall_ns = 0;
  uint64_t until_wall_ns = std::numeric_limits<uint64_t>::max();
  uint64_t before_number = std::numeric_limits<uint64_t>::max();  // to go on from the last answer
  size_t most = 200;
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // Newest first. Time: milliseconds; at most 1,000 lines.
  virtual std::vector<HistoryRecord> Records(const RecordQuery& query) const = 0;
};

// One of [[exports]]: a place that the history is sent to (publish/history_export.h). Counted are
// data points (otlp), or lines of the history, intervals and records (mysql).
struct ExportSample {
  std::string name;
  std::string kind;       // otlp, mysql
  std::string target;     // scheme, host and port; nothing that may be secret
  uint64_t sent = 0;      // since the supervisor began, as the next three
  uint64_t failures = 0;  // attempts that failed
  uint64_t refused = 0;   // that the receiver has got and will not have
  uint64_t dropped = 0;   // for which there was no room, or which the history had forgotten by then
  uint64_t waiting = 0;
  double behind_seconds = 0;           // age of the oldest that waits; 0: nothing does
  uint64_t last_success_wall_ns = 0;   // 0: never
  uint64_t failing_since_wall_ns = 0;  // 0: the newest attempt succeeded, or there was none
  std::string error{};                 // of the newest attempt, without secrets
};

// How the history itself is.
struct HistorySample {
  bool on = false;           // it is written
  std::string path{};        // of its file; empty: there is none
  std::string problem{};     // why it is not written, or what was lost; empty: all is well
  std::string off_reason{};  // why there is none, where that is no problem
  uint64_t bytes = 0;        // of its file
  uint64_t dropped = 0;      // figures and records for which it had no room, since the start
  std::vector<ExportSample> exports{};  // in the order of stirbar.toml
};

// -------------------------------------------------------------------------------------- actions

enum class ActionKind : uint8_t { kCleanup, kTrim, kEvict, kShed, kBacklog, kInterrupt, kRecycle };
std::string_view Name(ActionKind kind);  // cleanup, trim, evict, shed, backlog, interrupt, recycle

enum class ActionState : uint8_t {
  kWithheld,  // mode observe: what would have been done
  kRunning,
  kDone,
  kFailed,  // was not answered, or could not be done: see the text
};
std::string_view Name(ActionState state);  // withheld, running, done, failed

// Something that was done to the app.
struct ActionSample {
  uint64_t number = 0;  // given by the log of actions
  uint64_t wall_ns = 0;
  ActionKind kind = ActionKind::kCleanup;
  ActionState state = ActionState::kDone;
  std::optional<uint32_t> slot = {};  // absent: the whole app
  uint32_t pid = 0;
  std::string actor{};   // who asked for it; empty: Stirbar by itself
  std::string reason{};  // why, with the figures
  std::string effect{};  // what came of it, in words
  double before_bytes = std::numeric_limits<double>::quiet_NaN();
  double after_bytes = std::numeric_limits<double>::quiet_NaN();
  double seconds = std::numeric_limits<double>::quiet_NaN();
  std::optional<bool> helped = {};
};

// How many there were, for the metrics.
struct ActionCount {
  ActionKind kind = ActionKind::kCleanup;
  ActionState state = ActionState::kDone;  // never kRunning
  uint64_t count = 0;
  double reclaimed_bytes = 0;
};

// What is being done about memory that is critically short (mitigate/emergency_control.h).
enum class EmergencyState : uint8_t { kCalm, kShedding, kCleaning, kRecycling, kCooling };
std::string_view Name(EmergencyState state);  // calm, shedding, cleaning, recycling, cooling

struct EmergencySample {
  EmergencyState state = EmergencyState::kCalm;
  uint64_t since_wall_ns = 0;  // 0: since the supervisor began
  bool withheld = false;       // mode observe: nothing of it is done
  std::string reason{};        // with the figures
};

// What an operator asks for (POST /api/v1/actions).
struct ActionRequest {
  ActionKind kind = ActionKind::kCleanup;  // kCleanup or kRecycle
  std::optional<uint32_t> pid = {};        // absent: all workers
  bool dry_run = false;
  std::string actor{};
};

// Takes it. Threads: the event loop's. Time: never waits; what comes of it is seen in the actions.
class ActionTaker {
 public:
  virtual ~ActionTaker() = default;
  // What will be done, in words. Failure: why it will not.
  virtual Result<std::string> Ask(const ActionRequest& request, const Snapshot& snapshot) = 0;
};

// Keeps the newest actions for the pages, and passes them on to the history.
class ActionSink {
 public:
  virtual ~ActionSink() = default;
  // A new one; returns its number, by which Update() renews it.
  virtual uint64_t Add(ActionSample action) = 0;
  virtual void Update(const ActionSample& action) = 0;
};

}  // namespace stirbar
