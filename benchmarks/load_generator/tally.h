// What became of the requests, counted.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace stirbar {

enum class Outcome : uint8_t {
  kInTime,        // 200 within the deadline
  kLate,          // 200 after it; only where the client is patient beyond its deadline
  kRefused,       // 503
  kNotConnected,  // the kernel did not take the connection: time-out or ECONNREFUSED
  kReset,         // the kernel broke it before an answer
  kGaveUp,        // connected and sent, and no whole answer until the client lost patience
  kFailed,        // anything else: another status, a broken answer, an answer that ends early
};
inline constexpr size_t kOutcomes = 7;

// "in_time", "late", "refused", "not_connected", "reset", "gave_up", "failed".
std::string_view Name(Outcome outcome);

// One request, ended. All times since it was due or since the run began; none since it was sent.
struct Record {
  std::chrono::nanoseconds due{0};  // since the start of the run
  std::chrono::nanoseconds lag{0};  // how late the generator began with it
  std::chrono::nanoseconds latency{0};
  uint32_t phase = 0;
  uint32_t route = 0;
  Outcome outcome = Outcome::kFailed;
};

// Of some latencies; seconds, NaN where there were none.
struct Percentiles {
  explicit Percentiles(std::vector<std::chrono::nanoseconds> latencies);

  double p50;
  double p95;
  double p99;
  double max;
};

// The value below which the share `quantile` (0..1) of `sorted` lie: the nearest one, none between.
// Precondition: not empty.
std::chrono::nanoseconds Quantile(const std::vector<std::chrono::nanoseconds>& sorted,
                                  double quantile);

// Some records, summed up.
struct Summary {
  explicit Summary(const std::vector<const Record*>& records);

  uint64_t operator[](Outcome outcome) const { return counts[static_cast<size_t>(outcome)]; }

  uint64_t offered;
  std::array<uint64_t, kOutcomes> counts{};
  Percentiles accepted;  // latency of 200s, late ones too
  Percentiles refused;   // latency of 503s
};

}  // namespace stirbar
