#include "supervisor/cli/render_actions.h"

#include <cstdio>
#include <optional>

#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/terminal_text.h"

namespace stirbar {
namespace {

namespace json = boost::json;

std::string Change(const json::object& action) {
  const std::optional<double> before = NumberOf(action, "before_bytes");
  const std::optional<double> after = NumberOf(action, "after_bytes");
  if (!before || !after) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%+.1f MB", (*after - *before) * 1e-6);
  return text;
}

std::string Worker(const json::object& action) {
  const std::optional<double> slot = NumberOf(action, "slot");
  const std::optional<double> pid = NumberOf(action, "pid");
  if (!slot || !pid) return "the app";
  char text[64];
  std::snprintf(text, sizeof text, "worker %.0f (pid %.0f)", *slot, *pid);
  return text;
}

}  // namespace

int64_t NumberOfAction(const json::object& action) {
  return static_cast<int64_t>(NumberOf(action, "number").value_or(0));
}

bool IsRunningAction(const json::object& action) { return TextOf(action, "state") == "running"; }

bool IsFailedAction(const json::object& action) { return TextOf(action, "state") == "failed"; }

std::string RenderAction(const json::object& action) {
  char head[128];
  std::snprintf(head, sizeof head, "%-9s %-22s %-9s %11s  ",
                SafeText(TextOf(action, "action"), 9).c_str(), Worker(action).c_str(),
                SafeText(TextOf(action, "state"), 9).c_str(), Change(action).c_str());
  return head + SafeText(TextOf(action, "reason"), 200) + "; " +
         SafeText(TextOf(action, "effect"), 300);
}

std::string AnswerText(const json::object& answer) { return SafeText(TextOf(answer, "text"), 300); }

}  // namespace stirbar
