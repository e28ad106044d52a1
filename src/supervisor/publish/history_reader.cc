#include "supervisor/publish/history_reader.h"

#include <algorithm>

#include "supervisor/publish/history_file.h"

namespace stirbar {
namespace {

constexpr std::array<int64_t, 20> kRoundSteps{1,     2,     5,     10,    20,     30,    60,
                                              120,   300,   600,   1200,  1800,   3600,  7200,
                                              10800, 21600, 43200, 86400, 172800, 604800};
constexpr int64_t kPointsWanted = 600;
constexpr size_t kMostRecords = 1000;

int64_t RoundUp(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

std::string TableOf(size_t level) {
  return "figures_" + std::to_string(kHistoryLevels[level].seconds);
}

double QuantileSeconds(const HistogramCounts& counts, double quantile) {
  return static_cast<double>(HistogramQuantileNs(counts, quantile)) * 1e-9;
}

Percentiles PercentilesOf(const HistogramCounts& counts) {
  Percentiles found;
  for (const uint64_t count : counts) found.count += count;
  if (found.count == 0) return found;
  found.p50 = QuantileSeconds(counts, 0.5);
  found.p95 = QuantileSeconds(counts, 0.95);
  found.p99 = QuantileSeconds(counts, 0.99);
  return found;
}

// Joins rows that fall into the same point, and writes each point when it is complete.
class Points {
 public:
  explicit Points(HistoryAnswer* answer) : answer_(*answer) {}

  void Add(int64_t time, const HistoryFigures& row) {
    const int64_t index = (time - answer_.range.from) / answer_.range.step;
    if (time < answer_.range.from || index >= static_cast<int64_t>(answer_.points())) return;
    if (static_cast<size_t>(index) != index_) Flush();
    index_ = static_cast<size_t>(index);
    sum_.seconds += row.seconds;
    for (const MetricId metric : answer_.metrics) {
      const auto i = static_cast<size_t>(metric);
      sum_.metrics[i].Add(row.metrics[i]);
    }
    for (const Spread spread : answer_.spreads) {
      const auto i = static_cast<size_t>(spread);
      stirbar::Add(row.spreads[i], &sum_.spreads[i]);
    }
  }

  void Flush() {
    if (sum_.seconds == 0) return;
    for (size_t i = 0; i < answer_.metrics.size(); ++i) {
      answer_.bands[i][index_] = sum_.metrics[static_cast<size_t>(answer_.metrics[i])];
    }
    for (size_t i = 0; i < answer_.spreads.size(); ++i) {
      answer_.percentiles[i][index_] =
          PercentilesOf(sum_.spreads[static_cast<size_t>(answer_.spreads[i])]);
    }
    sum_ = {};
  }

 private:
  HistoryAnswer& answer_;
  HistoryFigures sum_;
  size_t index_ = 0;
};

}  // namespace

size_t HistoryAnswer::points() const {
  return static_cast<size_t>((range.until - range.from + range.step - 1) / range.step);
}

int64_t RoundStep(int64_t seconds) {
  for (const int64_t step : kRoundSteps) {
    if (seconds / step <= kPointsWanted) return step;
  }
  return RoundUp(seconds / kPointsWanted, kRoundSteps.back());
}

Result<std::unique_ptr<HistoryReader>> HistoryReader::Open(const std::string& path) {
  Result<std::unique_ptr<Database>> database = OpenHistoryToRead(path);
  if (!database) return Error{database.error()};
  return std::make_unique<HistoryReader>(std::move(*database));
}

HistoryReader::HistoryReader(std::unique_ptr<Database> database) : database_(std::move(database)) {
  // Two megabytes hold what a chart of 30 days reads; the kernel keeps the rest.
  database_->Run("PRAGMA cache_size=-2000; PRAGMA query_only=1;");
}

void HistoryReader::Begin() {
  database_->ClearFailure();
  database_->LimitTime(limit_ms_);
}

Error HistoryReader::Failure() {
  return Error{"the history cannot be read: " + database_->failure().message};
}

const LayoutColumns& HistoryReader::Layout(int64_t id) {
  const auto known = layouts_.find(id);
  if (known != layouts_.end()) return known->second;
  Statement statement(*database_, "SELECT names FROM layout WHERE id = ?");
  LayoutColumns& columns = layouts_[id];
  if (statement.Bind(1, id).Step()) columns = ColumnsOf(statement.Text(0));
  return columns;
}

int64_t HistoryReader::Oldest(size_t level) {
  const std::string sql = "SELECT coalesce(min(time), 9223372036854775807) FROM " + TableOf(level);
  return database_->Figure(sql.c_str());
}

size_t HistoryReader::LevelFor(const HistoryRange& range) {
  size_t level = 0;
  while (level + 1 < kLevels && kHistoryLevels[level + 1].seconds <= range.step) ++level;
  int64_t oldest = Oldest(level);
  for (size_t coarser = level + 1; coarser < kLevels && oldest > range.from; ++coarser) {
    // Two of its intervals: that much earlier it begins merely because it is coarser.
    const int64_t more = Oldest(coarser);
    if (more > oldest - 2 * int64_t{kHistoryLevels[coarser].seconds}) continue;
    level = coarser;
    oldest = more;
  }
  return level;
}

void HistoryReader::Visit(size_t level, const HistoryRange& range, bool histograms,
                          const std::function<void(int64_t, const HistoryFigures&)>& visit) {
  int64_t from = range.from;
  HistoryFigures row;
  // What is not rolled up yet is only in the finer ones.
  for (size_t next = level + 1; next-- > 0;) {
    const std::string sql = std::string("SELECT time, layout, seconds, metrics") +
                            (histograms ? ", histograms" : "") + " FROM " + TableOf(next) +
                            " WHERE time >= ? AND time < ? ORDER BY time";
    Statement rows(*database_, sql);
    rows.Bind(1, from).Bind(2, range.until);
    while (rows.Step()) {
      row = {};
      const int64_t time = rows.Integer(0);
      AddPacked(rows.Blob(3), Layout(rows.Integer(1)), static_cast<uint32_t>(rows.Integer(2)),
                &row);
      if (histograms) AddPackedHistograms(rows.Blob(4), row.spreads);
      visit(time, row);
      from = time + kHistoryLevels[next].seconds;
    }
  }
}

Result<HistoryAnswer> HistoryReader::Figures(const HistoryQuery& query) {
  Begin();
  HistoryAnswer answer;
  answer.range = query.range;
  answer.metrics = query.metrics;
  answer.spreads = query.spreads;
  HistoryRange& range = answer.range;
  if (range.step <= 0) range.step = RoundStep(range.until - range.from);
  const size_t level = LevelFor(range);
  answer.resolution = kHistoryLevels[level].seconds;
  range.step = RoundUp(range.step, answer.resolution);
  range.from = IntervalOf(range.from, range.step);
  answer.bands.assign(answer.metrics.size(), std::vector<MetricBand>(answer.points()));
  answer.percentiles.assign(answer.spreads.size(), std::vector<Percentiles>(answer.points()));
  Points points(&answer);
  Visit(level, range, !answer.spreads.empty(),
        [&](int64_t time, const HistoryFigures& row) { points.Add(time, row); });
  points.Flush();
  if (database_->failed()) return Failure();
  return answer;
}

Result<uint32_t> HistoryReader::ForEach(
    const HistoryRange& range, const std::function<void(int64_t, const HistoryFigures&)>& visit) {
  Begin();
  const size_t level = LevelFor(range);
  Visit(level, range, true, visit);
  if (database_->failed()) return Failure();
  return kHistoryLevels[level].seconds;
}

Result<std::vector<HistoryRecord>> HistoryReader::Records(const RecordQuery& query) {
  Begin();
  const auto signed_of = [](uint64_t value) {
    return static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX));
  };
  std::string sql =
      "SELECT number, time, kind, severity, name, actor, text, details FROM records "
      "WHERE number < ? AND time >= ? AND time < ?";
  if (query.kind) sql += " AND kind = " + std::to_string(static_cast<int>(*query.kind));
  if (!query.name.empty()) sql += " AND name = ?4";
  sql += " ORDER BY number DESC LIMIT " + std::to_string(std::min(query.most, kMostRecords));
  Statement rows(*database_, sql);
  rows.Bind(1, signed_of(query.before_number))
      .Bind(2, signed_of(query.from_wall_ns))
      .Bind(3, signed_of(query.until_wall_ns));
  if (!query.name.empty()) rows.Bind(4, query.name);
  std::vector<HistoryRecord> found;
  while (rows.Step()) {
    HistoryRecord record;
    record.number = static_cast<uint64_t>(rows.Integer(0));
    record.wall_ns = static_cast<uint64_t>(rows.Integer(1));
    record.kind = static_cast<RecordKind>(rows.Integer(2));
    record.severity = static_cast<Severity>(rows.Integer(3));
    record.name = std::string(rows.Text(4));
    record.actor = std::string(rows.Text(5));
    record.text = std::string(rows.Text(6));
    record.details = std::string(rows.Text(7));
    found.push_back(std::move(record));
  }
  if (database_->failed()) return Failure();
  return found;
}

// The finest that gives no more than some 20,000 to 40,000 rows and reaches back so far.
size_t HistoryReader::RouteLevelFor(const HistoryRange& range) {
  const int64_t seconds = range.until - range.from;
  size_t level = seconds <= 6 * int64_t{kHourSeconds}  ? 0
                 : seconds <= 3 * int64_t{kDaySeconds} ? 1
                                                       : 2;
  const auto oldest = [&](size_t of) {
    const std::string sql = "SELECT coalesce(min(time), 9223372036854775807) FROM routes_" +
                            std::to_string(kRouteLevels[of].seconds);
    return database_->Figure(sql.c_str());
  };
  // A young history has not filled the coarse ones yet, and has few rows in the fine ones.
  while (level > 0 && oldest(level) > range.from + int64_t{kRouteLevels[level].seconds} &&
         oldest(level - 1) <= oldest(level)) {
    --level;
  }
  while (level + 1 < kRouteLevels.size() && oldest(level) > range.from &&
         oldest(level + 1) < oldest(level) - 2 * int64_t{kRouteLevels[level + 1].seconds}) {
    ++level;
  }
  return level;
}

Result<std::vector<RouteHistory>> HistoryReader::Routes(const HistoryRange& range, size_t most) {
  struct Sums {
    RouteHistory route;
    double nanoseconds = 0;
    std::array<HistogramCounts, 1> histogram{};
  };
  Begin();
  std::map<int64_t, Sums> sums;  // by id
  int64_t from = range.from;
  // What is not rolled up yet is only in the finer ones.
  for (size_t level = RouteLevelFor(range) + 1; level-- > 0;) {
    const std::string table = "routes_" + std::to_string(kRouteLevels[level].seconds);
    Statement rows(*database_,
                   "SELECT id, label, requests, errors, nanoseconds, histogram, time FROM routes "
                   "CROSS JOIN " +
                       table + " ON route = id WHERE time >= ? AND time < ?");
    rows.Bind(1, from).Bind(2, range.until);
    while (rows.Step()) {
      Sums& sum = sums[rows.Integer(0)];
      if (sum.route.label.empty()) sum.route.label = std::string(rows.Text(1));
      sum.route.requests += static_cast<uint64_t>(rows.Integer(2));
      sum.route.errors += static_cast<uint64_t>(rows.Integer(3));
      sum.nanoseconds += static_cast<double>(rows.Integer(4));
      AddPackedHistograms(rows.Blob(5), sum.histogram);
      from = std::max(from, rows.Integer(6) + int64_t{kRouteLevels[level].seconds});
    }
  }
  if (database_->failed()) return Failure();
  std::vector<RouteHistory> found;
  for (auto& [id, sum] : sums) {
    RouteHistory& route = found.emplace_back(std::move(sum.route));
    if (route.requests > 0) {
      route.mean_seconds = sum.nanoseconds * 1e-9 / static_cast<double>(route.requests);
    }
    route.durations = PercentilesOf(sum.histogram[0]);
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.requests > b.requests; });
  if (found.size() > most) found.resize(most);
  return found;
}

Result<HistoryInfo> HistoryReader::Info() {
  Begin();
  HistoryInfo info;
  for (size_t level = 0; level < kLevels; ++level) {
    HistoryInfo::Level& shown = info.levels[level];
    shown.seconds = kHistoryLevels[level].seconds;
    Statement row(
        *database_,
        "SELECT count(*), coalesce(min(time), 0), coalesce(max(time), 0) FROM " + TableOf(level));
    if (!row.Step()) continue;
    shown.rows = row.Integer(0);
    shown.oldest = row.Integer(1);
    shown.newest = row.Integer(2);
  }
  info.records = database_->Figure("SELECT count(*) FROM records");
  info.routes = database_->Figure("SELECT count(*) FROM routes");
  info.bytes = static_cast<uint64_t>(database_->Figure("PRAGMA page_count") *
                                     database_->Figure("PRAGMA page_size"));
  if (database_->failed()) return Failure();
  return info;
}

}  // namespace stirbar
