// `stirbar history`: reads the file itself, so that it works without a supervisor.
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <vector>

#include "base/clock.h"
#include "supervisor/cli/ask_supervisor.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/history_file.h"
#include "supervisor/cli/terminal_text.h"
#include "supervisor/publish/history_text.h"
#include "supervisor/publish/json_writer.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;

// Some 130 MB of memory, and a table of 400 MB.
constexpr int64_t kMostPoints = 100'000;
constexpr int64_t kExportedByDefault = 86'400;

std::string TimeText(int64_t seconds) {
  return seconds <= 0 ? "-" : Rfc3339(static_cast<uint64_t>(seconds) * 1'000'000'000);
}

void PrintInfo(const HistoryInfo& info, const std::string& path) {
  std::printf("%s: %s, %lld records, %lld routes\n", path.c_str(),
              MegabytesText(static_cast<double>(info.bytes)).c_str(),
              static_cast<long long>(info.records), static_cast<long long>(info.routes));
  Table table({"seconds", "rows", "oldest", "newest"});
  for (const HistoryInfo::Level& level : info.levels) {
    table.Add({std::to_string(level.seconds), std::to_string(level.rows), TimeText(level.oldest),
               TimeText(level.newest)});
  }
  for (const std::string& line : table.Lines(0)) std::printf("%s\n", line.c_str());
}

// What the supervisor that writes the file at `path` says of where else the history goes. Absent:
// none answers; the file itself is read without one.
std::optional<boost::json::object> AskedInfo(const ViewOptions& view, const std::string& path) {
  const Result<HttpAnswer> answer = AskSupervisor(view, "/api/v1/history/info");
  if (!answer) return std::nullopt;
  Result<boost::json::object> parsed = ParsedAnswer(*answer);
  if (!parsed || TextOf(*parsed, "path") != path) return std::nullopt;
  return std::move(*parsed);
}

void PrintExports(const boost::json::object& info) {
  const boost::json::array& exports = RowsOf(info, "exports");
  if (exports.empty()) return;
  Table table({"export", "to", "state", "last success", "sent", "waiting", "behind", "failures",
               "refused", "dropped"});
  for (const boost::json::value& each : exports) {
    if (!each.is_object()) continue;
    const boost::json::object& one = each.get_object();
    const bool failing = TextOf(one, "failing_since") != "-";
    const bool sent = TextOf(one, "last_success") != "-";
    table.Add({SafeText(TextOf(one, "name"), 40),
               SafeText(TextOf(one, "kind") + " " + TextOf(one, "target"), 60),
               failing ? "failing"
               : sent  ? "works"
                       : "waiting",
               TextOf(one, "last_success"), CountText(NumberOf(one, "sent")),
               CountText(NumberOf(one, "waiting")), DurationText(NumberOf(one, "behind_seconds")),
               CountText(NumberOf(one, "failures")), CountText(NumberOf(one, "refused")),
               CountText(NumberOf(one, "dropped"))});
  }
  std::printf("\n");
  for (const std::string& line : table.Lines(0b1111)) std::printf("%s\n", line.c_str());
  for (const boost::json::value& each : exports) {
    if (!each.is_object()) continue;
    const std::string error = TextOf(each.get_object(), "error");
    if (error == "-" || error.empty()) continue;
    std::printf("%s: %s\n", SafeText(TextOf(each.get_object(), "name"), 40).c_str(),
                SafeText(error, 300).c_str());
  }
}

std::optional<std::string> Word(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

Result<HistoryQuery> QueryOf(const HistoryExportOptions& options) {
  const auto now = static_cast<int64_t>(WallNs() / 1'000'000'000);
  RangeWords words{Word(options.from), Word(options.until), Word(options.step)};
  if (!words.from) {
    const Result<int64_t> until =
        words.until ? ParseTime("until", *words.until) : Result<int64_t>(now);
    if (!until) return Error{until.error()};
    words.from = std::to_string(std::max<int64_t>(0, *until - kExportedByDefault));
  }
  const Result<HistoryRange> range = ParseRange(words, now, kMostPoints);
  if (!range) return Error{range.error()};
  HistoryQuery query;
  query.range = *range;
  const Result<bool> metrics = ParseMetrics(options.metrics, &query);
  if (!metrics) return Error{metrics.error()};
  return query;
}

// Writes all of `text`, or says why not.
Result<bool> Save(const std::string& text, const std::string& path) {
  std::FILE* const file = path.empty() || path == "-" ? stdout : std::fopen(path.c_str(), "w");
  if (file == nullptr) return ErrnoError("write " + path, errno);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = file == stdout ? std::fflush(file) == 0 : std::fclose(file) == 0;
  if (written && closed) return true;
  return ErrnoError("write " + (path.empty() ? "to the standard output" : path), errno);
}

}  // namespace

int HistoryInfoCommand(const HistoryFileOptions& options) {
  const Result<OpenHistoryFile> file = OpenHistory(options);
  if (!file) return FailView(options.view, file.error());
  const Result<HistoryInfo> info = file->reader->Info();
  if (!info) return FailView(options.view, info.error());
  const std::optional<boost::json::object> asked = AskedInfo(options.view, file->path);
  if (options.view.output == Output::kJson) {
    JsonWriter json;
    json.BeginObject();
    json.Field("path", file->path);
    AddInfo(*info, &json);
    if (asked && asked->contains("exports")) {
      json.BeginArray("exports");
      for (const boost::json::value& each : RowsOf(*asked, "exports")) {
        json.Raw(boost::json::serialize(each));
      }
      json.EndArray();
    }
    json.EndObject();
    std::printf("%s\n", json.Take().c_str());
  } else {
    PrintInfo(*info, file->path);
    if (asked) PrintExports(*asked);
  }
  return 0;
}

int HistoryExportCommand(const HistoryExportOptions& options) {
  const Result<HistoryQuery> query = QueryOf(options);
  if (!query) return FailView(options.file.view, query.error());
  const Result<OpenHistoryFile> file = OpenHistory(options.file);
  if (!file) return FailView(options.file.view, file.error());
  const Result<HistoryAnswer> answer = file->reader->Figures(*query);
  if (!answer) return FailView(options.file.view, answer.error());
  const bool json = options.format == "json" || options.file.view.output == Output::kJson;
  const Result<bool> saved =
      Save(json ? RangeJson(*answer) + "\n" : RangeCsv(*answer), options.output);
  return saved ? 0 : FailView(options.file.view, saved.error());
}

}  // namespace stirbar
