#include "supervisor/publish/history_writer.h"

#include <algorithm>

#include "base/clock.h"

namespace stirbar {
namespace {

constexpr int64_t kRecordsKept = 100'000;  // some 25 MB
// Rows of each table, each time: twice what ten minutes of the finest add; of routes, seconds.
constexpr int64_t kForgottenAtOnce = 1200;
constexpr int64_t kRoutesForgottenAtOnce = 7200;

std::string TableOf(size_t level) {
  return "figures_" + std::to_string(kHistoryLevels[level].seconds);
}

// The older row stays when it stands for more: an interval of which the finer rows have partly been
// forgotten is not rolled up anew.
std::string RouteTableOf(size_t level) {
  return "routes_" + std::to_string(kRouteLevels[level].seconds);
}

std::string InsertSql(size_t level) {
  return "INSERT INTO " + TableOf(level) +
         " (time, layout, seconds, metrics, histograms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (time) "
         "DO "
         "UPDATE SET layout = excluded.layout, seconds = excluded.seconds, metrics = "
         "excluded.metrics, histograms = excluded.histograms WHERE excluded.seconds >= seconds";
}

std::string ReadSql(size_t level) {
  return "SELECT time, layout, seconds, metrics, histograms FROM " + TableOf(level) +
         " WHERE time >= ? AND time < ? ORDER BY time";
}

}  // namespace

HistoryWriter::HistoryWriter(Database& database, int64_t now) : database_(database) {
  const std::string names = CurrentLayout();
  Statement(database, "INSERT OR IGNORE INTO layout (names) VALUES (?)").Bind(1, names).Run();
  Statement layouts(database, "SELECT id, names FROM layout");
  while (layouts.Step()) {
    layouts_[layouts.Integer(0)] = ColumnsOf(layouts.Text(1));
    if (layouts.Text(1) == names) layout_ = layouts.Integer(0);
  }
  for (size_t level = 0; level < kLevels; ++level) {
    insert_[level] = Statement(database, InsertSql(level));
    read_[level] = Statement(database, ReadSql(level));
    Statement last(database,
                   "SELECT coalesce(max(time), -1) FROM " + TableOf(level) + " WHERE time <= ?");
    const int64_t seconds = kHistoryLevels[level].seconds;
    if (last.Bind(1, now).Step() && last.Integer(0) >= 0) {
      rolled_until_[level] = last.Integer(0) + seconds;
    }
  }
  last_time_ = rolled_until_[0] - 1;
  for (size_t level = 1; level < kRouteLevels.size(); ++level) {
    const int64_t seconds = kRouteLevels[level].seconds;
    const std::string sql = "SELECT coalesce(max(time), -1) FROM " + RouteTableOf(level);
    const int64_t until = database.Figure(sql.c_str()) + seconds;
    routes_rolled_until_[level] = until < seconds ? 0 : std::min(until, IntervalOf(now, seconds));
  }
  insert_record_ = Statement(database,
                             "INSERT OR IGNORE INTO records (time, kind, severity, name, actor, "
                             "text, details, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  insert_route_ = Statement(database, "INSERT OR IGNORE INTO routes (label) VALUES (?)");
  find_route_ = Statement(database, "SELECT id FROM routes WHERE label = ?");
  insert_route_minute_ = Statement(database,
                                   "INSERT OR REPLACE INTO routes_60 (route, time, requests, "
                                   "errors, nanoseconds, histogram) VALUES (?, ?, ?, ?, ?, ?)");
}

void HistoryWriter::Write(const HistoryBatch& batch) {
  if (batch.empty()) return;
  RolledUntil until = rolled_until_;
  RoutesUntil routes_until = routes_rolled_until_;
  database_.Run("BEGIN IMMEDIATE");
  WritePoints(batch.points, &until);
  WriteRoutes(batch.routes, &routes_until);
  WriteRecords(batch.records);
  database_.Run("COMMIT");
  if (database_.failed()) {
    const SqliteFailure failure = database_.failure();
    database_.ClearFailure();
    for (auto* const statements : {&insert_, &read_}) {
      for (Statement& statement : *statements) statement.Reset();
    }
    database_.Run("ROLLBACK");  // fails where SQLite has done so itself
    database_.ClearFailure();
    database_.Restore(failure);
    return;
  }
  rolled_until_ = until;
  routes_rolled_until_ = routes_until;
  if (!batch.points.empty()) last_time_ = batch.points.back().time;
}

void HistoryWriter::WritePoints(const std::vector<HistorySecond>& points, RolledUntil* until) {
  if (points.empty()) return;
  int64_t last = last_time_;
  for (const HistorySecond& point : points) {
    insert_[0]
        .Bind(1, point.time)
        .Bind(2, layout_)
        .Bind(3, int64_t{1})
        .BindBlob(4, point.metrics)
        .BindBlob(5, point.histograms)
        .Run();
    if (point.time < last) {
      for (size_t level = 1; level < kLevels; ++level) {
        const int64_t begin = IntervalOf(point.time, kHistoryLevels[level].seconds);
        (*until)[level] = std::min((*until)[level], begin);
      }
    }
    last = point.time;
  }
  (*until)[0] = last + 1;
  for (size_t level = 1; level < kLevels; ++level) RollUp(level, until);
}

void HistoryWriter::RollUp(size_t level, RolledUntil* until) {
  const int64_t seconds = kHistoryLevels[level].seconds;
  const int64_t end = IntervalOf((*until)[level - 1], seconds);
  if (end <= (*until)[level]) return;
  HistoryFigures sum;
  int64_t begin = 0;
  const auto write = [&] {
    if (sum.seconds == 0) return;
    const std::string metrics = PackMetrics(sum);
    const std::string histograms = PackHistograms(sum.spreads);
    insert_[level]
        .Bind(1, begin)
        .Bind(2, layout_)
        .Bind(3, static_cast<int64_t>(sum.seconds))
        .BindBlob(4, metrics)
        .BindBlob(5, histograms)
        .Run();
    sum = {};
  };
  Statement& rows = read_[level - 1];
  rows.Bind(1, (*until)[level]).Bind(2, end);
  while (rows.Step()) {
    const int64_t interval = IntervalOf(rows.Integer(0), seconds);
    if (interval != begin) write();
    begin = interval;
    AddPacked(rows.Blob(3), layouts_[rows.Integer(1)], static_cast<uint32_t>(rows.Integer(2)),
              &sum);
    AddPackedHistograms(rows.Blob(4), sum.spreads);
  }
  rows.Reset();
  write();
  (*until)[level] = end;
}

int64_t HistoryWriter::RouteId(const std::string& label) {
  insert_route_.Bind(1, label).Run();
  find_route_.Bind(1, label);
  const int64_t id = find_route_.Step() ? find_route_.Integer(0) : 0;
  find_route_.Reset();
  return id;
}

void HistoryWriter::WriteRoutes(const std::vector<RoutePoint>& routes, RoutesUntil* until) {
  if (routes.empty()) return;
  for (const RoutePoint& point : routes) {
    insert_route_minute_.Bind(1, RouteId(point.label))
        .Bind(2, point.time)
        .Bind(3, static_cast<int64_t>(point.requests))
        .Bind(4, static_cast<int64_t>(point.errors))
        .Bind(5, static_cast<int64_t>(point.nanoseconds))
        .BindBlob(6, point.histogram)
        .Run();
    for (size_t level = 1; level < kRouteLevels.size(); ++level) {
      const int64_t begin = IntervalOf(point.time, kRouteLevels[level].seconds);
      (*until)[level] = std::min((*until)[level], begin);
    }
  }
  (*until)[0] = routes.back().time + int64_t{kRouteLevels[0].seconds};
  for (size_t level = 1; level < kRouteLevels.size(); ++level) {
    const int64_t end = IntervalOf((*until)[level - 1], kRouteLevels[level].seconds);
    if (end <= (*until)[level]) continue;
    RollUpRoutes(level, (*until)[level], end);
    (*until)[level] = end;
  }
}

void HistoryWriter::RollUpRoutes(size_t level, int64_t from, int64_t until) {
  const int64_t seconds = kRouteLevels[level].seconds;
  // Ordered by route first: one route's minutes follow each other.
  Statement rows(database_, "SELECT route, time, requests, errors, nanoseconds, histogram FROM " +
                                RouteTableOf(level - 1) +
                                " WHERE time >= ? AND time < ? ORDER BY route, time");
  Statement insert(database_,
                   "INSERT INTO " + RouteTableOf(level) +
                       " (route, time, requests, errors, nanoseconds, histogram) VALUES (?, ?, ?, "
                       "?, ?, ?) ON CONFLICT (route, time) DO UPDATE SET requests = "
                       "excluded.requests, errors = excluded.errors, nanoseconds = "
                       "excluded.nanoseconds, histogram = excluded.histogram WHERE "
                       "excluded.requests >= requests");
  int64_t route = 0;
  int64_t time = 0;
  std::array<int64_t, 3> sums{};
  std::array<HistogramCounts, 1> histogram{};
  const auto write = [&] {
    if (sums[0] == 0) return;
    const std::string packed = PackHistograms(histogram);
    insert.Bind(1, route).Bind(2, time);
    for (int i = 0; i < 3; ++i) insert.Bind(3 + i, sums[static_cast<size_t>(i)]);
    insert.BindBlob(6, packed).Run();
    sums = {};
    histogram = {};
  };
  rows.Bind(1, from).Bind(2, until);
  while (rows.Step()) {
    const int64_t interval = IntervalOf(rows.Integer(1), seconds);
    if (rows.Integer(0) != route || interval != time) write();
    route = rows.Integer(0);
    time = interval;
    for (int i = 0; i < 3; ++i) sums[static_cast<size_t>(i)] += rows.Integer(2 + i);
    AddPackedHistograms(rows.Blob(5), histogram);
  }
  write();
}

void HistoryWriter::WriteRecords(const std::vector<StoredRecord>& records) {
  for (const StoredRecord& stored : records) {
    const HistoryRecord& record = stored.record;
    insert_record_.Bind(1, static_cast<int64_t>(record.wall_ns))
        .Bind(2, static_cast<int64_t>(record.kind))
        .Bind(3, static_cast<int64_t>(record.severity))
        .Bind(4, record.name)
        .Bind(5, record.actor)
        .Bind(6, record.text)
        .Bind(7, record.details);
    if (stored.source.empty()) {
      insert_record_.BindNull(8);
    } else {
      insert_record_.Bind(8, stored.source);
    }
    insert_record_.Run();
  }
}

// ------------------------------------------------------------------------------------ forgetting

void HistoryWriter::Tidy(int64_t now, const HistoryLimits& limits) {
  ForgetOld(now, limits);
  for (int turn = 0; turn < 20 && !database_.failed() && Bytes() > limits.bytes; ++turn) {
    ForgetMost();
    database_.Run("PRAGMA incremental_vacuum");
  }
}

uint64_t HistoryWriter::Bytes() {
  return static_cast<uint64_t>(database_.Figure("PRAGMA page_count") *
                               database_.Figure("PRAGMA page_size"));
}

void HistoryWriter::ForgetOld(int64_t now, const HistoryLimits& limits) {
  const auto days = static_cast<int64_t>(limits.days * kDaySeconds);
  const auto forget = [&](const std::string& table, int64_t keep) {
    Statement(database_, "DELETE FROM " + table + " WHERE time IN (SELECT time FROM " + table +
                             " WHERE time < ? ORDER BY time LIMIT ?)")
        .Bind(1, now - std::min(keep, days))
        .Bind(2, kForgottenAtOnce)
        .Run();
  };
  for (size_t level = 0; level < kLevels; ++level) {
    forget(TableOf(level), static_cast<int64_t>(kHistoryLevels[level].keep_seconds));
  }
  // Of a route's table the time alone is no key: a pass over at most some ten megabytes.
  const auto forget_routes = [&](const std::string& table, int64_t keep) {
    Statement(database_, "DELETE FROM " + table + " WHERE time < min(?, (SELECT min(time) FROM " +
                             table + ") + ?)")
        .Bind(1, now - std::min(keep, days))
        .Bind(2, kRoutesForgottenAtOnce)
        .Run();
  };
  for (size_t level = 0; level < kRouteLevels.size(); ++level) {
    forget_routes(RouteTableOf(level), static_cast<int64_t>(kRouteLevels[level].keep_seconds));
  }
  Statement(database_,
            "DELETE FROM records WHERE number IN (SELECT number FROM records WHERE time < ? OR "
            "number <= (SELECT max(number) FROM records) - ? ORDER BY number LIMIT ?)")
      .Bind(1, (now - days) * 1'000'000'000)
      .Bind(2, kRecordsKept)
      .Bind(3, kForgottenAtOnce)
      .Run();
}

void HistoryWriter::ForgetMost() {
  // The oldest tenth of the table that has the most bytes.
  std::string largest;
  int64_t most = 0;
  for (const char* const table : {"figures_1", "figures_10", "figures_60", "figures_600",
                                  "routes_60", "routes_600", "routes_3600"}) {
    const std::string last =
        table[0] == 'r' ? "length(histogram) + 24" : "length(metrics) + length(histograms) + 16";
    const std::string sql = "SELECT count(*) * coalesce((SELECT avg(" + last +
                            ") FROM (SELECT * FROM " + table + " LIMIT 100)), 0) FROM " + table;
    const int64_t bytes = database_.Figure(sql.c_str());
    if (bytes <= most) continue;
    most = bytes;
    largest = table;
  }
  if (largest.empty()) return;
  const std::string sql = "DELETE FROM " + largest + " WHERE time <= (SELECT time FROM " + largest +
                          " ORDER BY time LIMIT 1 OFFSET (SELECT count(*) / 10 FROM " + largest +
                          "))";
  database_.Run(sql.c_str());
}

}  // namespace stirbar
