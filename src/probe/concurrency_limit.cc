#include "probe/concurrency_limit.h"

#include <algorithm>

namespace stirbar {

void ConcurrencyLimit::Add(uint64_t now_ns, uint64_t duration_ns, uint32_t running,
                           bool late) noexcept {
  if (count_ == 0) window_ends_ns_ = now_ns + kWindowNs;
  sum_ns_ += duration_ns;
  ++count_;
  most_running_ = std::max(most_running_, running);
  late_ = late_ || late;
  if (count_ >= kWindowRequests && now_ns >= window_ends_ns_) EndWindow();
}

void ConcurrencyLimit::EndWindow() noexcept {
  const double mean = static_cast<double>(sum_ns_) / count_;
  windows_ += 1;
  const double weight = windows_ <= kWarmUp ? 1 / windows_ : 2 / (kLongWindow + 1);
  long_run_ns_ += (mean - long_run_ns_) * weight;
  // After a long time of slowness the long run must not stay slow.
  if (long_run_ns_ > 2 * mean) long_run_ns_ *= 0.95;
  if (late_) {
    limit_ *= kBackoff;
  } else if (most_running_ >= limit_ / 2) {  // else: the app needs no more, and proves nothing
    const double gradient = mean > 0 ? std::clamp(kTolerance * long_run_ns_ / mean, 0.5, 1.0) : 1.0;
    limit_ = limit_ * (1 - kSmoothing) + (limit_ * gradient + kQueue) * kSmoothing;
  }
  limit_ = std::clamp(limit_, kLowest, kHighest);
  sum_ns_ = 0;
  count_ = 0;
  most_running_ = 0;
  late_ = false;
}

}  // namespace stirbar
