// The alerts: what of the findings is told, when, and what is not.
//
//              entered               for long enough            left
//   inactive ──────────▶ pending ──────────────────▶ firing ──────────▶ resolved
//                                                       ▲                  │
//                                                       └──────────────────┘ entered again
//
// An alert is one rule, of the app or of one worker. The evaluator says whether it fires; the book
// decides what of it is news:
//
//   grouping        the news of one component go into one message. The first waits
//                   alert_group_wait, because one cause enters several rules within seconds;
//                   further ones wait until alert_group_interval after the message before, but for
//                   an alert that turns critical: that waits alert_group_wait alone.
//   deduplication   what is told is the difference to what was told last. An alert that is over and
//                   back before the next message is no news.
//   brief alerts    one that is over before it could be told is told once, as resolved.
//   repetition      after alert_repeat_interval, until somebody acknowledges it. A higher severity
//                   takes the acknowledgement away.
//   silences        nothing is told of what a silence matches, but the end of an alert that was
//   told
//                   before: receivers keep incidents open until they hear of it. What came and went
//                   under a silence is never told.
//   flap damping    alert_flap_changes changes within alert_flap_window: told once as flapping,
//                   then nothing until a third of that is left; then what holds is told. Enter and
//                   leave lie apart, so that this does not flap itself.
//
// All of it is a function of (findings, wall time, settings). Wall time, because it all has to
// outlive a restart; a clock that is set back makes things wait from then on, never longer.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/publish/alert_notice.h"
#include "supervisor/publish/alert_silence.h"
#include "supervisor/supervisor.h"

namespace stirbar {

enum class AlertState : uint8_t { kFiring, kResolved };

struct Alert {
  enum class Told : uint8_t { kNothing, kFiring, kFlapping, kResolved };

  std::string id;                   // of this episode
  Finding finding;                  // the newest
  Status worst = Status::kHealthy;  // severity that this episode has had
  AlertState state = AlertState::kFiring;
  uint64_t fired_wall_ns = 0;
  uint64_t resolved_wall_ns = 0;
  uint64_t changed_wall_ns = 0;  // the oldest change that is not told; 0: all are
  std::deque<uint64_t> changes;  // wall times of those within alert_flap_window
  bool flapping = false;
  Told told = Told::kNothing;
  Status told_severity = Status::kHealthy;
  uint64_t told_wall_ns = 0;
  std::string acknowledged_by;  // empty: nobody has
  std::string acknowledged_comment;
  uint64_t acknowledged_wall_ns = 0;
  bool restored = false;  // from disk, and not seen since
};

// "memory", "lock_wait/3".
std::string KeyOf(const Finding& finding);

enum class AlertChangeKind : uint8_t { kFired, kSeverity, kResolved, kFlapping, kCalm };

// Something that happened to an alert, for the history.
struct AlertChange {
  AlertChangeKind kind;
  Alert alert;
};

// How long an alert of before a restart may be missing among the findings: the rules need some
// seconds to have figures again. One whose rule counts its time anew is pending meanwhile, and
// stays for as long as that.
inline constexpr uint64_t kRestoredGraceNs = 15'000'000'000;
// What the pages show of the past.
inline constexpr uint64_t kResolvedShownNs = 86'400'000'000'000;
inline constexpr size_t kResolvedShown = 200;

// Threads: one. Time: microseconds.
class AlertBook {
 public:
  // Takes what is found now. Returns what has changed.
  std::vector<AlertChange> Observe(const Assessment& assessment, const Settings& settings,
                                   uint64_t wall_ns);
  // The messages that are due; they count as told from now on. Key and number are not set.
  std::vector<AlertNotice> TakeDue(const Settings& settings, uint64_t wall_ns);

  // The alert that fires and has this id, key or rule; null: none.
  const Alert* FindFiring(std::string_view id) const;
  // False: no such alert fires. Empty `by` takes the acknowledgement back.
  bool Acknowledge(std::string_view id, const std::string& by, const std::string& comment,
                   uint64_t wall_ns);
  // Failure: there are kMostSilences already.
  Result<Silence> AddSilence(Silence silence, uint64_t wall_ns);
  // False: no such silence is active or to come.
  bool ExpireSilence(std::string_view id, uint64_t wall_ns);

  const std::map<std::string, Alert>& alerts() const { return alerts_; }  // by key
  const std::vector<Finding>& pending() const { return pending_; }
  const std::deque<Alert>& resolved() const { return resolved_; }  // newest last
  const std::vector<Silence>& silences() const {
    return silences_;
  }  // those over a day ago left out
  const Silence* SilenceOf(const Alert& alert, uint64_t wall_ns) const;

  // What has to survive a restart, and back. `revision` grows with each change of it.
  boost::json::object Save() const;
  void Restore(const boost::json::object& state, uint64_t wall_ns);
  uint64_t revision() const { return revision_; }

 private:
  struct Group {
    uint64_t told_wall_ns = 0;
  };

  void Fire(const Finding& finding, uint64_t wall_ns, std::vector<AlertChange>* changes);
  void Resolve(Alert* alert, uint64_t wall_ns, std::vector<AlertChange>* changes);
  static void NoteChange(Alert* alert, uint64_t wall_ns);
  void JudgeFlapping(const Settings& settings, uint64_t wall_ns, std::vector<AlertChange>* changes);
  void Tell(Alert* alert, NewsKind kind, uint64_t wall_ns);
  void Forget(uint64_t wall_ns);
  std::optional<NewsKind> NewsOf(const Alert& alert, const Settings& settings,
                                 uint64_t wall_ns) const;

  std::map<std::string, Alert> alerts_;
  std::vector<Finding> pending_;
  std::deque<Alert> resolved_;
  std::map<std::string, Group> groups_;  // by component
  std::vector<Silence> silences_;
  uint64_t restored_wall_ns_ = 0;
  uint64_t episodes_ = 0;
  uint64_t revision_ = 0;
};

}  // namespace stirbar
