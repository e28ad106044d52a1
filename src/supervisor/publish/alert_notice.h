// What is told to the sinks: one message about the alerts of one component that have news.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

enum class NewsKind : uint8_t {
  kFiring,
  kSeverity,  // fires on, at another severity
  kRepeat,    // fires on, and nobody has acknowledged it
  kFlapping,  // comes and goes: nothing more is told until it has calmed down
  kResolved,
  kTest,  // asked for by an operator
};
std::string_view Name(NewsKind kind);  // firing, severity, repeat, flapping, resolved, test

// One alert that has news.
struct AlertNews {
  NewsKind kind = NewsKind::kFiring;
  std::string id;  // of this episode: from firing to resolved it is the same
  Finding finding;
  uint64_t fired_wall_ns = 0;
  uint64_t resolved_wall_ns = 0;    // 0: fires
  uint32_t changes = 0;             // within alert_flap_window
  Status worst = Status::kHealthy;  // that this episode has had
};

// One message. Its key says whether a receiver has had it already: it stays the same however often
// it is sent.
struct AlertNotice {
  uint64_t number = 0;  // of the outbox, from 1
  std::string key;
  uint64_t wall_ns = 0;
  std::string app;
  std::string group;    // the component
  std::string url;      // of the page with the alerts; empty when there is none
  uint32_t firing = 0;  // alerts of the group that fire now
  std::vector<AlertNews> news;
};

// Of all news: the worst severity among those that are not over, else healthy.
Status WorstOf(const AlertNotice& notice);
// "firing" while one of its alerts is news that is not over; else "resolved", "flapping", "test".
std::string_view StatusOf(const AlertNotice& notice);

boost::json::object ToJson(const Finding& finding);
Finding FindingFromJson(const boost::json::object& object);
boost::json::object ToJson(const AlertNotice& notice);
AlertNotice NoticeFromJson(const boost::json::object& object);

}  // namespace stirbar
