// What of the book is kept on disk.
#include <algorithm>
#include <array>
#include <utility>

#include "supervisor/publish/alert_book.h"
#include "supervisor/publish/alert_fields.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> kTold{"nothing", "firing", "flapping", "resolved"};

json::object ToJson(const Alert& alert) {
  json::array changes;
  for (const uint64_t change : alert.changes) changes.emplace_back(change);
  return {{"id", alert.id},
          {"finding", stirbar::ToJson(alert.finding)},
          {"fires", alert.state == AlertState::kFiring},
          {"fired", alert.fired_wall_ns},
          {"resolved", alert.resolved_wall_ns},
          {"changed", alert.changed_wall_ns},
          {"changes", std::move(changes)},
          {"flapping", alert.flapping},
          {"told", kTold[static_cast<size_t>(alert.told)]},
          {"worst", static_cast<uint64_t>(alert.worst)},
          {"told_severity", static_cast<uint64_t>(alert.told_severity)},
          {"told_time", alert.told_wall_ns},
          {"acknowledged_by", alert.acknowledged_by},
          {"acknowledged_comment", alert.acknowledged_comment},
          {"acknowledged_time", alert.acknowledged_wall_ns}};
}

Alert AlertFromJson(const json::object& object) {
  Alert alert;
  alert.id = TextField(object, "id");
  alert.finding = FindingFromJson(ObjectField(object, "finding"));
  alert.state = FlagField(object, "fires") ? AlertState::kFiring : AlertState::kResolved;
  alert.fired_wall_ns = CountField(object, "fired");
  alert.resolved_wall_ns = CountField(object, "resolved");
  alert.changed_wall_ns = CountField(object, "changed");
  for (const json::value& change : ArrayField(object, "changes")) {
    if (change.is_number()) alert.changes.push_back(change.to_number<uint64_t>());
  }
  alert.flapping = FlagField(object, "flapping");
  const auto* const told = std::find(kTold.begin(), kTold.end(), TextField(object, "told"));
  if (told != kTold.end()) alert.told = static_cast<Alert::Told>(told - kTold.begin());
  alert.told_severity =
      static_cast<Status>(std::min<uint64_t>(CountField(object, "told_severity"), 2));
  alert.worst = static_cast<Status>(std::min<uint64_t>(CountField(object, "worst"), 2));
  alert.told_wall_ns = CountField(object, "told_time");
  alert.acknowledged_by = TextField(object, "acknowledged_by");
  alert.acknowledged_comment = TextField(object, "acknowledged_comment");
  alert.acknowledged_wall_ns = CountField(object, "acknowledged_time");
  return alert;
}

template <typename Take>
void ForEach(const json::object& state, std::string_view name, Take take) {
  for (const json::value& value : ArrayField(state, name)) {
    if (value.is_object()) take(value.get_object());
  }
}

}  // namespace

json::object AlertBook::Save() const {
  json::array alerts;
  for (const auto& [key, alert] : alerts_) alerts.push_back(ToJson(alert));
  json::array resolved;
  for (const Alert& alert : resolved_) resolved.push_back(ToJson(alert));
  json::array silences;
  for (const Silence& silence : silences_) silences.push_back(stirbar::ToJson(silence));
  json::object groups;
  for (const auto& [component, group] : groups_) groups[component] = group.told_wall_ns;
  return {{"alerts", std::move(alerts)},
          {"resolved", std::move(resolved)},
          {"silences", std::move(silences)},
          {"groups", std::move(groups)},
          {"episodes", episodes_}};
}

void AlertBook::Restore(const json::object& state, uint64_t wall_ns) {
  restored_wall_ns_ = wall_ns;
  episodes_ = CountField(state, "episodes");
  ForEach(state, "alerts", [&](const json::object& object) {
    Alert alert = AlertFromJson(object);
    if (alert.id.empty()) return;
    alert.restored = alert.state == AlertState::kFiring;
    alerts_[KeyOf(alert.finding)] = std::move(alert);
  });
  ForEach(state, "resolved",
          [&](const json::object& object) { resolved_.push_back(AlertFromJson(object)); });
  ForEach(state, "silences", [&](const json::object& object) {
    Result<Silence> silence = SilenceFromJson(object);
    if (silence) silences_.push_back(*std::move(silence));
  });
  const json::object& groups = ObjectField(state, "groups");
  for (const auto& [component, told] : groups) {
    groups_[std::string(component)].told_wall_ns = CountField(groups, component);
  }
}

}  // namespace stirbar
