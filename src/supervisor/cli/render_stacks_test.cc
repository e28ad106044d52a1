#include "supervisor/cli/render_stacks.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace stirbar {
namespace {

using Lines = std::vector<std::string>;

boost::json::object Parse(std::string_view text) { return boost::json::parse(text).as_object(); }

constexpr std::string_view kStacks = R"({"workers": [
  {"slot": 0, "pid": 4711, "unavailable": "", "lock_locked": true, "lock_holder": 4711, "threads": [
    {"thread": 4711, "name": "gunicorn", "state": "S", "holds_lock": true, "waits_for": "sleep",
     "quality": "exact", "reason": "",
     "frames": [{"function": "hold", "file": "/srv/app.py", "line": 42},
                {"function": "<module>", "file": "/srv/app.py", "line": null}],
     "request": {"route": "GET /x", "age_seconds": 31.24, "phase": "handling", "activity": "sql"}},
    {"thread": 4713, "name": "stirbar-knock", "state": "S", "holds_lock": false,
     "waits_for": "interpreter lock", "quality": "exact", "reason": "", "frames": [],
     "request": null}]},
  {"slot": 1, "pid": 4712, "unavailable": "pid 4712 has ended", "threads": []}]})";

TEST(RenderStacks, ShowsWhoWorksAtARequestOrHoldsTheLock) {
  EXPECT_EQ(RenderStacks(Parse(kStacks), ShownThreads::kConcerned, Colour::kOff),
            (Lines{"worker 0  pid 4711  interpreter lock held by thread 4711",
                   "  thread 4711 (gunicorn)  holds the interpreter lock  waits for: sleep",
                   "  GET /x  31.2 s  handling, in sql",  //
                   "    /srv/app.py:42 in hold",          //
                   "    /srv/app.py:- in <module>",       //
                   "  1 other thread: --all",             //
                   "",                                    //
                   "worker 1  pid 4712  pid 4712 has ended"}));
}

TEST(RenderStacks, ShowsAllThreadsWhenAsked) {
  const Lines lines = RenderStacks(Parse(kStacks), ShownThreads::kAll, Colour::kOff);
  EXPECT_EQ(lines[5], "  thread 4713 (stirbar-knock)  waits for: interpreter lock");
  EXPECT_EQ(lines[6], "    runs no Python code");
}

TEST(RenderStacks, SaysWhenAStackIsNotExact) {
  const Lines lines = RenderStacks(
      Parse(R"({"workers": [{"slot": 0, "pid": 1, "unavailable": "", "lock_locked": false,
                "lock_holder": null, "threads": [
                {"thread": 1, "name": "", "state": "R", "holds_lock": true, "waits_for": "",
                 "quality": "approximate", "reason": "the thread runs", "frames": []}]}]})"),
      ShownThreads::kAll, Colour::kOff);
  EXPECT_EQ(lines, (Lines{"worker 0  pid 1  interpreter lock free",
                          "  thread 1  holds the interpreter lock  runs",
                          "  approximate: the thread runs", "    runs no Python code"}));
}

TEST(RenderStacks, AnythingElseIsNoStacks) {
  for (const char* text : {"{}", R"({"workers": 3})", R"({"workers": [1, null]})"}) {
    EXPECT_EQ(RenderStacks(Parse(text), ShownThreads::kAll, Colour::kOff),
              Lines{"there is no worker"});
  }
  RenderStacks(Parse(R"({"workers": [{"threads": [{"frames": [{}]}]}]})"), ShownThreads::kAll,
               Colour::kOn);
}

}  // namespace
}  // namespace stirbar
