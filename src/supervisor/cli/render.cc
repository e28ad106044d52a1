#include "supervisor/cli/render.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <optional>

namespace stirbar {
namespace {

namespace json = boost::json;

const json::value* Member(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

std::string Text(const json::object& object, std::string_view name) {
  const json::value* const value = Member(object, name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "-";
}

std::optional<double> Number(const json::object& object, std::string_view name) {
  const json::value* const value = Member(object, name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

const json::array& Rows(const json::object& object, std::string_view name) {
  static const json::array empty;
  const json::value* const value = Member(object, name);
  return value != nullptr && value->is_array() ? value->as_array() : empty;
}

const json::object& Part(const json::object& object, std::string_view name) {
  static const json::object empty;
  const json::value* const value = Member(object, name);
  return value != nullptr && value->is_object() ? value->as_object() : empty;
}

std::string Format(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string Count(std::optional<double> value) { return value ? Format("%.0f", *value) : "-"; }
std::string Rate(std::optional<double> value) { return value ? Format("%.1f", *value) : "-"; }
std::string Percent(std::optional<double> value) { return value ? Format("%.1f %%", *value) : "-"; }
std::string Ratio(std::optional<double> value) {
  return value ? Format("%.1f %%", *value * 100) : "-";
}
std::string Megabytes(std::optional<double> bytes) {
  return bytes ? Format("%.1f MB", *bytes * 1e-6) : "-";
}
std::string Duration(std::optional<double> seconds) {
  if (!seconds) return "-";
  if (*seconds < 1) return Format("%.1f ms", *seconds * 1e3);
  return Format(*seconds < 100 ? "%.1f s" : "%.0f s", *seconds);
}

// Columns under a header: text to the left, the rest to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  // `text_columns`: a bit for each column that is text.
  std::vector<std::string> Lines(unsigned text_columns) const {
    std::vector<size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::vector<std::string> lines;
    for (const auto& row : rows_) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        const std::string space(widths[i] - row[i].size(), ' ');
        line += "  ";
        line += (text_columns >> i & 1U) != 0 ? row[i] + space : space + row[i];
      }
      lines.push_back(line.substr(0, line.find_last_not_of(' ') + 1));
    }
    return lines;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string Paint(const std::string& text, const std::string& status, Colour colour) {
  if (colour == Colour::kOff) return text;
  const char* const code = status == "critical"  ? "\x1b[1;31m"
                           : status == "warning" ? "\x1b[1;33m"
                                                 : "\x1b[1;32m";
  return code + text + "\x1b[0m";
}

// Route rules come from the app: nothing in them may steer the terminal, neither the control
// characters of ASCII nor those of Unicode (U+0080 to U+009F, two bytes in UTF-8).
std::string Safe(std::string text, size_t width) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const auto next = static_cast<uint8_t>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte < 0x20 || byte == 0x7F) text[i] = '?';
    if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) text.replace(i, 2, "?");
  }
  return text.size() > width ? text.substr(0, width) : text;
}

class Renderer {
 public:
  explicit Renderer(const RenderOptions& options) : options_(options) {}

  std::vector<std::string> Run(const json::object& snapshot) {
    Head(snapshot);
    Figures(snapshot);
    Workers(Rows(snapshot, "workers"));
    Requests(Rows(snapshot, "in_flight"));
    Routes(Rows(snapshot, "routes"));
    return std::move(lines_);
  }

 private:
  void Line(const std::string& text) { lines_.push_back(Safe(text, options_.width)); }
  void Lines(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) Line(line);
  }

  void Head(const json::object& snapshot) {
    const json::object& app = Part(snapshot, "app");
    const std::string status = Text(snapshot, "status");
    lines_.push_back(
        Safe(Text(app, "name"), 60) + "  " + Paint(status, status, options_.colour) +
        Safe("  " + Text(app, "server") + "  " + Text(app, "url") + "  " + Text(snapshot, "time"),
             options_.width));
    for (const json::value& reason : Rows(snapshot, "reasons")) {
      if (reason.is_string()) Line("  ! " + std::string(reason.as_string()));
    }
    for (const json::value& value : Rows(Part(snapshot, "health"), "recommendations")) {
      if (value.is_object()) Line("  > " + Text(value.as_object(), "text"));
    }
  }

  void Figures(const json::object& snapshot) {
    const json::object& resources = Part(snapshot, "resources");
    const json::object& performance = Part(snapshot, "performance");
    const json::object& latency = Part(snapshot, "latency");
    const json::object& totals = Part(snapshot, "totals");
    Line("");
    Line("  requests " + Count(Number(totals, "requests")) + "   " +
         Rate(Number(performance, "throughput_rps")) + "/s   p50 " +
         Duration(Number(latency, "p50_seconds")) + "   p95 " +
         Duration(Number(latency, "p95_seconds")) + "   p99 " +
         Duration(Number(latency, "p99_seconds")) + "   errors " +
         Ratio(Number(performance, "error_rate")) + "   lost " + Count(Number(totals, "lost")));
    const auto megabytes = Number(resources, "memory_usage_mb");
    Line("  memory " + Percent(Number(resources, "memory_usage_percent")) + " (app " +
         (megabytes ? Format("%.1f MB", *megabytes) : "-") + ")   cpu " +
         Percent(Number(resources, "cpu_usage_percent")) + "   disk " +
         Percent(Number(resources, "disk_usage_percent")) + "   threads " +
         Count(Number(resources, "active_threads")) + "   accept queue " +
         Count(Number(resources, "request_queue_size")));
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
      table.Add({Count(Number(worker, "slot")), Count(Number(worker, "pid")), Text(worker, "state"),
                 Count(Number(worker, "requests")), Count(Number(worker, "errors")),
                 Count(Number(worker, "in_flight")), Megabytes(Number(worker, "rss_bytes")),
                 Ratio(Number(worker, "cpu_ratio")), Text(worker, "reason")});
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
      table.Add({Safe(Text(request, "route"), 50), Duration(Number(request, "age_seconds")),
                 Text(request, "phase"), Count(Number(request, "slot")),
                 Count(Number(request, "pid")), Count(Number(request, "thread"))});
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
      table.Add({Safe(Text(route, "route"), 50), Count(Number(route, "requests")),
                 Rate(Number(route, "requests_per_second")), Count(Number(route, "errors")),
                 Duration(Number(route, "p50_seconds")), Duration(Number(route, "p95_seconds")),
                 Duration(Number(route, "p99_seconds")), Duration(Number(route, "max_seconds"))});
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
