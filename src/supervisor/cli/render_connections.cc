#include "supervisor/cli/render_connections.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "supervisor/cli/terminal_text.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr size_t kWidth = 400;

// Calls `look` with every object of the array `name`.
template <typename Look>
void ForEach(const json::object& object, std::string_view name, Look look) {
  for (const json::value& value : RowsOf(object, name)) {
    if (value.is_object()) look(value.as_object());
  }
}

bool IsInstalled(const std::string& file) {
  for (const char* folder : {"/site-packages/", "/dist-packages/", "/lib/python3"}) {
    if (file.find(folder) != std::string::npos) return true;
  }
  return false;
}

std::string FrameText(const json::object& frame) {
  return TextOf(frame, "file") + ":" + CountText(NumberOf(frame, "line")) + " in " +
         TextOf(frame, "function");
}

// The app's own innermost frame; where there is none, the innermost one.
std::string PlaceOf(const json::object& row) {
  std::string place;
  ForEach(row, "stack", [&](const json::object& frame) {
    const bool own = !IsInstalled(TextOf(frame, "file"));
    if (place.empty() || (own && place.front() == '(')) {
      place = own ? FrameText(frame) : "(" + FrameText(frame) + ")";
    }
  });
  return place.empty() ? "-" : place;
}

std::string RouteOf(const json::object& row) {
  const std::string route = TextOf(row, "route");
  return route == "-" ? "(no request)" : route;
}

void AddStack(const json::object& row, std::vector<std::string>* lines) {
  ForEach(row, "stack",
          [&](const json::object& frame) { lines->push_back("      " + FrameText(frame)); });
}

std::string LimitText(const json::object& pool) {
  const auto overflow = NumberOf(pool, "max_overflow");
  return CountText(NumberOf(pool, "size")) + "+" + (overflow ? CountText(overflow) : "unlimited");
}

void AddPools(const json::object& answer, std::vector<std::string>* lines) {
  Table table({"POOL", "WORKERS", "SIZE", "ACTIVE", "IDLE", "OPENING", "WAITING", "IN USE",
               "WAIT P95", "HELD", "TIMEOUTS", "LEAKS"});
  bool any = false;
  ForEach(answer, "pools", [&](const json::object& pool) {
    any = true;
    const json::object& waiting = PartOf(pool, "waiting");
    const json::object& counters = PartOf(pool, "counters");
    const double waits =
        NumberOf(waiting, "request").value_or(0) + NumberOf(waiting, "task").value_or(0);
    const double leaks = NumberOf(counters, "leaks_confirmed").value_or(0) +
                         NumberOf(counters, "leaks_collected").value_or(0);
    table.Add({SafeText(TextOf(pool, "name"), 60), CountText(NumberOf(pool, "workers")),
               LimitText(pool), CountText(NumberOf(pool, "active")),
               CountText(NumberOf(pool, "idle")), CountText(NumberOf(pool, "connecting")),
               CountText(waits), RatioText(NumberOf(pool, "utilisation")),
               DurationText(NumberOf(PartOf(pool, "wait"), "p95_seconds")),
               DurationText(NumberOf(PartOf(pool, "hold"), "mean_seconds")),
               CountText(NumberOf(counters, "timeouts")), CountText(leaks)});
  });
  if (!any) {
    lines->emplace_back("No pool has been used yet.");
    return;
  }
  for (std::string& line : table.Lines(1)) lines->push_back(std::move(line));
  ForEach(answer, "pools", [&](const json::object& pool) {
    ForEach(pool, "targets", [&](const json::object& target) {
      const double open = NumberOf(target, "breakers_open").value_or(0);
      const double seconds = NumberOf(target, "unavailable_seconds").value_or(0);
      if (open <= 0 && seconds <= 0) return;
      lines->push_back("  " + TextOf(target, "name") + " cannot be reached for " +
                       DurationText(seconds) + " (" + TextOf(target, "last_error") + ")");
    });
  });
}

std::string Notes(const json::object& connection) {
  std::string text = CountText(NumberOf(connection, "statements")) + " statements";
  if (const auto seconds = NumberOf(connection, "transaction_seconds")) {
    text += ", transaction open for " + DurationText(seconds);
  }
  const std::string leak = TextOf(connection, "leak");
  if (leak != "-" && leak != "none") text += ", leak " + leak;
  return text;
}

void AddHeld(const json::object& answer, ShownStacks shown, std::vector<std::string>* lines) {
  std::vector<const json::object*> held;
  ForEach(answer, "connections", [&](const json::object& connection) {
    if (TextOf(connection, "state") == "active") held.push_back(&connection);
  });
  lines->emplace_back("");
  if (held.empty()) {
    lines->emplace_back("No connection is held.");
    return;
  }
  Table table({"HELD BY", "FOR", "PID", "THREAD", "LANE", "TAKEN AT", "NOTES"});
  for (const json::object* const row : held) {
    table.Add({SafeText(RouteOf(*row), 50), DurationText(NumberOf(*row, "state_seconds")),
               CountText(NumberOf(*row, "pid")), CountText(NumberOf(*row, "thread")),
               SafeText(TextOf(*row, "lane"), 10), SafeText(PlaceOf(*row), 140),
               SafeText(Notes(*row), 100)});
  }
  const std::vector<std::string> rows = table.Lines(0b1110001);
  lines->push_back(rows.front());
  for (size_t i = 0; i < held.size(); ++i) {
    lines->push_back(rows[i + 1]);
    if (shown == ShownStacks::kWhole) AddStack(*held[i], lines);
  }
}

void AddLeaks(const json::object& answer, ShownStacks shown, std::vector<std::string>* lines) {
  if (RowsOf(answer, "leaks").empty()) return;
  lines->emplace_back("");
  lines->emplace_back("Leaks, the newest last:");
  ForEach(answer, "leaks", [&](const json::object& leak) {
    std::string line = "  " + CountText(NumberOf(leak, "count")) + " x " + TextOf(leak, "kind") +
                       " by " + RouteOf(leak) + " at " + PlaceOf(leak);
    const std::string holder = TextOf(leak, "holder");
    if (holder != "-" && holder != "unknown") line += " (" + holder + ")";
    line += ", held for " + DurationText(NumberOf(leak, "held_seconds"));
    for (const char* word : {"returned", "reclaimed"}) {
      const double count = NumberOf(leak, word).value_or(0);
      if (count > 0) line += ", " + CountText(count) + " " + word;
    }
    lines->push_back(line);
    if (shown == ShownStacks::kWhole) AddStack(leak, lines);
  });
}

void AddStatements(const json::object& answer, std::vector<std::string>* lines) {
  if (RowsOf(answer, "slow_queries").empty()) return;
  lines->emplace_back("");
  lines->emplace_back("Slow statements, the newest last:");
  ForEach(answer, "slow_queries", [&](const json::object& query) {
    lines->push_back("  " + DurationText(NumberOf(query, "seconds")) + "  " + RouteOf(query) +
                     "  " + TextOf(query, "text"));
  });
}

}  // namespace

json::object OfPool(const json::object& answer, std::string_view pool) {
  json::object part = answer;
  if (pool.empty()) return part;
  for (const char* name : {"pools", "connections", "leaks", "slow_queries"}) {
    json::array rows;
    ForEach(answer, name, [&](const json::object& row) {
      const std::string of = TextOf(row, name == std::string_view("pools") ? "name" : "pool");
      if (of.find(pool) != std::string::npos) rows.emplace_back(row);
    });
    part[name] = std::move(rows);
  }
  return part;
}

std::vector<std::string> RenderConnections(const json::object& answer, ShownStacks shown) {
  std::vector<std::string> lines;
  AddPools(answer, &lines);
  AddHeld(answer, shown, &lines);
  AddLeaks(answer, shown, &lines);
  AddStatements(answer, &lines);
  for (std::string& line : lines) line = SafeText(std::move(line), kWidth);
  return lines;
}

}  // namespace stirbar
