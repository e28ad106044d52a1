#include "supervisor/cli/render_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <fstream>
#include <sstream>

namespace stirbar {
namespace {

using testing::HasSubstr;

boost::json::object ExampleSnapshot() {
  std::ifstream file(std::string(__FILE__).substr(0, std::string(__FILE__).rfind("src/")) +
                     "tests/data/snapshot.json");
  std::ostringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str()).as_object();
}

std::string All(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(RenderInFlight, SaysWhatEachDoes) {
  const std::vector<std::string> lines = RenderInFlight(ExampleSnapshot());
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[1], HasSubstr("GET /lock"));
  EXPECT_THAT(lines[1], HasSubstr("in SQL since 3.1 s, holds a connection for 3.1 s"));
  EXPECT_THAT(lines[1], HasSubstr("stuck (recorded)"));
  EXPECT_THAT(lines[1], HasSubstr("4.0 ms (socket)"));
  EXPECT_THAT(lines[1], HasSubstr("203.0.113.0"));
  EXPECT_THAT(lines[1], HasSubstr("sql 3.1 s (1), lock 50.0 ms (1)"));
  EXPECT_THAT(lines[2], HasSubstr("routing since 20.0 ms"));
}

TEST(RenderSlow, ShowsBreakdownStatementsAndStack) {
  const std::string text = All(RenderSlow(ExampleSnapshot()));
  EXPECT_THAT(text, HasSubstr("GET /item/<int:id>  6.2 s  status 200  worker 0 (pid 4711"));
  EXPECT_THAT(text, HasSubstr("queue 10.0 ms (socket), sql 5.1 s (12), redis 200.0 ms (3)"));
  EXPECT_THAT(text, HasSubstr("4.9 s in 1 calls: SELECT * FROM item WHERE id = ?"));
  EXPECT_THAT(text, HasSubstr("stack at 5.0 s (exact), innermost first:"));
  EXPECT_THAT(text, HasSubstr("Cursor.execute  /srv/shop/db.py:41"));
  EXPECT_THAT(text, HasSubstr("still running"));
  EXPECT_THAT(text, HasSubstr("interpreter lock held by thread 4712"));
}

TEST(RenderRequests, NothingIsSaidInWords) {
  EXPECT_EQ(All(RenderInFlight({})), "No request is in flight.\n");
  EXPECT_EQ(All(RenderSlow({})), "No slow request has been seen.\n");
}

TEST(RenderRequests, MembersOfAnotherKindDoNoHarm) {
  const boost::json::object snapshot = ExampleSnapshot();
  for (const char* list : {"in_flight", "slow_requests"}) {
    const boost::json::object row = snapshot.at(list).as_array()[0].as_object();
    for (const auto& member : row) {
      for (const char* text : {"null", "5", "\"text\"", "[]", "{}", "[5, null, [], {}]"}) {
        boost::json::object changed = row;
        changed[member.key()] = boost::json::parse(text);
        const boost::json::object with{{list, boost::json::array{changed, 5, nullptr}}};
        EXPECT_FALSE(RenderInFlight(with).empty()) << member.key() << text;
        EXPECT_FALSE(RenderSlow(with).empty()) << member.key() << text;
      }
    }
  }
}

TEST(RenderRequests, NothingOfTheAppSteersTheTerminal) {
  const boost::json::value snapshot = boost::json::parse(R"({
    "in_flight": [{"route": "\u001b[2J", "client": "\u009b1m", "phase": "\r", "activity": "\n",
                   "queue_source": "\u0007", "queue_seconds": 1, "stuck": "\u001b",
                   "parts": {"a\u001b": 1}}],
    "slow_requests": [{"route": "\u001b[2J", "time": "\u0007", "parts": {"\u001b": 2},
                       "statements": [{"text": "SELECT\n\u001b"}], "stack_quality": "\u0085",
                       "stack": [{"function": "\u001b", "file": "\u007f\n", "line": 1}]}]})");
  const std::string text =
      All(RenderInFlight(snapshot.as_object())) + All(RenderSlow(snapshot.as_object()));
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    EXPECT_TRUE(byte >= 0x20 || byte == '\n') << i;
    EXPECT_NE(byte, 0x7F) << i;
    EXPECT_FALSE(byte == 0xC2 && static_cast<uint8_t>(text[i + 1]) < 0xA0) << i;
  }
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 7);
}

}  // namespace
}  // namespace stirbar
