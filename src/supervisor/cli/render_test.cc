#include "supervisor/cli/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <sstream>

namespace stirbar {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

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

TEST(Render, ShowsTheExample) {
  const boost::json::object snapshot = ExampleSnapshot();
  const std::string text = All(Render(snapshot, {.width = 400}));
  EXPECT_THAT(text, HasSubstr(std::string(snapshot.at("status").as_string())));
  EXPECT_THAT(text, HasSubstr("SLOT"));
  EXPECT_THAT(text, HasSubstr("ROUTE"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(All(Render(snapshot, {.colour = Colour::kOn})), HasSubstr("\x1b["));
}

TEST(Render, TheHeadSaysHowLoadedTheAppIs) {
  boost::json::object snapshot = ExampleSnapshot();
  EXPECT_THAT(Render(snapshot, {.width = 400}).front(),
              HasSubstr("saturation 62.0 %  sheds background (measurement)  queue p95 600.0 ms"));
  snapshot.at("traffic").as_object()["shed_level"] = 0;
  EXPECT_THAT(Render(snapshot, {.width = 400}).front(), HasSubstr("sheds nobody  queue"));
  snapshot.at("traffic").as_object()["shed_by"] = "operator";
  EXPECT_THAT(Render(snapshot, {.width = 400}).front(), HasSubstr("sheds nobody (operator)"));
}

TEST(Render, MissingMembersAreDashes) {
  const std::vector<std::string> lines = Render({}, {});
  EXPECT_THAT(lines, Contains(HasSubstr("requests -")));
  EXPECT_THAT(lines, Contains(HasSubstr("No worker has been seen yet")));
}

TEST(Render, MembersOfAnotherKindDoNoHarm) {
  boost::json::object snapshot = ExampleSnapshot();
  std::vector<std::string> names;
  for (const auto& member : snapshot) names.emplace_back(member.key());
  for (const std::string& name : names) {
    for (const char* text : {"null", "5", "\"text\"", "[]", "{}", "[5, null, \"x\", [], {}]"}) {
      boost::json::object changed = snapshot;
      changed[name] = boost::json::parse(text);
      EXPECT_FALSE(Render(changed, {}).empty()) << name << " " << text;
    }
  }
}

TEST(Render, NothingOfTheAppSteersTheTerminal) {
  const boost::json::value snapshot = boost::json::parse(R"({
    "status": "warning", "reasons": ["a\u001b[2Jb\u009b31m"],
    "app": {"name": "n\u001b]0;x\u0007", "server": "sh -c \"a\nb\"\u009d", "url": "\u007f"},
    "routes": [{"route": "GET /\u001b[1m\u0085\n", "requests": 1}],
    "in_flight": [{"route": "GET /\u0090", "age_seconds": 1}],
    "workers": [{"slot": 0, "state": "busy", "reason": "\r\u001b"}]})");
  const std::string text = All(Render(snapshot.as_object(), {.width = 400}));
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    EXPECT_TRUE(byte >= 0x20 || byte == '\n') << i;
    EXPECT_NE(byte, 0x7F) << i;
    EXPECT_FALSE(byte == 0xC2 && static_cast<uint8_t>(text[i + 1]) < 0xA0) << i;
  }
  for (const std::string& line : Render(snapshot.as_object(), {})) {
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(Render, RowsAndColumnsAreLimited) {
  boost::json::array routes;
  for (int i = 0; i < 50; ++i) {
    routes.push_back({{"route", "GET /" + std::string(300, 'x')}, {"requests", i}});
  }
  const boost::json::object snapshot{{"routes", routes}, {"in_flight", routes}};
  const auto lines = Render(snapshot, {.width = 60, .route_rows = 4, .request_rows = 2});
  size_t rows = 0;
  for (const std::string& line : lines) rows += line.find("GET /x") != std::string::npos;
  EXPECT_EQ(rows, 6U);
  for (size_t i = 1; i < lines.size(); ++i) EXPECT_LE(lines[i].size(), 60U);
}

}  // namespace
}  // namespace stirbar
