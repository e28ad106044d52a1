// `stirbar history`: reads the file itself, so that it works without a supervisor.
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "base/clock.h"
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
  if (options.view.output == Output::kJson) {
    JsonWriter json;
    json.BeginObject();
    json.Field("path", file->path);
    AddInfo(*info, &json);
    json.EndObject();
    std::printf("%s\n", json.Take().c_str());
  } else {
    PrintInfo(*info, file->path);
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
