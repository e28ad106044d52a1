// A small app to be overloaded in tests: a server of a constant rate behind a bounded accept queue,
// workers that refuse by shed level and by wait, and a supervisor that looks four times a second.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "supervisor/evaluate/load_controller.h"

namespace stirbar {

class SimulatedQueue {
 public:
  static constexpr double kServiceRate = 50;  // requests per second
  static constexpr uint32_t kOwnBacklog = 2048;

  SimulatedQueue() { settings.request_deadline = 1; }

  // Requests per second; of each ten, so many are background and sheddable.
  double offered = 0;
  uint32_t background_of_ten = 0;
  uint32_t sheddable_of_ten = 0;
  bool random = false;  // arrivals and service times as Poisson has them, the same in every run
  Settings settings;

  void Pass(double seconds) {
    const auto ticks = static_cast<int>(std::lround(seconds * 4));
    for (int i = 0; i < ticks; ++i) Tick();
  }

  const LoadVerdict& verdict() const { return verdict_; }
  double now() const { return now_; }
  const std::vector<double>& level_changes() const { return level_changes_; }
  const std::vector<double>& backlog_changes() const { return backlog_changes_; }
  double served() const { return served_; }

  // The most changes in any minute.
  static size_t MostInAMinute(const std::vector<double>& changes) {
    size_t most = 0;
    for (size_t first = 0; first < changes.size(); ++first) {
      size_t last = first;
      while (last + 1 < changes.size() && changes[last + 1] < changes[first] + 60) ++last;
      most = std::max(most, last - first + 1);
    }
    return most;
  }

 private:
  static constexpr double kStep = 0.005;  // a quarter of a service time

  struct Counts {  // of one tick
    double served = 0;
    double refused = 0;
  };

  void Tick() {
    Counts tick;
    for (double passed = 0; passed < 0.25 - 1e-9; passed += kStep) Step(&tick);
    ticks_.push_back(tick);
    if (ticks_.size() > 8) ticks_.pop_front();
    Judge();
  }

  bool Refuses(uint32_t number) const {
    const uint32_t of_ten = number % 10;
    const bool background = of_ten < background_of_ten;
    const bool sheddable = !background && of_ten < background_of_ten + sheddable_of_ten;
    return (background && verdict_.shed_level >= 1) || (sheddable && verdict_.shed_level >= 2);
  }

  void Step(Counts* tick) {
    now_ += kStep;
    arrivals_ +=
        random ? std::poisson_distribution<int>(offered * kStep)(random_) : offered * kStep;
    const uint32_t bound = verdict_.backlog > 0 ? verdict_.backlog : kOwnBacklog;
    for (; arrivals_ >= 1; arrivals_ -= 1) {
      ++arrived_;
      if (queue_.size() < bound) queue_.push_back({now_, arrived_});
    }
    remaining_ -= kStep;
    // A refusal takes no time; a request holds the only slot for a service time.
    while (!queue_.empty() && remaining_ <= 1e-9) {
      const auto [since, number] = queue_.front();
      queue_.pop_front();
      delay_ = now_ - since;
      if (Refuses(number) || delay_ > 0.5 * settings.request_deadline) {
        tick->refused += 1;
      } else {
        tick->served += 1;
        served_ += 1;
        remaining_ =
            random ? std::exponential_distribution<>(kServiceRate)(random_) : 1 / kServiceRate;
      }
    }
  }

  void Judge() {
    LoadFigures figures;
    figures.now_ns = 1'000'000'000'000 + static_cast<uint64_t>(now_ * 1e9);
    figures.capacity = figures.workers = 1;
    figures.busy = remaining_ > 1e-9 ? 1 : 0;
    figures.waiting = static_cast<uint32_t>(queue_.size());
    for (const Counts& tick : ticks_) {
      figures.served_per_second += tick.served / 2;
      figures.refused_per_second += tick.refused / 2;
    }
    figures.queue_delay_seconds = offered > 0 || !queue_.empty() ? delay_ : 0;
    figures.mean_seconds = 1 / kServiceRate;
    figures.backlog_own = kOwnBacklog;
    const LoadVerdict before = verdict_;
    verdict_ = controller_.Judge(figures, settings);
    if (verdict_.shed_level != before.shed_level) level_changes_.push_back(now_);
    if (verdict_.backlog != before.backlog) backlog_changes_.push_back(now_);
  }

  struct Waiting {
    double since;
    uint32_t number;
  };

  std::mt19937 random_{7};
  LoadController controller_;
  LoadVerdict verdict_;
  std::deque<Waiting> queue_;
  std::deque<Counts> ticks_;
  double now_ = 0;
  double arrivals_ = 0;
  double remaining_ = 0;  // of the request that is served
  double delay_ = 0;
  double served_ = 0;
  uint32_t arrived_ = 0;
  std::vector<double> level_changes_;
  std::vector<double> backlog_changes_;
};

}  // namespace stirbar
