#include "supervisor/publish/alert_book.h"

#include <algorithm>
#include <set>
#include <utility>

namespace stirbar {
namespace {

constexpr size_t kMostChanges = 200;  // more than alert_flap_changes may be

uint64_t Ns(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }

// Whether `then` is at least `ns` ago. A `then` in the future (the clock was set back) is now.
bool Passed(uint64_t then, uint64_t ns, uint64_t now) {
  return then > now ? ns == 0 : now - then >= ns;
}

}  // namespace

std::string KeyOf(const Finding& finding) {
  return finding.slot ? finding.rule + "/" + std::to_string(*finding.slot) : finding.rule;
}

// ------------------------------------------------------------------------------- what happens

std::vector<AlertChange> AlertBook::Observe(const Assessment& assessment, const Settings& settings,
                                            uint64_t wall_ns) {
  std::vector<AlertChange> changes;
  std::set<std::string> found;
  std::set<std::string> waiting;
  for (const Finding& finding : assessment.findings) {
    // Two findings of one rule and worker are one alert: the worse comes first.
    if (found.insert(KeyOf(finding)).second) Fire(finding, wall_ns, &changes);
  }
  pending_.clear();
  for (const Finding& finding : assessment.pending) {
    waiting.insert(KeyOf(finding));
    if (!found.contains(KeyOf(finding))) pending_.push_back(finding);
  }
  for (auto& [key, alert] : alerts_) {
    if (alert.state != AlertState::kFiring || found.contains(key)) continue;
    const bool kept = alert.restored && (waiting.contains(key) ||
                                         !Passed(restored_wall_ns_, kRestoredGraceNs, wall_ns));
    if (!kept) Resolve(&alert, wall_ns, &changes);
  }
  JudgeFlapping(settings, wall_ns, &changes);
  Forget(wall_ns);
  if (!changes.empty()) ++revision_;
  return changes;
}

void AlertBook::Fire(const Finding& finding, uint64_t wall_ns, std::vector<AlertChange>* changes) {
  Alert& alert = alerts_[KeyOf(finding)];
  const bool fires = !alert.id.empty() && alert.state == AlertState::kFiring;
  const Status before = alert.finding.severity;
  alert.finding = finding;
  alert.restored = false;
  if (!fires) {
    alert.state = AlertState::kFiring;
    alert.resolved_wall_ns = 0;
    alert.acknowledged_by.clear();
    // Receivers that have not heard of an end see one episode go on.
    const bool goes_on = alert.told == Alert::Told::kFiring || alert.told == Alert::Told::kFlapping;
    if (!goes_on) {
      alert.id = KeyOf(finding) + "-" + std::to_string(wall_ns / 1'000'000) + "-" +
                 std::to_string(++episodes_);
      alert.fired_wall_ns = wall_ns;
      alert.told = Alert::Told::kNothing;
      alert.worst = Status::kHealthy;
    }
    NoteChange(&alert, wall_ns);
    alert.worst = std::max(alert.worst, finding.severity);
    changes->push_back({AlertChangeKind::kFired, alert});
  } else if (finding.severity != before) {
    if (finding.severity > before) alert.acknowledged_by.clear();
    alert.worst = std::max(alert.worst, finding.severity);
    if (alert.changed_wall_ns == 0) alert.changed_wall_ns = wall_ns;
    changes->push_back({AlertChangeKind::kSeverity, alert});
  }
}

void AlertBook::Resolve(Alert* alert, uint64_t wall_ns, std::vector<AlertChange>* changes) {
  alert->state = AlertState::kResolved;
  alert->resolved_wall_ns = wall_ns;
  alert->restored = false;
  NoteChange(alert, wall_ns);
  // Came and went under a silence.
  if (alert->told == Alert::Told::kNothing && SilenceOf(*alert, wall_ns) != nullptr) {
    alert->told = Alert::Told::kResolved;
    alert->changed_wall_ns = 0;
  }
  resolved_.push_back(*alert);
  if (resolved_.size() > kResolvedShown) resolved_.pop_front();
  changes->push_back({AlertChangeKind::kResolved, *alert});
}

void AlertBook::NoteChange(Alert* alert, uint64_t wall_ns) {
  if (alert->changed_wall_ns == 0) alert->changed_wall_ns = wall_ns;
  alert->changes.push_back(wall_ns);
  if (alert->changes.size() > kMostChanges) alert->changes.pop_front();
}

void AlertBook::JudgeFlapping(const Settings& settings, uint64_t wall_ns,
                              std::vector<AlertChange>* changes) {
  for (auto& [key, alert] : alerts_) {
    const uint64_t window = Ns(settings.alert_flap_window);
    while (!alert.changes.empty() && Passed(alert.changes.front(), window, wall_ns)) {
      alert.changes.pop_front();
    }
    const auto count = static_cast<double>(alert.changes.size());
    const bool flaps = alert.flapping ? count > settings.alert_flap_changes / 3
                                      : count >= settings.alert_flap_changes;
    if (flaps == alert.flapping) continue;
    alert.flapping = flaps;
    changes->push_back({flaps ? AlertChangeKind::kFlapping : AlertChangeKind::kCalm, alert});
  }
}

void AlertBook::Forget(uint64_t wall_ns) {
  const size_t before = alerts_.size() + resolved_.size() + silences_.size();
  std::erase_if(alerts_, [](const auto& entry) {
    const Alert& alert = entry.second;
    return alert.state == AlertState::kResolved && alert.told == Alert::Told::kResolved &&
           alert.changes.empty() && !alert.flapping;
  });
  while (!resolved_.empty() &&
         Passed(resolved_.front().resolved_wall_ns, kResolvedShownNs, wall_ns)) {
    resolved_.pop_front();
  }
  std::erase_if(silences_, [&](const Silence& silence) {
    return Passed(silence.end_wall_ns, kResolvedShownNs, wall_ns);
  });
  if (before != alerts_.size() + resolved_.size() + silences_.size()) ++revision_;
}

// -------------------------------------------------------------------------------- what is told

std::optional<NewsKind> AlertBook::NewsOf(const Alert& alert, const Settings& settings,
                                          uint64_t wall_ns) const {
  const bool silenced = SilenceOf(alert, wall_ns) != nullptr;
  using Told = Alert::Told;
  if (alert.flapping) {
    if (silenced || alert.told == Told::kFlapping) return std::nullopt;
    return NewsKind::kFlapping;
  }
  if (alert.state == AlertState::kResolved) {
    if (alert.told == Told::kResolved || (silenced && alert.told == Told::kNothing)) {
      return std::nullopt;
    }
    return NewsKind::kResolved;
  }
  if (silenced) return std::nullopt;
  if (alert.told != Told::kFiring) return NewsKind::kFiring;
  if (alert.told_severity != alert.finding.severity) return NewsKind::kSeverity;
  const bool repeat = alert.acknowledged_by.empty() && !alert.restored &&
                      Passed(alert.told_wall_ns, Ns(settings.alert_repeat_interval), wall_ns);
  return repeat ? std::optional(NewsKind::kRepeat) : std::nullopt;
}

void AlertBook::Tell(Alert* alert, NewsKind kind, uint64_t wall_ns) {
  alert->told = kind == NewsKind::kFlapping   ? Alert::Told::kFlapping
                : kind == NewsKind::kResolved ? Alert::Told::kResolved
                                              : Alert::Told::kFiring;
  alert->told_severity = alert->finding.severity;
  alert->told_wall_ns = wall_ns;
  alert->changed_wall_ns = 0;
}

std::vector<AlertNotice> AlertBook::TakeDue(const Settings& settings, uint64_t wall_ns) {
  struct Due {
    bool now = false;
    std::vector<std::pair<Alert*, NewsKind>> news;
  };
  std::map<std::string, Due> groups;
  for (auto& [key, alert] : alerts_) {
    const std::optional<NewsKind> kind = NewsOf(alert, settings, wall_ns);
    if (!kind) {
      // Nothing is left to tell of it: over and back, or silenced. A change that comes counts anew.
      if (!alert.flapping && SilenceOf(alert, wall_ns) == nullptr) alert.changed_wall_ns = 0;
      continue;
    }
    Due& due = groups[alert.finding.component];
    due.news.emplace_back(&alert, *kind);
    const uint64_t told = groups_[alert.finding.component].told_wall_ns;
    const bool waited = Passed(alert.changed_wall_ns, Ns(settings.alert_group_wait), wall_ns);
    const bool rested = told == 0 || Passed(told, Ns(settings.alert_group_interval), wall_ns);
    const bool urgent = alert.finding.severity == Status::kCritical &&
                        (*kind == NewsKind::kFiring || *kind == NewsKind::kSeverity);
    if (waited && (rested || urgent || *kind == NewsKind::kRepeat)) due.now = true;
  }
  std::vector<AlertNotice> notices;
  for (auto& [component, due] : groups) {
    if (!due.now) continue;
    AlertNotice notice;
    notice.wall_ns = wall_ns;
    notice.group = component;
    for (const auto& [alert, kind] : due.news) {
      notice.news.push_back({kind, alert->id, alert->finding, alert->fired_wall_ns,
                             alert->resolved_wall_ns, static_cast<uint32_t>(alert->changes.size()),
                             alert->worst});
      Tell(alert, kind, wall_ns);
    }
    for (const auto& [key, alert] : alerts_) {
      notice.firing +=
          alert.state == AlertState::kFiring && alert.finding.component == component ? 1 : 0;
    }
    groups_[component].told_wall_ns = wall_ns;
    notices.push_back(std::move(notice));
    ++revision_;
  }
  return notices;
}

// ------------------------------------------------------------------------------ what people do

const Silence* AlertBook::SilenceOf(const Alert& alert, uint64_t wall_ns) const {
  return FindSilence(silences_, alert.finding, wall_ns);
}

const Alert* AlertBook::FindFiring(std::string_view id) const {
  for (const auto& [key, alert] : alerts_) {
    if (alert.state == AlertState::kFiring && (alert.id == id || key == id)) return &alert;
  }
  return nullptr;
}

bool AlertBook::Acknowledge(std::string_view id, const std::string& by, const std::string& comment,
                            uint64_t wall_ns) {
  const Alert* const found = FindFiring(id);
  if (found == nullptr) return false;
  Alert& alert = alerts_[KeyOf(found->finding)];
  alert.acknowledged_by = by;
  alert.acknowledged_comment = comment;
  alert.acknowledged_wall_ns = by.empty() ? 0 : wall_ns;
  // Taken back: the next repetition is an interval away, not overdue.
  if (by.empty() && alert.told == Alert::Told::kFiring) alert.told_wall_ns = wall_ns;
  ++revision_;
  return true;
}

Result<Silence> AlertBook::AddSilence(Silence silence, uint64_t wall_ns) {
  std::erase_if(silences_, [&](const Silence& each) {
    return silences_.size() >= kMostSilences && each.end_wall_ns <= wall_ns;
  });
  if (silences_.size() >= kMostSilences) {
    return Error{"there are " + std::to_string(kMostSilences) + " silences already"};
  }
  silence.id = "s" + std::to_string(wall_ns / 1'000'000) + "-" + std::to_string(++episodes_);
  silences_.push_back(silence);
  ++revision_;
  return silence;
}

bool AlertBook::ExpireSilence(std::string_view id, uint64_t wall_ns) {
  for (Silence& silence : silences_) {
    if (silence.id != id || silence.end_wall_ns <= wall_ns) continue;
    silence.end_wall_ns = wall_ns;
    silence.start_wall_ns = std::min(silence.start_wall_ns, wall_ns);
    ++revision_;
    return true;
  }
  return false;
}

}  // namespace stirbar
