#include "supervisor/publish/alert_desk.h"

#include <algorithm>
#include <utility>

namespace stirbar {
namespace {

constexpr size_t kMostWays = 1000;  // episodes

Severity SeverityOf(Status status) {
  return status == Status::kCritical  ? Severity::kCritical
         : status == Status::kWarning ? Severity::kWarning
                                      : Severity::kInfo;
}

std::string WordsOf(AlertChangeKind kind, const Alert& alert) {
  switch (kind) {
    case AlertChangeKind::kFired:
      return "fires: ";
    case AlertChangeKind::kSeverity:
      return "is now " + std::string(Name(alert.finding.severity)) + ": ";
    case AlertChangeKind::kResolved:
      return "is over: ";
    case AlertChangeKind::kFlapping:
      return "comes and goes (" + std::to_string(alert.changes.size()) + " changes): ";
    case AlertChangeKind::kCalm:
      return "has calmed down: ";
  }
  return "";
}

std::vector<std::string> NamesOf(const std::vector<OutboxSink>& sinks) {
  std::vector<std::string> names;
  for (const OutboxSink& sink : sinks) names.push_back(sink.options.name);
  return names;
}

size_t SeverityIndex(const Alert& alert) {
  return alert.finding.severity == Status::kCritical ? 1 : 0;
}

}  // namespace

AlertDesk::AlertDesk(AlertDeskOptions options)
    : history_(options.history),
      log_(std::move(options.log)),
      sink_names_(NamesOf(options.sinks)),
      outbox_(std::move(options.outbox), std::move(options.sinks)) {
  if (!outbox_.remark().empty()) log_(Severity::kWarning, outbox_.remark());
  book_.Restore(outbox_.restored(), WallNs());
  committed_revision_ = book_.revision();
  NoteDeliveries();
}

void AlertDesk::Publish(const std::shared_ptr<const Snapshot>& snapshot) {
  const stirbar::Sample& sample = snapshot->sample;
  const uint64_t wall_ns = sample.tick.wall_ns;
  app_ = sample.app_name;
  url_ = sample.url.empty() ? "" : sample.url + (sample.url.ends_with('/') ? "" : "/") + "alerts";
  for (const AlertChange& change :
       book_.Observe(snapshot->evaluation.assessment, sample.settings, wall_ns)) {
    Note(change);
  }
  std::vector<AlertNotice> notices = book_.TakeDue(sample.settings, wall_ns);
  if (book_.revision() != committed_revision_) Commit(std::move(notices));
  NoteDeliveries();
  std::vector<AlertNews> firing;
  for (const auto& [key, alert] : book_.alerts()) {
    if (alert.state != AlertState::kFiring || alert.told != Alert::Told::kFiring ||
        book_.SilenceOf(alert, wall_ns) != nullptr) {
      continue;
    }
    firing.push_back(
        {NewsKind::kRepeat, alert.id, alert.finding, alert.fired_wall_ns, 0, 0, alert.worst});
  }
  outbox_.SetFiring(std::move(firing));
}

void AlertDesk::Commit(std::vector<AlertNotice> notices, const std::string& only) {
  for (AlertNotice& notice : notices) {
    notice.app = app_;
    notice.url = url_;
  }
  outbox_.Commit(book_.Save(), std::move(notices), only);
  committed_revision_ = book_.revision();
}

void AlertDesk::Note(const AlertChange& change) {
  const Alert& alert = change.alert;
  const bool over =
      change.kind == AlertChangeKind::kResolved || change.kind == AlertChangeKind::kCalm;
  Record(over ? Severity::kInfo : SeverityOf(alert.finding.severity), alert.finding.rule, "",
         WordsOf(change.kind, alert) + alert.finding.message);
}

void AlertDesk::Record(Severity severity, std::string name, std::string actor, std::string text) {
  if (history_ == nullptr) return;
  HistoryRecord record;
  record.kind = RecordKind::kAlert;
  record.severity = severity;
  record.name = std::move(name);
  record.actor = std::move(actor);
  record.text = std::move(text);
  history_->Record(record);
}

void AlertDesk::NoteDeliveries() {
  for (const Delivery& delivery : outbox_.TakeDeliveries()) {
    NoteWay(delivery);
    if (delivery.outcome == Delivery::Outcome::kWaiting) continue;
    const bool delivered = delivery.outcome == Delivery::Outcome::kDelivered;
    const std::string text = std::string(stirbar::Name(delivery.outcome)) + ": message " +
                             delivery.notice->key + " about " + delivery.notice->group +
                             (delivery.error.empty() ? "" : ": " + delivery.error);
    if (!delivered) log_(Severity::kWarning, "alerts, sink " + delivery.sink + ": " + text);
    Record(delivered ? Severity::kInfo : Severity::kWarning, "sink " + delivery.sink, "", text);
  }
  AlertingSample state;
  outbox_.Fill(&state);
  if (state.outbox_trouble != trouble_) {
    trouble_ = state.outbox_trouble;
    log_(trouble_.empty() ? Severity::kInfo : Severity::kWarning,
         trouble_.empty() ? "what waits to be told is on disk again"
                          : "what waits to be told is in memory only: " + trouble_);
  }
}

void AlertDesk::NoteWay(const Delivery& delivery) {
  for (const AlertNews& news : delivery.notice->news) {
    std::vector<AlertWay>& ways = ways_[news.id];
    const auto known = std::find_if(ways.begin(), ways.end(), [&](const AlertWay& way) {
      return way.number == delivery.notice->number && way.sink == delivery.sink;
    });
    AlertWay way{delivery.sink, news.kind, delivery.outcome, delivery.wall_ns,
                 delivery.notice->number};
    if (known != ways.end()) {
      *known = std::move(way);
    } else {
      ways.push_back(std::move(way));
    }
    if (ways.size() > 20) ways.erase(ways.begin());
  }
  if (ways_.size() <= kMostWays) return;
  // Which go first does not matter much: there are five times as many as are shown.
  std::erase_if(ways_, [&](const auto& entry) {
    const auto ends_with_it = [&](const Alert& alert) { return alert.id == entry.first; };
    return std::none_of(book_.resolved().begin(), book_.resolved().end(), ends_with_it) &&
           book_.FindFiring(entry.first) == nullptr;
  });
}

std::vector<AlertWay> AlertDesk::WaysOf(const std::string& id) const {
  const auto found = ways_.find(id);
  return found == ways_.end() ? std::vector<AlertWay>() : found->second;
}

AlertingSample AlertDesk::Sample(uint64_t wall_ns) const {
  AlertingSample sample;
  outbox_.Fill(&sample);
  for (const Finding& finding : book_.pending()) {
    ++sample.pending[finding.severity == Status::kCritical ? 1 : 0];
  }
  for (const auto& [key, alert] : book_.alerts()) {
    if (alert.flapping) ++sample.flapping[SeverityIndex(alert)];
    if (alert.state != AlertState::kFiring) continue;
    ++sample.firing[SeverityIndex(alert)];
    if (book_.SilenceOf(alert, wall_ns) != nullptr) ++sample.silenced[SeverityIndex(alert)];
    if (!alert.acknowledged_by.empty()) ++sample.acknowledged[SeverityIndex(alert)];
  }
  return sample;
}

// ------------------------------------------------------------------------------ what people do

Result<Silence> AlertDesk::AddSilence(Silence silence, uint64_t wall_ns) {
  Result<Silence> added = book_.AddSilence(std::move(silence), wall_ns);
  if (!added) return added;
  std::string matchers;
  for (const AlertMatcher& matcher : added->matchers) matchers += " " + TextOf(matcher);
  Record(Severity::kInfo, "silence", added->author,
         "silence " + added->id + " of" + matchers + " for " +
             std::to_string((added->end_wall_ns - added->start_wall_ns) / 1'000'000'000) + " s" +
             (added->comment.empty() ? "" : ": " + added->comment));
  Commit({});
  return added;
}

Result<bool> AlertDesk::ExpireSilence(const std::string& id, const std::string& actor,
                                      uint64_t wall_ns) {
  if (!book_.ExpireSilence(id, wall_ns)) {
    return Error{"silence '" + id.substr(0, 100) + "' is not there, or over already"};
  }
  Record(Severity::kInfo, "silence", actor, "silence " + id + " was ended");
  Commit({});
  return true;
}

Result<bool> AlertDesk::Acknowledge(const std::string& id, Ack ack, const std::string& actor,
                                    const std::string& comment, uint64_t wall_ns) {
  const Alert* const alert = book_.FindFiring(id);
  if (alert == nullptr) return Error{"no alert '" + id.substr(0, 100) + "' fires"};
  const std::string rule = alert->finding.rule;
  const bool set = ack == Ack::kSet;
  book_.Acknowledge(id, set ? actor : "", comment, wall_ns);
  Record(Severity::kInfo, rule, actor,
         std::string(set ? "acknowledged" : "acknowledgement taken back") +
             (comment.empty() ? "" : ": " + comment));
  Commit({});
  return true;
}

Result<std::vector<std::string>> AlertDesk::Test(const std::string& sink, const std::string& actor,
                                                 uint64_t wall_ns) {
  const bool known = std::find(sink_names_.begin(), sink_names_.end(), sink) != sink_names_.end();
  std::string names;
  for (const std::string& name : sink_names_) names += (names.empty() ? "" : ", ") + name;
  if (sink_names_.empty()) return Error{"no sink is configured: see [[sinks]] in docs/alerts.md"};
  if (!sink.empty() && !known) {
    return Error{"sink: '" + sink.substr(0, 100) + "' is not there; there are: " + names};
  }
  AlertNotice notice;
  notice.wall_ns = wall_ns;
  notice.group = "test";
  AlertNews news;
  news.kind = NewsKind::kTest;
  news.id = "test-" + std::to_string(wall_ns / 1'000'000);
  news.finding.rule = "test";
  news.finding.component = "test";
  news.finding.message = "this is a test, asked for by the " + actor;
  news.finding.since_wall_ns = wall_ns;
  news.fired_wall_ns = wall_ns;
  notice.news.push_back(std::move(news));
  Record(Severity::kInfo, "test", actor, "a test was sent to " + (sink.empty() ? names : sink));
  Commit({std::move(notice)}, sink);
  return sink.empty() ? sink_names_ : std::vector<std::string>{sink};
}

}  // namespace stirbar
