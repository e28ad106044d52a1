#include "supervisor/cli/render_requests.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "supervisor/cli/terminal_text.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr size_t kWidth = 400;

struct ActivityWords {
  std::string_view activity;
  std::string_view words;
};
constexpr ActivityWords kActivities[] = {{"sql", "in SQL"},
                                         {"redis", "in Redis"},
                                         {"http", "in an outgoing call"},
                                         {"checkout", "waiting for a connection"}};

// "in SQL since 3.1 s, holds a connection for 3.2 s, stuck (recorded)".
std::string Doing(const json::object& request) {
  const std::string activity = TextOf(request, "activity");
  std::string text =
      TextOf(request, "phase") + " since " + DurationText(NumberOf(request, "phase_age_seconds"));
  for (const ActivityWords& known : kActivities) {
    if (activity != known.activity) continue;
    text =
        std::string(known.words) + " since " + DurationText(NumberOf(request, "activity_seconds"));
  }
  if (const auto held = NumberOf(request, "connection_seconds")) {
    text += ", holds a connection for " + DurationText(held);
  }
  const std::string stuck = TextOf(request, "stuck");
  if (!stuck.empty() && stuck != "-") text += ", stuck (" + stuck + ")";
  return text;
}

// "sql 3.1 s (12), lock 50.0 ms (1)": those that are not 0, with how many.
std::string Parts(const json::object& request) {
  const json::object& calls = PartOf(request, "calls");
  std::string text;
  for (const auto& member : PartOf(request, "parts")) {
    if (!member.value().is_number() || !(member.value().to_number<double>() > 0)) continue;
    text += (text.empty() ? "" : ", ") + std::string(member.key()) + " " +
            DurationText(member.value().to_number<double>()) + " (" +
            CountText(NumberOf(calls, member.key())) + ")";
  }
  return text;
}

std::string Queue(const json::object& request) {
  const auto seconds = NumberOf(request, "queue_seconds");
  return seconds ? DurationText(seconds) + " (" + TextOf(request, "queue_source") + ")" : "-";
}

std::string HowItEnded(const json::object& request) {
  const json::value* const running = request.if_contains("running");
  if (running != nullptr && running->is_bool() && running->as_bool()) return "still running";
  const auto status = NumberOf(request, "status");
  return status ? "status " + CountText(status) : "raised";
}

// The lines of one block.
class Block {
 public:
  explicit Block(std::vector<std::string>* lines) : lines_(*lines) {}
  void Add(const std::string& text) { lines_.push_back(SafeText(text, kWidth)); }

 private:
  std::vector<std::string>& lines_;
};

void AddStack(const json::object& request, Block* block) {
  const json::array& stack = RowsOf(request, "stack");
  if (stack.empty()) return;
  block->Add("    stack at " + DurationText(NumberOf(request, "stack_age_seconds")) + " (" +
             TextOf(request, "stack_quality") + "), innermost first:");
  for (const json::value& value : stack) {
    if (!value.is_object()) continue;
    const json::object& frame = value.as_object();
    const std::string file = TextOf(frame, "file");
    block->Add("      " + TextOf(frame, "function") +
               (file.empty() ? "" : "  " + file + ":" + CountText(NumberOf(frame, "line"))));
  }
}

void AddSlow(const json::object& request, Block* block) {
  block->Add(TextOf(request, "time") + "  " + TextOf(request, "route") + "  " +
             DurationText(NumberOf(request, "duration_seconds")) + "  " + HowItEnded(request) +
             "  worker " + CountText(NumberOf(request, "slot")) + " (pid " +
             CountText(NumberOf(request, "pid")) + ", thread " +
             CountText(NumberOf(request, "thread")) + ")");
  const std::string parts = Parts(request);
  block->Add("    queue " + Queue(request) + (parts.empty() ? "" : ", " + parts));
  if (const auto holder = NumberOf(request, "lock_holder")) {
    block->Add("    interpreter lock held by thread " + CountText(holder));
  }
  for (const json::value& value : RowsOf(request, "statements")) {
    if (!value.is_object()) continue;
    const json::object& statement = value.as_object();
    block->Add("    " + DurationText(NumberOf(statement, "seconds")) + " in " +
               CountText(NumberOf(statement, "calls")) + " calls: " + TextOf(statement, "text"));
  }
  AddStack(request, block);
}

}  // namespace

std::vector<std::string> RenderInFlight(const json::object& snapshot) {
  const json::array& requests = RowsOf(snapshot, "in_flight");
  if (requests.empty()) return {"No request is in flight."};
  Table table({"ROUTE", "AGE", "DOING", "QUEUE", "CLIENT", "SLOT", "PID", "THREAD", "TIME SPENT"});
  for (const json::value& value : requests) {
    if (!value.is_object()) continue;
    const json::object& request = value.as_object();
    const std::string client = TextOf(request, "client");
    table.Add({SafeText(TextOf(request, "route"), 50),
               DurationText(NumberOf(request, "age_seconds")), SafeText(Doing(request), 120),
               SafeText(Queue(request), 40), SafeText(client.empty() ? "-" : client, 45),
               CountText(NumberOf(request, "slot")), CountText(NumberOf(request, "pid")),
               CountText(NumberOf(request, "thread")), SafeText(Parts(request), 120)});
  }
  std::vector<std::string> lines = table.Lines(0b100010101);
  for (std::string& line : lines) line = SafeText(line, kWidth);
  return lines;
}

std::vector<std::string> RenderSlow(const json::object& snapshot) {
  std::vector<std::string> lines;
  Block block(&lines);
  for (const json::value& value : RowsOf(snapshot, "slow_requests")) {
    if (value.is_object()) AddSlow(value.as_object(), &block);
  }
  if (lines.empty()) lines.emplace_back("No slow request has been seen.");
  return lines;
}

}  // namespace stirbar
