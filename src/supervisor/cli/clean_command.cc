#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <set>
#include <thread>

#include "supervisor/cli/ask_supervisor.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/render_actions.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kPause{500};
constexpr std::chrono::seconds kLongest{180};
constexpr std::chrono::seconds kQuiet{3};  // without news: steps follow each other within a second

// Newest last.
Result<json::array> ActionsAfter(const ViewOptions& view, int64_t number) {
  const Result<HttpAnswer> answer = AskSupervisor(view, "/api/v1/actions");
  if (!answer) return Error{answer.error()};
  const Result<json::object> parsed = ParsedAnswer(*answer);
  if (!parsed) return Error{parsed.error()};
  json::array found;
  const json::value* const actions = parsed->if_contains("actions");
  if (actions == nullptr || !actions->is_array()) return Error{"the answer names no actions"};
  for (auto each = actions->as_array().rbegin(); each != actions->as_array().rend(); ++each) {
    if (each->is_object() && NumberOfAction(each->as_object()) > number) found.push_back(*each);
  }
  return found;
}

// Follows what has begun until it is over; prints each action when it is. 1: not all of it was
// done.
int Follow(const ViewOptions& view, int64_t before) {
  const auto begin = std::chrono::steady_clock::now();
  auto newest = begin;
  std::set<int64_t> told;
  json::array ended;
  bool failed = false;
  for (;;) {
    std::this_thread::sleep_for(kPause);
    const Result<json::array> actions = ActionsAfter(view, before);
    if (!actions) return FailView(view, actions.error());
    bool runs = false;
    for (const json::value& each : *actions) {
      const json::object& action = each.as_object();
      if (IsRunningAction(action)) runs = true;
      if (IsRunningAction(action) || !told.insert(NumberOfAction(action)).second) continue;
      newest = std::chrono::steady_clock::now();
      failed = failed || IsFailedAction(action);
      ended.push_back(each);
      if (view.output == Output::kText) std::printf("%s\n", RenderAction(action).c_str());
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - begin > kLongest) {
      return FailView(view, "it goes on; /api/v1/actions and the page Actions show it");
    }
    if (!runs && now - newest > kQuiet) break;
  }
  if (view.output == Output::kJson) PrintJson({{"actions", ended}});
  return failed ? 1 : 0;
}

}  // namespace

int ActionCommand(const ActionOptions& options) {
  const Result<json::array> known = ActionsAfter(options.view, 0);
  if (!known) return FailView(options.view, known.error());
  const int64_t before = known->empty() ? 0 : NumberOfAction(known->back().as_object());
  json::object wanted{{"action", options.recycle ? "recycle" : "cleanup"},
                      {"dry_run", options.dry_run}};
  if (options.pid != 0) wanted["worker"] = options.pid;
  const Result<HttpAnswer> answer =
      ChangeSupervisor(options.view, "/api/v1/actions", json::serialize(wanted));
  if (!answer) return FailView(options.view, answer.error());
  const Result<json::object> parsed = ParsedAnswer(*answer);
  if (parsed && options.view.output == Output::kText) {
    std::fprintf(stderr, "%s\n", AnswerText(*parsed).c_str());
  }
  return Follow(options.view, before);
}

}  // namespace stirbar
