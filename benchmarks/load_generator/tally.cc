#include "load_generator/tally.h"

#include <algorithm>
#include <limits>

namespace stirbar {
namespace {

std::vector<std::chrono::nanoseconds> Latencies(const std::vector<const Record*>& records,
                                                bool refused) {
  std::vector<std::chrono::nanoseconds> latencies;
  for (const Record* const record : records) {
    const bool is_accepted =
        record->outcome == Outcome::kInTime || record->outcome == Outcome::kLate;
    if (refused ? record->outcome == Outcome::kRefused : is_accepted) {
      latencies.push_back(record->latency);
    }
  }
  return latencies;
}

double Seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string_view Name(Outcome outcome) {
  constexpr std::array<std::string_view, kOutcomes> kNames{
      "in_time", "late", "refused", "not_connected", "reset", "gave_up", "failed"};
  return kNames[static_cast<size_t>(outcome)];
}

std::chrono::nanoseconds Quantile(const std::vector<std::chrono::nanoseconds>& sorted,
                                  double quantile) {
  const auto rank = static_cast<size_t>(quantile * static_cast<double>(sorted.size()));
  return sorted[std::min(rank, sorted.size() - 1)];
}

Percentiles::Percentiles(std::vector<std::chrono::nanoseconds> latencies)
    : p50(std::numeric_limits<double>::quiet_NaN()), p95(p50), p99(p50), max(p50) {
  if (latencies.empty()) return;
  std::sort(latencies.begin(), latencies.end());
  p50 = Seconds(Quantile(latencies, 0.5));
  p95 = Seconds(Quantile(latencies, 0.95));
  p99 = Seconds(Quantile(latencies, 0.99));
  max = Seconds(latencies.back());
}

Summary::Summary(const std::vector<const Record*>& records)
    : offered(records.size()),
      accepted(Latencies(records, /*refused=*/false)),
      refused(Latencies(records, /*refused=*/true)) {
  for (const Record* const record : records) ++counts[static_cast<size_t>(record->outcome)];
}

}  // namespace stirbar
