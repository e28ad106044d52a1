#include "supervisor/publish/mysql_rows.h"

#include <cmath>
#include <cstdio>
#include <ctime>

#include "supervisor/publish/utf8.h"

namespace stirbar {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr size_t kNameBytes = 64;
constexpr size_t kTextBytes = 16'000;

constexpr std::string_view kFigures = R"(
  app        VARCHAR(64) NOT NULL,
  host       VARCHAR(64) NOT NULL,
  resolution SMALLINT UNSIGNED NOT NULL,
  metric     VARCHAR(64) NOT NULL,
  time       DATETIME NOT NULL,
  measured   INT UNSIGNED NOT NULL,
  mean       DOUBLE NOT NULL,
  minimum    DOUBLE NOT NULL,
  maximum    DOUBLE NOT NULL,
  PRIMARY KEY (app, host, resolution, metric, time),
  KEY (time))";

constexpr std::string_view kPercentiles = R"(
  app        VARCHAR(64) NOT NULL,
  host       VARCHAR(64) NOT NULL,
  resolution SMALLINT UNSIGNED NOT NULL,
  metric     VARCHAR(64) NOT NULL,
  time       DATETIME NOT NULL,
  count      BIGINT UNSIGNED NOT NULL,
  p50        DOUBLE NOT NULL,
  p95        DOUBLE NOT NULL,
  p99        DOUBLE NOT NULL,
  PRIMARY KEY (app, host, resolution, metric, time),
  KEY (time))";

constexpr std::string_view kRecords = R"(
  app        VARCHAR(64) NOT NULL,
  host       VARCHAR(64) NOT NULL,
  time       DATETIME(6) NOT NULL,
  number     BIGINT UNSIGNED NOT NULL,
  kind       VARCHAR(16) NOT NULL,
  severity   VARCHAR(16) NOT NULL,
  name       VARCHAR(64) NOT NULL,
  actor      VARCHAR(255) NOT NULL,
  text       TEXT NOT NULL,
  details    TEXT NOT NULL,
  PRIMARY KEY (app, host, time, number),
  KEY (time))";

std::string Qualified(const std::string& database, std::string_view table) {
  return "`" + database + "`." + std::string(table);
}

std::string Number(double value) {
  char text[32];
  // The history keeps 24 bits.
  std::snprintf(text, sizeof text, "%.9g", std::isfinite(value) ? value : 0.0);
  return text;
}

// Adds rows to a statement of which the beginning is given.
class Rows {
 public:
  explicit Rows(std::string beginning) : text_(std::move(beginning)) {}
  void Add(const std::string& row) {
    text_ += (empty_ ? "\n(" : ",\n(") + row + ")";
    empty_ = false;
  }
  void EndInto(std::vector<std::string>* statements, const std::string& end) {
    if (!empty_) statements->push_back(text_ + end);
  }

 private:
  std::string text_;
  bool empty_ = true;
};

double QuantileSeconds(const HistogramCounts& counts, double quantile) {
  return static_cast<double>(HistogramQuantileNs(counts, quantile)) * 1e-9;
}

}  // namespace

const std::array<ExportTable, kExportTables>& ExportTables() {
  static constexpr std::array<ExportTable, kExportTables> kTables{
      {{"stirbar_figures", kFigures},
       {"stirbar_percentiles", kPercentiles},
       {"stirbar_records", kRecords}}};
  return kTables;
}

std::string CreateStatement(const std::string& database, const ExportTable& table) {
  return "CREATE TABLE IF NOT EXISTS " + Qualified(database, table.name) + " (" +
         std::string(table.columns) + ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
}

std::string ProbeStatement(const std::string& database, const ExportTable& table) {
  return "SELECT 1 FROM " + Qualified(database, table.name) + " LIMIT 0";
}

std::string SqlText(std::string_view text, size_t most) {
  std::string literal;
  size_t bytes = 0;
  const auto add = [&](std::string_view letters) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (bytes + letters.size() > most) return false;
    bytes += letters.size();
    for (const char letter : letters) {
      literal += kDigits[static_cast<uint8_t>(letter) >> 4U];
      literal += kDigits[static_cast<uint8_t>(letter) & 15U];
    }
    return true;
  };
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (!add(length > 0 ? text.substr(0, length) : kReplacementCharacter)) break;
    text.remove_prefix(length > 0 ? length : 1);
  }
  return literal.empty() ? "''" : "_utf8mb4 x'" + literal + "'";
}

std::string SqlTime(uint64_t wall_ns) {
  const auto seconds = static_cast<time_t>(wall_ns / kSecondNs);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char day[32];
  std::strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &parts);
  char text[48];
  std::snprintf(text, sizeof text, "'%s.%06u'", day,
                static_cast<unsigned>(wall_ns % kSecondNs / 1000));
  return text;
}

std::vector<std::string> InsertStatements(const ExportInto& into, const HistoryNews& news) {
  const auto insert = [&](size_t table, const char* columns) {
    return Rows("INSERT INTO " + Qualified(into.database, ExportTables()[table].name) + " (" +
                columns + ") VALUES");
  };
  Rows figures = insert(0, "app, host, resolution, metric, time, measured, mean, minimum, maximum");
  Rows percentiles = insert(1, "app, host, resolution, metric, time, count, p50, p95, p99");
  Rows records = insert(2, "app, host, time, number, kind, severity, name, actor, text, details");
  const std::string origin =
      SqlText(into.origin.app, kNameBytes) + ", " + SqlText(into.origin.host, kNameBytes) + ", ";
  const std::string of_interval = origin + std::to_string(into.resolution_seconds) + ", '";
  for (const auto& [begin, row] : news.rows) {
    const std::string time = "', " + SqlTime(static_cast<uint64_t>(begin) * kSecondNs) + ", ";
    for (const MetricSpec& spec : kMetricSpecs) {
      const MetricBand& band = row.metrics[static_cast<size_t>(spec.id)];
      if (band.count == 0) continue;
      figures.Add(of_interval + std::string(spec.name) + time + std::to_string(band.count) + ", " +
                  Number(band.Mean()) + ", " + Number(band.least) + ", " + Number(band.most));
    }
    for (size_t i = 0; i < kSpreads; ++i) {
      const HistogramCounts& counts = row.spreads[i];
      uint64_t count = 0;
      for (const uint64_t bucket : counts) count += bucket;
      if (count == 0) continue;
      percentiles.Add(of_interval + std::string(Name(static_cast<Spread>(i))) + time +
                      std::to_string(count) + ", " + Number(QuantileSeconds(counts, 0.5)) + ", " +
                      Number(QuantileSeconds(counts, 0.95)) + ", " +
                      Number(QuantileSeconds(counts, 0.99)));
    }
  }
  for (const HistoryRecord& record : news.records) {
    records.Add(origin + SqlTime(record.wall_ns) + ", " + std::to_string(record.number) + ", '" +
                std::string(Name(record.kind)) + "', '" + std::string(Name(record.severity)) +
                "', " + SqlText(record.name, kNameBytes) + ", " + SqlText(record.actor, 255) +
                ", " + SqlText(record.text, kTextBytes) + ", " +
                SqlText(record.details, kTextBytes));
  }
  std::vector<std::string> statements;
  figures.EndInto(&statements,
                  "\nON DUPLICATE KEY UPDATE measured = VALUES(measured), mean = VALUES(mean), "
                  "minimum = VALUES(minimum), maximum = VALUES(maximum)");
  percentiles.EndInto(&statements,
                      "\nON DUPLICATE KEY UPDATE count = VALUES(count), p50 = VALUES(p50), "
                      "p95 = VALUES(p95), p99 = VALUES(p99)");
  records.EndInto(&statements, "\nON DUPLICATE KEY UPDATE number = VALUES(number)");
  return statements;
}

}  // namespace stirbar
