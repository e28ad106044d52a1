#include "supervisor/cli/render_stacks.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdio>

namespace stirbar {
namespace {

namespace json = boost::json;

std::string Text(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "-";
}

std::string Number(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", value->to_number<double>());
  return text;
}

bool IsTrue(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}

const json::object* Part(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr ? value->if_object() : nullptr;
}

// Calls `look` with every object of the array `name`.
template <typename Look>
void ForEach(const json::object& object, std::string_view name, Look look) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return;
  for (const json::value& row : value->as_array()) {
    if (row.is_object()) look(row.as_object());
  }
}

class Page {
 public:
  explicit Page(Colour colour) : colour_(colour) {}

  void Add(std::string line) { lines_.push_back(std::move(line)); }
  std::string Bold(const std::string& text) const { return Paint("\033[1m", text); }
  std::string Alarm(const std::string& text) const { return Paint("\033[1;31m", text); }
  std::string Faint(const std::string& text) const { return Paint("\033[2m", text); }
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  std::string Paint(const char* code, const std::string& text) const {
    return colour_ == Colour::kOn ? code + text + "\033[0m" : text;
  }

  const Colour colour_;
  std::vector<std::string> lines_;
};

std::string RequestLine(const json::object& request) {
  const json::value* const age = request.if_contains("age_seconds");
  char seconds[32] = "-";
  if (age != nullptr && age->is_number()) {
    std::snprintf(seconds, sizeof seconds, "%.1f s", age->to_number<double>());
  }
  std::string line = Text(request, "route") + "  " + seconds + "  " + Text(request, "phase");
  const std::string activity = Text(request, "activity");
  if (activity != "-" && activity != "application") line += ", in " + activity;
  return line;
}

void AddThread(const json::object& thread, Page* page) {
  std::string head = "  thread " + Number(thread, "thread");
  const std::string name = Text(thread, "name");
  if (!name.empty() && name != "-") head += " (" + name + ")";
  head = page->Bold(head);
  const std::string state = Text(thread, "state");
  if (state == "T" || state == "t") head += "  " + page->Alarm("stopped");
  if (IsTrue(thread, "holds_lock")) head += "  " + page->Alarm("holds the interpreter lock");
  const std::string waits_for = Text(thread, "waits_for");
  if (!waits_for.empty() && waits_for != "-") head += "  waits for: " + waits_for;
  if (state == "R") head += "  runs";
  page->Add(head);
  if (const json::object* const request = Part(thread, "request"); request != nullptr) {
    page->Add("  " + RequestLine(*request));
  }
  const std::string reason = Text(thread, "reason");
  if (Text(thread, "quality") != "exact" || (!reason.empty() && reason != "-")) {
    page->Add("  " + page->Faint(Text(thread, "quality") + ": " + reason));
  }
  bool any = false;
  ForEach(thread, "frames", [&](const json::object& frame) {
    any = true;
    page->Add("    " + Text(frame, "file") + ":" + Number(frame, "line") + " in " +
              Text(frame, "function"));
  });
  if (!any) page->Add("    " + page->Faint("runs no Python code"));
}

void AddWorker(const json::object& worker, ShownThreads shown, Page* page) {
  std::string head = "worker " + Number(worker, "slot") + "  pid " + Number(worker, "pid");
  const std::string unavailable = Text(worker, "unavailable");
  if (!unavailable.empty()) {
    page->Add(page->Bold(head) + "  " + page->Alarm(unavailable));
    return;
  }
  const std::string holder = Number(worker, "lock_holder");
  if (holder != "-") {
    head += "  interpreter lock held by thread " + holder;
  } else {
    head += IsTrue(worker, "lock_locked") ? "  interpreter lock held" : "  interpreter lock free";
  }
  page->Add(page->Bold(head));
  size_t left_out = 0;
  ForEach(worker, "threads", [&](const json::object& thread) {
    const bool concerned = Part(thread, "request") != nullptr || IsTrue(thread, "holds_lock");
    if (shown == ShownThreads::kAll || concerned) {
      AddThread(thread, page);
    } else {
      ++left_out;
    }
  });
  if (left_out > 0) {
    page->Add(page->Faint("  " + std::to_string(left_out) + " other thread" +
                          (left_out == 1 ? "" : "s") + ": --all"));
  }
}

}  // namespace

std::vector<std::string> RenderStacks(const json::object& stacks, ShownThreads shown,
                                      Colour colour) {
  Page page(colour);
  bool first = true;
  ForEach(stacks, "workers", [&](const json::object& worker) {
    if (!first) page.Add("");
    first = false;
    AddWorker(worker, shown, &page);
  });
  if (first) page.Add("there is no worker");
  return page.Take();
}

}  // namespace stirbar
