// What a rule's value is, as a text: arithmetic over the figures of metric_table.h.
//
//   memory_ratio                                        a figure
//   1 - cache_hit_ratio                                 + - * / and parentheses
//   max(cpu_ratio, memory_ratio)                        min, max: of two and more; abs: of one
//   avg_over(p95_seconds, 5m)                           over the time before now: avg_over,
//   rate_over(memory_bytes, 10m) * 3600                 min_over, max_over, rate_over (per second)
//
// Times are 500ms to 1h. In rules that are judged for each worker by itself the figures of one
// worker can be used too (kWorkerFigures).
//
// What is not measured makes what is reckoned from it not measured, as does a division by 0. Over
// time such values are left out; and nothing is known until that time has been watched once: a rule
// over five minutes is silent in the first five.
//
// Parsed once. Time: about 10 ns a word; over time 60 steps more. Evaluating allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/duration.h"
#include "base/result.h"
#include "supervisor/supervisor.h"

namespace stirbar {

enum class RuleScope { kApp, kWorker };  // kWorker: judged for each worker by itself

// Figures of one worker, behind those of the app.
enum class WorkerFigure : uint8_t {
  kMemoryBytes,
  kCpuRatio,
  kThreads,
  kFileDescriptors,
  kInFlight,
  kOldestRequestSeconds,
  kLockWaitSeconds,
  kHeartbeatAgeSeconds,
  kAgeSeconds,
  kRequests,
};

struct WorkerFigureSpec {
  std::string_view name;
  MetricUnit unit;
};
inline constexpr std::array kWorkerFigures{
    WorkerFigureSpec{"worker_memory_bytes", MetricUnit::kBytes},
    WorkerFigureSpec{"worker_cpu_ratio", MetricUnit::kRatio},  // 1: one whole CPU
    WorkerFigureSpec{"worker_threads", MetricUnit::kCount},
    WorkerFigureSpec{"worker_file_descriptors", MetricUnit::kCount},
    WorkerFigureSpec{"worker_in_flight", MetricUnit::kCount},
    WorkerFigureSpec{"worker_oldest_request_seconds", MetricUnit::kSeconds},
    WorkerFigureSpec{"worker_lock_wait_seconds", MetricUnit::kSeconds},
    WorkerFigureSpec{"worker_heartbeat_age_seconds", MetricUnit::kSeconds},
    WorkerFigureSpec{"worker_age_seconds", MetricUnit::kSeconds},
    WorkerFigureSpec{"worker_requests", MetricUnit::kCount},  // since its start
};

// All figures that an expression may name, those of one worker last.
using RuleFigures = std::array<double, kMetricCount + kWorkerFigures.size()>;
RuleFigures RuleFiguresOf(const MetricValues& metrics);  // the worker's are not measured
void SetWorker(const WorkerSample& worker, RuleFigures* figures);
// Place in RuleFigures and unit of `name`; absent: nobody knows it, or `scope` does not allow it.
struct FigureName {
  uint16_t index;
  MetricUnit unit;
};
std::optional<FigureName> FindFigure(std::string_view name, RuleScope scope);

// What one `..._over` remembers: the time in 60 slices. One for each rule, or rule and worker.
class TimeWindow {
 public:
  enum class Kind : uint8_t { kAverage, kLeast, kMost, kRate };

  explicit TimeWindow(Nanoseconds length) : slice_ns_(static_cast<uint64_t>(length.count()) / 60) {}
  // Takes `value` (NaN: none) in, and gives the figure over the time up to `now_ns`.
  double Add(uint64_t now_ns, double value, Kind kind);

 private:
  struct Slice {
    uint64_t number = 0;  // now / slice, plus 1; 0: never used
    uint32_t count = 0;
    double sum = 0;
    double least = 0;
    double most = 0;
    double first = 0;
    uint64_t first_ns = 0;
  };
  double Sum(uint64_t oldest, Kind kind, uint64_t now_ns, double value) const;

  uint64_t slice_ns_;
  uint64_t begun_ns_ = 0;
  std::array<Slice, 61> slices_{};
};

using ExpressionMemory = std::vector<TimeWindow>;

class Expression {
 public:
  // Failure: says what is wrong at which column (from 1), and what is allowed there.
  static Result<Expression> Parse(std::string_view text, RuleScope scope);

  // The value of now; NaN: not measured. `memory`: of NewMemory(), the same at each call.
  double Value(const RuleFigures& figures, uint64_t now_ns, ExpressionMemory* memory) const;
  ExpressionMemory NewMemory() const;

  const std::string& text() const { return text_; }
  // Of its only figure, taken over time or not; kCount where it reckons with several.
  MetricUnit unit() const { return unit_; }
  bool of_worker() const { return of_worker_; }

 private:
  friend class ExpressionParser;
  enum class Code : uint8_t {
    kNumber,
    kFigure,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kNegate,
    kMin,
    kMax,
    kAbs,
    kOver
  };
  struct Step {
    Code code;
    uint16_t index = 0;  // figure; kOver: of the window
    TimeWindow::Kind kind = TimeWindow::Kind::kAverage;
    double number = 0;
  };

  std::string text_;
  std::vector<Step> steps_;  // in the order of a stack machine
  std::vector<Nanoseconds> windows_;
  MetricUnit unit_ = MetricUnit::kCount;
  bool of_worker_ = false;
};

}  // namespace stirbar
