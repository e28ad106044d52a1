// Fills a history with days of seconds, as a supervisor would, on a clock of its own; then asks
// what the page asks, and prints what it took: one JSON object.
//
//   history_fill FILE DAYS
//
// The figures are those of a busy shop: 34 of the metrics measured and most of them moving, 30
// requests a second over two decades of durations, 50 routes, a record a minute.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>

#include "supervisor/publish/history_file.h"
#include "supervisor/publish/history_reader.h"
#include "supervisor/publish/history_text.h"
#include "supervisor/publish/history_writer.h"

namespace stirbar {
namespace {

constexpr int64_t kBegin = 1'700'000'400;  // where an interval of each level begins
// A supervisor writes every minute or sooner; ten at once make the same file in less time.
constexpr int64_t kBatch = 600;
constexpr size_t kMeasured = 34;
constexpr int kRequests = 30;  // a second
constexpr int kRoutes = 50;

class Shop {
 public:
  HistorySecond Second(int64_t time) {
    HistoryFigures figures;
    figures.seconds = 1;
    for (size_t i = 0; i < kMeasured; ++i) {
      // A third stands still, as counts of workers and shed levels do.
      if (i % 3 != 0) values_[i] = std::abs(values_[i] + step_(random_));
      figures.metrics[i].Add(i % 3 == 0 ? static_cast<double>(i % 4) : values_[i]);
    }
    for (int i = 0; i < kRequests; ++i) {
      ++figures.spreads[0][HistogramBucket(Duration(2e7))];
      ++figures.spreads[1][HistogramBucket(Duration(1e6))];
      if (i % 3 == 0) ++figures.spreads[2][HistogramBucket(Duration(3e5))];
    }
    return {time, PackMetrics(figures), PackHistograms(figures.spreads)};
  }

  RoutePoint Route(int64_t time, int route) {
    std::array<HistogramCounts, 1> histogram{};
    RoutePoint point{time, "GET /route/" + std::to_string(route) + "/<int:id>", 36, 1, 0, {}};
    for (int i = 0; i < 36; ++i) {
      const uint64_t ns = Duration(1e6 * (route + 2));
      ++histogram[0][HistogramBucket(ns)];
      point.nanoseconds += ns;
    }
    point.histogram = PackHistograms(histogram);
    return point;
  }

 private:
  uint64_t Duration(double median_ns) {
    return static_cast<uint64_t>(median_ns * std::exp(spread_(random_)));
  }

  std::minstd_rand random_{7};
  std::normal_distribution<double> step_{0, 0.01};
  std::normal_distribution<double> spread_{0, 0.8};
  std::array<double, kMeasured> values_{};
};

void Check(const Database& database) {
  if (!database.failed()) return;
  std::fprintf(stderr, "history_fill: %s\n", database.failure().message.c_str());
  std::exit(1);
}

double Elapsed(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// What comes once a minute: figures by route, and a record.
void AddMinute(int64_t time, Shop& shop, HistoryBatch* batch) {
  for (int route = 0; route < kRoutes; ++route) batch->routes.push_back(shop.Route(time, route));
  StoredRecord stored;
  stored.record.wall_ns = static_cast<uint64_t>(time) * 1'000'000'000;
  stored.record.name = "worker_started";
  stored.record.text = "worker 3 (pid 12345) has started: gunicorn, Python 3.11";
  stored.source = "1:" + std::to_string(time);
  batch->records.push_back(std::move(stored));
}

int64_t Fill(const std::string& path, int64_t days) {
  Result<OpenedHistory> opened = OpenHistory(path, 1);
  if (!opened) {
    std::fprintf(stderr, "history_fill: %s\n", opened.error().c_str());
    std::exit(1);
  }
  HistoryWriter writer(*opened->database, kBegin);
  Shop shop;
  const int64_t end = kBegin + days * int64_t{kDaySeconds};
  for (int64_t time = kBegin; time < end; time += kBatch) {
    HistoryBatch batch;
    for (int64_t i = time; i < time + kBatch; ++i) {
      batch.points.push_back(shop.Second(i));
      if (i % 60 == 0) AddMinute(i, shop, &batch);
    }
    writer.Write(batch);
    writer.Tidy(time, {.bytes = 2'000'000'000, .days = 400});
    Check(*opened->database);
  }
  return end;
}

struct Slowest {
  double seconds = 0;
  std::string what;

  template <typename Ask>
  void Time(const std::string& question, const Ask& ask) {
    const auto began = std::chrono::steady_clock::now();
    const double used = CpuSeconds();
    ask();
    const double took = Elapsed(began);
    std::fprintf(stderr, "%8.1f ms, %6.1f ms of CPU  %s\n", took * 1e3, (CpuSeconds() - used) * 1e3,
                 question.c_str());
    if (took > seconds) *this = {took, question};
  }
};

template <typename T>
const T& Must(const Result<T>& result) {
  if (result) return *result;
  std::fprintf(stderr, "history_fill: %s\n", result.error().c_str());
  std::exit(1);
}

Slowest Ask(const std::string& path, int64_t end) {
  Slowest slowest;
  for (const int64_t hours : {1, 6, 24, 3 * 24, 7 * 24, 30 * 24}) {
    // As the supervisor after a start: nothing is in the reader's own cache.
    const auto reader = HistoryReader::Open(path);
    HistoryReader& history = *Must(reader);
    const HistoryRange range{end - hours * 3600, end, 0};
    const int64_t finest =
        std::max<int64_t>(1, (hours * 3600 + kHistoryPoints - 1) / kHistoryPoints);
    HistoryQuery query{range, {}, {}};
    Must(ParseMetrics("", &query));
    const std::string span = std::to_string(hours) + " h";
    slowest.Time("all charts of " + span, [&] { RangeJson(Must(history.Figures(query))); });
    query.range.step = finest;
    slowest.Time("all metrics of " + span + " in the finest step as CSV",
                 [&] { RangeCsv(Must(history.Figures(query))); });
    slowest.Time("routes of " + span, [&] { RoutesJson(Must(history.Routes(range, 20)), range); });
    RecordQuery records;
    records.from_wall_ns = static_cast<uint64_t>(range.from) * 1'000'000'000;
    slowest.Time("records of " + span, [&] { RecordsJson(Must(history.Records(records)), 200); });
  }
  return slowest;
}

}  // namespace
}  // namespace stirbar

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "history_fill FILE DAYS\n");
    return 2;
  }
  const auto began = std::chrono::steady_clock::now();
  const int64_t end = stirbar::Fill(argv[1], std::atoll(argv[2]));
  const double filled = stirbar::Elapsed(began);
  const stirbar::Slowest slowest = stirbar::Ask(argv[1], end);
  std::printf("{\"fill_seconds\": %.3f, \"slowest_seconds\": %.6f, \"slowest\": \"%s\"}\n", filled,
              slowest.seconds, slowest.what.c_str());
  return 0;
}
