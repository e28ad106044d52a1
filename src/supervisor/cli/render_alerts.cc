#include "supervisor/cli/render_alerts.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "supervisor/cli/terminal_text.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr size_t kWidth = 400;
constexpr size_t kOverShown = 10;

template <typename Look>
void ForEach(const json::object& object, std::string_view name, Look look) {
  for (const json::value& value : RowsOf(object, name)) {
    if (value.is_object()) look(value.as_object());
  }
}

bool IsTrue(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::string WorkerOf(const json::object& alert) {
  const auto slot = NumberOf(alert, "slot");
  return slot ? CountText(slot) : "";
}

std::string StateOf(const json::object& alert) {
  std::string state = TextOf(alert, "state");
  if (IsTrue(alert, "flapping")) state = "flapping";
  const std::string silence = TextOf(alert, "silenced_by");
  if (silence != "-") state = "silenced";
  const json::object& acknowledged = PartOf(alert, "acknowledged");
  if (!acknowledged.empty()) state += ", acknowledged by " + TextOf(acknowledged, "by");
  return state;
}

void AddTable(const Table& table, unsigned texts, std::vector<std::string>* lines) {
  for (std::string& line : table.Lines(texts)) lines->push_back(std::move(line));
}

void AddAlerts(const json::object& answer, std::vector<std::string>* lines) {
  Table table({"SEVERITY", "RULE", "WORKER", "STATE", "SINCE", "MESSAGE", "ID"});
  bool any = false;
  ForEach(answer, "firing", [&](const json::object& alert) {
    any = true;
    table.Add({TextOf(alert, "severity"), SafeText(TextOf(alert, "rule"), 40), WorkerOf(alert),
               SafeText(StateOf(alert), 60), SafeText(TextOf(alert, "since"), 24),
               SafeText(TextOf(alert, "message"), 160), SafeText(TextOf(alert, "id"), 80)});
  });
  ForEach(answer, "pending", [&](const json::object& alert) {
    any = true;
    table.Add({TextOf(alert, "severity"), SafeText(TextOf(alert, "rule"), 40), WorkerOf(alert),
               "pending", SafeText(TextOf(alert, "since"), 24),
               SafeText(TextOf(alert, "message"), 160), ""});
  });
  if (any) {
    AddTable(table, 0b1111011, lines);
  } else {
    lines->emplace_back("No alert fires.");
  }
}

void AddSilences(const json::object& answer, std::vector<std::string>* lines) {
  Table table({"SILENCE", "STATE", "MATCHES", "UNTIL", "BY", "COMMENT"});
  bool any = false;
  ForEach(answer, "silences", [&](const json::object& silence) {
    if (TextOf(silence, "state") == "over") return;
    any = true;
    std::string matchers;
    for (const json::value& matcher : RowsOf(silence, "matchers")) {
      if (matcher.is_string()) {
        matchers += (matchers.empty() ? "" : " ") + std::string(matcher.as_string());
      }
    }
    table.Add({SafeText(TextOf(silence, "id"), 40), TextOf(silence, "state"),
               SafeText(matchers, 120), SafeText(TextOf(silence, "end"), 24),
               SafeText(TextOf(silence, "author"), 60), SafeText(TextOf(silence, "comment"), 120)});
  });
  if (!any) return;
  lines->emplace_back("");
  AddTable(table, 0b111111, lines);
}

void AddSinks(const json::object& answer, std::vector<std::string>* lines) {
  const json::object& alerting = PartOf(answer, "alerting");
  lines->emplace_back("");
  if (RowsOf(alerting, "sinks").empty()) {
    lines->emplace_back("No sink is configured: alerts are on the page and in the log only.");
    return;
  }
  Table table({"SINK", "KIND", "TO", "DELIVERED", "WAITING", "FAILURES", "STATE"});
  ForEach(alerting, "sinks", [&](const json::object& sink) {
    const auto failing = NumberOf(sink, "failing_seconds");
    const std::string state = failing.value_or(0) > 0 ? "fails for " + DurationText(failing) +
                                                            ": " + TextOf(sink, "last_error")
                                                      : "works";
    table.Add({SafeText(TextOf(sink, "name"), 40), TextOf(sink, "kind"),
               SafeText(TextOf(sink, "target"), 80), CountText(NumberOf(sink, "delivered")),
               CountText(NumberOf(sink, "waiting")), CountText(NumberOf(sink, "failures")),
               SafeText(state, 160)});
  });
  AddTable(table, 0b1000111, lines);
  const std::string trouble = TextOf(PartOf(alerting, "outbox"), "trouble");
  if (trouble != "-" && !trouble.empty()) {
    lines->push_back("What waits is in memory only: " + trouble);
  }
}

void AddOver(const json::object& answer, std::vector<std::string>* lines) {
  size_t shown = 0;
  ForEach(answer, "resolved", [&](const json::object& alert) {
    if (shown++ >= kOverShown) return;
    if (shown == 1) {
      lines->emplace_back("");
      lines->emplace_back("Over, the newest first:");
    }
    lines->push_back("  " + TextOf(alert, "resolved") + "  " + TextOf(alert, "severity") + "  " +
                     TextOf(alert, "rule") + ": " + TextOf(alert, "message"));
  });
}

}  // namespace

std::vector<std::string> RenderAlerts(const json::object& answer) {
  std::vector<std::string> lines;
  AddAlerts(answer, &lines);
  AddSilences(answer, &lines);
  AddSinks(answer, &lines);
  AddOver(answer, &lines);
  for (std::string& line : lines) line = SafeText(std::move(line), kWidth);
  return lines;
}

}  // namespace stirbar
