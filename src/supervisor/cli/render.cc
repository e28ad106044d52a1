#include "supervisor/cli/render.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <optional>

#include "supervisor/cli/shed_levels.h"
#include "supervisor/cli/terminal_text.h"

namespace stirbar {
namespace {

namespace json = boost::json;

std::string Paint(const std::string& text, const std::string& status, Colour colour) {
  if (colour == Colour::kOff) return text;
  const char* const code = status == "critical"  ? "\x1b[1;31m"
                           : status == "warning" ? "\x1b[1;33m"
                                                 : "\x1b[1;32m";
  return code + text + "\x1b[0m";
}

std::optional<double> InBytes(std::optional<double> megabytes) {
  return megabytes ? std::optional(*megabytes * 1e6) : std::nullopt;
}

// "saturation 62.0 %  sheds background (measurement)  queue p95 600.0 ms"
std::string LoadText(const json::object& traffic) {
  const std::string who = ShedLevelWord(NumberOf(traffic, "shed_level"));
  const std::string by = TextOf(traffic, "shed_by");
  const bool told = who != "nobody" || by == "operator";
  return "saturation " + RatioText(NumberOf(traffic, "saturation")) + "  sheds " + who +
         (told ? " (" + by + ")" : "") + "  queue p95 " +
         DurationText(NumberOf(PartOf(traffic, "queue"), "p95_seconds"));
}

class Renderer {
 public:
  explicit Renderer(const RenderOptions& options) : options_(options) {}

  std::vector<std::string> Run(const json::object& snapshot) {
    Head(snapshot);
    Figures(snapshot);
    Workers(RowsOf(snapshot, "workers"));
    Requests(RowsOf(snapshot, "in_flight"));
    Routes(RowsOf(snapshot, "routes"));
    return std::move(lines_);
  }

 private:
  void Line(const std::string& text) { lines_.push_back(SafeText(text, options_.width)); }
  void Lines(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) Line(line);
  }

  void Head(const json::object& snapshot) {
    const json::object& app = PartOf(snapshot, "app");
    const std::string status = TextOf(snapshot, "status");
    lines_.push_back(
        SafeText(TextOf(app, "name"), 60) + "  " + Paint(status, status, options_.colour) +
        SafeText("  " + LoadText(PartOf(snapshot, "traffic")) + "  " + TextOf(app, "server") +
                     "  " + TextOf(app, "url") + "  " + TextOf(snapshot, "time"),
                 options_.width));
    for (const json::value& reason : RowsOf(snapshot, "reasons")) {
      if (reason.is_string()) Line("  ! " + std::string(reason.as_string()));
    }
    for (const json::value& value : RowsOf(PartOf(snapshot, "health"), "recommendations")) {
      if (value.is_object()) Line("  > " + TextOf(value.as_object(), "text"));
    }
  }

  void Figures(const json::object& snapshot) {
    const json::object& resources = PartOf(snapshot, "resources");
    const json::object& performance = PartOf(snapshot, "performance");
    const json::object& latency = PartOf(snapshot, "latency");
    const json::object& totals = PartOf(snapshot, "totals");
    Line("");
    Line("  requests " + CountText(NumberOf(totals, "requests")) + "   " +
         RateText(NumberOf(performance, "throughput_rps")) + "/s   p50 " +
         DurationText(NumberOf(latency, "p50_seconds")) + "   p95 " +
         DurationText(NumberOf(latency, "p95_seconds")) + "   p99 " +
         DurationText(NumberOf(latency, "p99_seconds")) + "   errors " +
         RatioText(NumberOf(performance, "error_rate")) + "   lost " +
         CountText(NumberOf(totals, "lost")));
    Line("  memory " + PercentText(NumberOf(resources, "memory_usage_percent")) + " (app " +
         MegabytesText(InBytes(NumberOf(resources, "memory_usage_mb"))) + ")   cpu " +
         PercentText(NumberOf(resources, "cpu_usage_percent")) + "   disk " +
         PercentText(NumberOf(resources, "disk_usage_percent")) + "   threads " +
         CountText(NumberOf(resources, "active_threads")) + "   accept queue " +
         CountText(NumberOf(resources, "request_queue_size")));
  }

  void Workers(const json::array& workers) {
    Line("");
    if (workers.empty()) {
      Line("  No worker has been seen yet.");
      return;
    }
    Table table(
        {"SLOT", "PID", "STATE", "REQUESTS", "ERRORS", "IN FLIGHT", "RSS", "CPU", "REASON"});
    for (const json::value& value : workers) {
      if (!value.is_object()) continue;
      const json::object& worker = value.as_object();
      table.Add({CountText(NumberOf(worker, "slot")), CountText(NumberOf(worker, "pid")),
                 TextOf(worker, "state"), CountText(NumberOf(worker, "requests")),
                 CountText(NumberOf(worker, "errors")), CountText(NumberOf(worker, "in_flight")),
                 MegabytesText(NumberOf(worker, "rss_bytes")),
                 RatioText(NumberOf(worker, "cpu_ratio")), TextOf(worker, "reason")});
    }
    Lines(table.Lines(0b100000100));
  }

  void Requests(const json::array& requests) {
    if (requests.empty() || options_.request_rows == 0) return;
    Line("");
    Table table({"IN FLIGHT", "AGE", "PHASE", "SLOT", "PID", "THREAD"});
    for (const json::value& value : requests) {
      if (!value.is_object() || IsFull(rows_shown_, options_.request_rows)) continue;
      const json::object& request = value.as_object();
      table.Add({SafeText(TextOf(request, "route"), 50),
                 DurationText(NumberOf(request, "age_seconds")), TextOf(request, "phase"),
                 CountText(NumberOf(request, "slot")), CountText(NumberOf(request, "pid")),
                 CountText(NumberOf(request, "thread"))});
    }
    Lines(table.Lines(0b000101));
  }

  void Routes(const json::array& routes) {
    if (routes.empty() || options_.route_rows == 0) return;
    Line("");
    Table table({"ROUTE", "REQUESTS", "/S", "ERRORS", "P50", "P95", "P99", "MAX"});
    rows_shown_ = 0;
    for (const json::value& value : routes) {
      if (!value.is_object() || IsFull(rows_shown_, options_.route_rows)) continue;
      const json::object& route = value.as_object();
      table.Add({SafeText(TextOf(route, "route"), 50), CountText(NumberOf(route, "requests")),
                 RateText(NumberOf(route, "requests_per_second")),
                 CountText(NumberOf(route, "errors")), DurationText(NumberOf(route, "p50_seconds")),
                 DurationText(NumberOf(route, "p95_seconds")),
                 DurationText(NumberOf(route, "p99_seconds")),
                 DurationText(NumberOf(route, "max_seconds"))});
    }
    Lines(table.Lines(0b1));
  }

  static bool IsFull(size_t& rows, size_t most) { return rows++ >= most; }

  const RenderOptions& options_;
  std::vector<std::string> lines_;
  size_t rows_shown_ = 0;
};

}  // namespace

std::vector<std::string> Render(const json::object& snapshot, const RenderOptions& options) {
  return Renderer(options).Run(snapshot);
}

}  // namespace stirbar
