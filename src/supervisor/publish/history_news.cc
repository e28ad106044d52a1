#include "supervisor/publish/history_news.h"

#include <algorithm>
#include <map>

#include "supervisor/publish/history_file.h"
#include "supervisor/publish/history_levels.h"

namespace stirbar {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;

HistoryRecord RecordOf(const Statement& row) {
  HistoryRecord record;
  record.number = static_cast<uint64_t>(row.Integer(0));
  record.wall_ns = static_cast<uint64_t>(row.Integer(1));
  record.kind = static_cast<RecordKind>(row.Integer(2));
  record.severity = static_cast<Severity>(row.Integer(3));
  record.name = std::string(row.Text(4));
  record.actor = std::string(row.Text(5));
  record.text = std::string(row.Text(6));
  record.details = std::string(row.Text(7));
  return record;
}

// Where the records go on. Adds those that were forgotten in between.
uint64_t RecordsDone(Database& database, const HistoryPosition& position, uint64_t* forgotten) {
  if (position.record == 0) return 0;
  const auto oldest =
      static_cast<uint64_t>(database.Figure("SELECT coalesce(min(number), 0) FROM records"));
  if (oldest > position.record) {
    *forgotten += oldest - position.record - 1;
    return oldest - 1;
  }
  Statement row(database, "SELECT time FROM records WHERE number = ?");
  row.Bind(1, static_cast<int64_t>(position.record));
  const bool same = row.Step() && static_cast<uint64_t>(row.Integer(0)) == position.record_wall_ns;
  return same ? position.record : 0;
}

void AddRows(Database& database, const HistoryNewsQuery& query, HistoryNews* news) {
  std::map<int64_t, LayoutColumns> layouts;
  Statement names(database, "SELECT id, names FROM layout");
  while (names.Step()) layouts[names.Integer(0)] = ColumnsOf(names.Text(1));
  const std::string from = " FROM figures_" + std::to_string(query.resolution_seconds) +
                           " WHERE time >= ? AND time <= ?";
  const int64_t newest = query.now - query.resolution_seconds;
  Statement count(database, "SELECT count(*), coalesce(min(time), 0)" + from);
  if (count.Bind(1, news->after.figures).Bind(2, newest).Step() && count.Integer(0) > 0) {
    news->waiting += static_cast<uint64_t>(count.Integer(0));
    news->oldest_wall_ns =
        static_cast<uint64_t>(count.Integer(1) + query.resolution_seconds) * kSecondNs;
  }
  Statement rows(database, "SELECT time, layout, seconds, metrics, histograms" + from +
                               " ORDER BY time LIMIT ?");
  rows.Bind(1, news->after.figures).Bind(2, newest).Bind(3, static_cast<int64_t>(query.most_rows));
  while (rows.Step()) {
    auto& [time, figures] = news->rows.emplace_back();
    time = rows.Integer(0);
    AddPacked(rows.Blob(3), layouts[rows.Integer(1)], static_cast<uint32_t>(rows.Integer(2)),
              &figures);
    AddPackedHistograms(rows.Blob(4), figures.spreads);
  }
  if (!news->rows.empty()) {
    news->after.figures = news->rows.back().first + query.resolution_seconds;
  }
}

void AddRecords(Database& database, const HistoryNewsQuery& query, HistoryNews* news) {
  const auto done = static_cast<int64_t>(RecordsDone(database, query.position, &news->forgotten));
  Statement count(database,
                  "SELECT count(*), coalesce(min(time), 0) FROM records WHERE number > ?");
  if (count.Bind(1, done).Step() && count.Integer(0) > 0) {
    news->waiting += static_cast<uint64_t>(count.Integer(0));
    const auto oldest = static_cast<uint64_t>(count.Integer(1));
    if (news->oldest_wall_ns == 0 || oldest < news->oldest_wall_ns) news->oldest_wall_ns = oldest;
  }
  Statement rows(database,
                 "SELECT number, time, kind, severity, name, actor, text, details FROM records "
                 "WHERE number > ? ORDER BY number LIMIT ?");
  rows.Bind(1, done).Bind(2, static_cast<int64_t>(query.most_records));
  while (rows.Step()) news->records.push_back(RecordOf(rows));
  if (!news->records.empty()) {
    news->after.record = news->records.back().number;
    news->after.record_wall_ns = news->records.back().wall_ns;
  }
}

}  // namespace

Result<HistoryNews> ReadNews(const std::string& path, const HistoryNewsQuery& query) {
  Result<std::unique_ptr<Database>> opened = OpenHistoryToRead(path);
  if (!opened) return Error{opened.error()};
  Database& database = **opened;
  HistoryNews news;
  news.after = query.position;
  news.after.figures =
      std::min(news.after.figures, IntervalOf(query.now, query.resolution_seconds));
  database.Run("BEGIN");
  AddRows(database, query, &news);
  AddRecords(database, query, &news);
  database.Run("COMMIT");
  if (database.failed()) return Error{path + ": " + database.failure().message};
  return news;
}

}  // namespace stirbar
