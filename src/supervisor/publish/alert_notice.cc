#include "supervisor/publish/alert_notice.h"

#include <algorithm>
#include <array>
#include <utility>

#include "supervisor/publish/alert_fields.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 6> kKinds{"firing",   "severity", "repeat",
                                                 "flapping", "resolved", "test"};

Status StatusNamed(std::string_view name) {
  if (name == Name(Status::kCritical)) return Status::kCritical;
  return name == Name(Status::kHealthy) ? Status::kHealthy : Status::kWarning;
}

NewsKind KindNamed(std::string_view name) {
  const auto* const found = std::find(kKinds.begin(), kKinds.end(), name);
  return found == kKinds.end() ? NewsKind::kFiring : static_cast<NewsKind>(found - kKinds.begin());
}

}  // namespace

std::string_view Name(NewsKind kind) { return kKinds[static_cast<size_t>(kind)]; }

Status WorstOf(const AlertNotice& notice) {
  Status worst = Status::kHealthy;
  for (const AlertNews& news : notice.news) {
    if (news.kind != NewsKind::kResolved) worst = std::max(worst, news.finding.severity);
  }
  return worst;
}

std::string_view StatusOf(const AlertNotice& notice) {
  std::string_view status = "resolved";
  for (const AlertNews& news : notice.news) {
    if (news.kind == NewsKind::kTest) return "test";
    if (news.kind == NewsKind::kFlapping && status == "resolved") status = "flapping";
    if (news.kind != NewsKind::kFlapping && news.kind != NewsKind::kResolved) status = "firing";
  }
  return status;
}

json::object ToJson(const Finding& finding) {
  return {{"rule", finding.rule},
          {"component", finding.component},
          {"severity", Name(finding.severity)},
          {"slot", finding.slot ? json::value(*finding.slot) : json::value(nullptr)},
          {"message", finding.message},
          {"value", NumberValue(finding.value)},
          {"threshold", NumberValue(finding.threshold)},
          {"since", finding.since_wall_ns}};
}

Finding FindingFromJson(const json::object& object) {
  Finding finding;
  finding.rule = TextField(object, "rule");
  finding.component = TextField(object, "component");
  finding.severity = StatusNamed(TextField(object, "severity"));
  const json::value* const slot = object.if_contains("slot");
  if (slot != nullptr && slot->is_number()) {
    finding.slot = static_cast<uint32_t>(CountField(object, "slot"));
  }
  finding.message = TextField(object, "message");
  finding.value = NumberField(object, "value");
  finding.threshold = NumberField(object, "threshold");
  finding.since_wall_ns = CountField(object, "since");
  return finding;
}

json::object ToJson(const AlertNotice& notice) {
  json::array news;
  for (const AlertNews& each : notice.news) {
    news.push_back(json::object{{"kind", Name(each.kind)},
                                {"id", each.id},
                                {"finding", ToJson(each.finding)},
                                {"fired", each.fired_wall_ns},
                                {"resolved", each.resolved_wall_ns},
                                {"changes", each.changes},
                                {"worst", Name(each.worst)}});
  }
  return {{"number", notice.number}, {"key", notice.key},      {"time", notice.wall_ns},
          {"app", notice.app},       {"group", notice.group},  {"url", notice.url},
          {"firing", notice.firing}, {"news", std::move(news)}};
}

AlertNotice NoticeFromJson(const json::object& object) {
  AlertNotice notice;
  notice.number = CountField(object, "number");
  notice.key = TextField(object, "key");
  notice.wall_ns = CountField(object, "time");
  notice.app = TextField(object, "app");
  notice.group = TextField(object, "group");
  notice.url = TextField(object, "url");
  notice.firing = static_cast<uint32_t>(CountField(object, "firing"));
  for (const json::value& value : ArrayField(object, "news")) {
    if (!value.is_object()) continue;
    const json::object& each = value.get_object();
    notice.news.push_back({KindNamed(TextField(each, "kind")), TextField(each, "id"),
                           FindingFromJson(ObjectField(each, "finding")), CountField(each, "fired"),
                           CountField(each, "resolved"),
                           static_cast<uint32_t>(CountField(each, "changes")),
                           StatusNamed(TextField(each, "worst"))});
  }
  return notice;
}

}  // namespace stirbar
