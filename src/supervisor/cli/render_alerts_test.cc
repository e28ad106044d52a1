#include "supervisor/cli/render_alerts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Rendered(std::string_view text) {
  std::string all;
  for (const std::string& line : RenderAlerts(boost::json::parse(text).as_object())) {
    all += line + "\n";
  }
  return all;
}

TEST(RenderAlerts, NothingAtAll) {
  EXPECT_EQ(Rendered("{}"),
            "No alert fires.\n\nNo sink is configured: alerts are on the page and in the log "
            "only.\n");
}

TEST(RenderAlerts, WhatFiresAndWhoIsTold) {
  const std::string text = Rendered(R"({
    "firing": [{"id": "memory-1", "state": "firing", "rule": "memory", "severity": "critical",
                "slot": null, "message": "memory at 93 %\u001b[2J", "since": "2026-11-23T16:20:00Z",
                "flapping": false, "silenced_by": null,
                "acknowledged": {"by": "operator from 127.0.0.1"}},
               {"id": "lock_wait/1-2", "rule": "lock_wait", "severity": "warning", "slot": 1,
                "state": "firing", "silenced_by": "s1"}],
    "pending": [{"rule": "cpu", "severity": "warning"}],
    "silences": [{"id": "s1", "state": "active", "matchers": ["rule=lock*", "worker=1"]},
                 {"id": "s0", "state": "over", "matchers": ["rule=x"]}],
    "resolved": [{"rule": "disk", "severity": "warning", "resolved": "2026-11-23T16:00:00Z"}],
    "alerting": {"sinks": [{"name": "ops", "kind": "webhook", "target": "https://hooks.example",
                            "delivered": 3, "waiting": 2, "failures": 4, "failing_seconds": 75,
                            "last_error": "it answers 503"}]}})");
  EXPECT_THAT(text, HasSubstr("acknowledged by operator from 127.0.0.1"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("silenced"));
  EXPECT_THAT(text, HasSubstr("pending"));
  EXPECT_THAT(text, HasSubstr("rule=lock* worker=1"));
  EXPECT_THAT(text, Not(HasSubstr("s0")));
  EXPECT_THAT(text, HasSubstr("fails for 75.0 s: it answers 503"));
  EXPECT_THAT(text, HasSubstr("disk"));
}

}  // namespace
}  // namespace stirbar
