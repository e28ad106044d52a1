// How many requests at once serve this worker best: computes the number, enforces nothing.
//
// Gradient on latency (Netflix concurrency-limits, Gradient2Limit): while requests take no longer
// than they do in the long run, the limit grows by a small queue; when they take longer, it falls
// in proportion. AIMD (AIMDLimit there) on requests that came too late for their client: down by a
// tenth. Constants are the library's.
//
// Threads: with the interpreter lock held. Time: a few instructions for a request; 50 at the end of
// a window. Pure: `now` is a parameter.
#pragma once

#include <cstdint>

namespace stirbar {

class ConcurrencyLimit {
 public:
  static constexpr double kInitial = 20;
  static constexpr double kLowest = 4;
  static constexpr double kHighest = 200;
  static constexpr double kQueue = 4;        // may wait without harm, for the limit to grow
  static constexpr double kTolerance = 1.5;  // a request may take so much longer than usual
  static constexpr double kSmoothing = 0.2;
  static constexpr double kBackoff = 0.9;
  static constexpr double kLongWindow = 600;            // windows that the long run remembers
  static constexpr double kWarmUp = 10;                 // of these, counted evenly at first
  static constexpr uint64_t kWindowNs = 1'000'000'000;  // and at least
  static constexpr uint32_t kWindowRequests = 10;

  // A request has ended that took `duration_ns`, with `running` at once when it did. `late`: after
  // its client had stopped waiting.
  void Add(uint64_t now_ns, uint64_t duration_ns, uint32_t running, bool late) noexcept;

  double limit() const { return limit_; }

 private:
  void EndWindow() noexcept;

  double limit_ = kInitial;
  double long_run_ns_ = 0;
  double windows_ = 0;
  uint64_t window_ends_ns_ = 0;
  uint64_t sum_ns_ = 0;
  uint32_t count_ = 0;
  uint32_t most_running_ = 0;
  bool late_ = false;
};

}  // namespace stirbar
