#include "supervisor/setting_desk.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "segment/config.h"

namespace stirbar {
namespace {

namespace json = boost::json;

const SettingSpec& SpecOf(SettingId id) { return kSettingSpecs[static_cast<size_t>(id)]; }

std::string Details(const SettingChange& change) {
  const SettingSpec& spec = SpecOf(change.id);
  return json::serialize(json::object{{"number", change.number},
                                      {"kind", Name(change.kind)},
                                      {"old", SettingText(spec, change.before)},
                                      {"new", SettingText(spec, change.after)},
                                      {"old_origin", Name(change.origin_before)},
                                      {"new_origin", Name(change.origin_after)}});
}

}  // namespace

SettingDesk::SettingDesk(Segment& segment, SettingStore store, RecordSink& records, LogLine log)
    : segment_(segment), store_(std::move(store)), records_(records), log_(std::move(log)) {}

void SettingDesk::Begin(SettingValues file, SettingValues environment, uint64_t wall_ns) {
  layers_.file = std::move(file);
  layers_.environment = std::move(environment);
  stored_ = store_.Load();
  for (const std::string& problem : stored_.problems) {
    Note(Severity::kWarning, "settings", "", "a stored setting is left out: " + problem, "",
         wall_ns);
  }
  layers_.runtime = stored_.runtime;
  Turn(wall_ns);
}

void SettingDesk::Turn(uint64_t wall_ns) {
  SettingValues application = ReadApplicationSettings(segment_);
  if (application != layers_.application) layers_.application = std::move(application);
  Adopt(wall_ns);
  Write();
  TellIgnored(wall_ns);
}

// What was ordered through the segment: `stirbar shed`, or a supervisor that died before it had
// stored the order.
void SettingDesk::Adopt(uint64_t wall_ns) {
  const SegmentSettings held = ReadSettings(segment_);
  SettingProposal proposal;
  for (const SettingSpec& spec : kSettingSpecs) {
    if (held.origins[static_cast<size_t>(spec.id)] != SettingOrigin::kRuntime) continue;
    const double value = held.values[spec.id];
    if (layers_.Said(SettingOrigin::kRuntime, spec.id) == value) continue;
    proposal.set.emplace_back(spec.name, SettingText(spec, value));
  }
  if (proposal.set.empty()) return;
  Change(proposal, "a user of this machine, by shared memory", ChangeMode::kApply, wall_ns);
}

void SettingDesk::Write() {
  resolved_ = Resolve(layers_);
  const SegmentSettings held = ReadSettings(segment_);
  for (const SettingSpec& spec : kSettingSpecs) {
    const auto index = static_cast<size_t>(spec.id);
    if (held.values[spec.id] == resolved_.values[spec.id] &&
        held.origins[index] == resolved_.origins[index]) {
      continue;
    }
    PutSetting(segment_, spec, resolved_.values[spec.id], resolved_.origins[index]);
  }
}

void SettingDesk::TellIgnored(uint64_t wall_ns) {
  if (resolved_.ignored == told_) return;
  told_ = resolved_.ignored;
  for (const IgnoredSetting& one : told_) {
    const SettingSpec& spec = SpecOf(one.id);
    Note(Severity::kWarning, std::string(spec.name), "",
         std::string(spec.name) + " = " + SettingText(spec, one.value) + " (" +
             std::string(Name(one.origin)) + ") is not obeyed: " + one.reason,
         "", wall_ns);
  }
}

SettingOutcome SettingDesk::Change(const SettingProposal& proposal, const std::string& actor,
                                   ChangeMode mode, uint64_t wall_ns) {
  SettingVerdict verdict = Judge(proposal, layers_, stored_.changes);
  SettingOutcome outcome;
  if (verdict.refusal) {
    outcome.refusal = std::move(verdict.refusal);
    if (mode == ChangeMode::kApply) {
      Note(Severity::kWarning, outcome.refusal->field, actor,
           "a change was refused: " + outcome.refusal->Text(), "", wall_ns);
    }
    return outcome;
  }
  outcome.changes = std::move(verdict.changes);
  verdict.changes.clear();
  if (mode == ChangeMode::kDryRun || outcome.changes.empty()) return outcome;
  Apply(verdict, actor, wall_ns, &outcome.changes);
  outcome.not_stored = not_stored_;
  return outcome;
}

void SettingDesk::Apply(const SettingVerdict& verdict, const std::string& actor, uint64_t wall_ns,
                        std::vector<SettingChange>* changes) {
  for (SettingChange& change : *changes) {
    change.number = stored_.next_number++;
    change.wall_ns = wall_ns;
    change.actor = actor;
    stored_.changes.push_back(change);
  }
  if (stored_.changes.size() > kSettingChanges) {
    stored_.changes.erase(stored_.changes.begin(), stored_.changes.end() - kSettingChanges);
  }
  layers_.runtime = verdict.runtime;
  stored_.runtime = verdict.runtime;
  Write();
  const Result<bool> saved = store_.Save(stored_);
  not_stored_ = saved ? "" : saved.error();
  for (const SettingChange& change : *changes) {
    Note(Severity::kInfo, std::string(SpecOf(change.id).name), actor,
         "setting " + ChangeText(change), Details(change), wall_ns);
  }
  if (saved) return;
  log_(Severity::kWarning, "the change holds until the supervisor ends: " + saved.error());
}

void SettingDesk::Note(Severity severity, std::string name, std::string actor, std::string text,
                       std::string details, uint64_t wall_ns) {
  log_(severity, text + (actor.empty() ? "" : ", by " + actor));
  HistoryRecord record;
  record.wall_ns = wall_ns;
  record.kind = RecordKind::kSetting;
  record.severity = severity;
  record.name = std::move(name);
  record.actor = std::move(actor);
  record.text = std::move(text);
  record.details = std::move(details);
  records_.Record(record);
}

const SettingChange* SettingDesk::LastChange(SettingId id) const {
  for (auto one = stored_.changes.rbegin(); one != stored_.changes.rend(); ++one) {
    if (one->id == id) return &*one;
  }
  return nullptr;
}

}  // namespace stirbar
