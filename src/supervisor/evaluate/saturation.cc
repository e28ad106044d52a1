#include "supervisor/evaluate/saturation.h"

#include <algorithm>
#include <cmath>

namespace stirbar {
namespace {

// 0 for what is not measured.
double Known(double figure) { return std::isnan(figure) ? 0 : figure; }

double MemoryPressure(double ratio, const Settings& settings) {
  const double warning = settings.memory_warning_threshold;
  const double width = settings.memory_critical_threshold - warning;
  if (std::isnan(ratio)) return 0;
  if (width <= 0) return ratio >= warning ? 0.9 : 0;
  return std::clamp(0.5 + 0.4 * (ratio - warning) / width, 0.0, 1.0);
}

}  // namespace

LoadFigures FiguresOf(const Sample& sample, const ResourceMetrics& resources) {
  const TrafficSample& traffic = sample.traffic;
  LoadFigures figures;
  figures.now_ns = sample.tick.now_ns;
  figures.capacity = traffic.capacity;
  for (const WorkerSample& worker : sample.workers) {
    if (worker.alive && worker.state == WorkerState::kServing) ++figures.workers;
  }
  figures.cpus = sample.machine.cpus;
  figures.busy = traffic.busy;
  figures.streams = traffic.streams;
  figures.waiting = traffic.waiting;
  figures.served_per_second = traffic.served_per_second;
  figures.refused_per_second = traffic.refused_per_second;
  figures.queue_delay_seconds = traffic.queue_delay_seconds;
  figures.mean_seconds = sample.recent.mean_seconds;
  figures.backlog_own = traffic.backlog_own;
  for (const PoolSample& pool : sample.pools) {
    const uint32_t waiting = pool.waiting[static_cast<size_t>(PoolLane::kRequest)];
    if (waiting == 0 || pool.utilisation < 1) continue;
    figures.pool_waiting += waiting;
    figures.pool_wait_seconds = std::max(figures.pool_wait_seconds, pool.oldest_wait_seconds);
  }
  figures.memory_ratio = resources.memory_usage_percent / 100;
  figures.memory_stall_ratio = sample.machine.pressure.memory_some;
  figures.cpu_ratio = resources.cpu_usage_percent / 100;
  return figures;
}

uint32_t SlotsOf(const LoadFigures& figures) {
  if (figures.workers == 0) return 0;
  if (figures.capacity == 0) return figures.workers;
  return figures.capacity > figures.streams ? figures.capacity - figures.streams : 1;
}

bool IsFull(const LoadFigures& figures) {
  if (figures.waiting > 0) return true;
  return figures.capacity > 0 && figures.busy >= SlotsOf(figures);
}

double PredictedWait(const LoadFigures& figures, double service_rate) {
  double wait = 0;
  // Nothing ends any more: who waits, waits for ever.
  if (figures.waiting > 0 && !std::isnan(service_rate)) {
    wait = service_rate > 0 ? figures.waiting / service_rate : kLongestWait;
  }
  return std::min(std::max({wait, figures.queue_delay_seconds, figures.pool_wait_seconds}),
                  kLongestWait);
}

double Saturation(double busy_share, double predicted_wait_seconds, double deadline_seconds) {
  return 0.5 * std::min(1.0, busy_share) +
         0.5 * std::min(1.0, predicted_wait_seconds / deadline_seconds);
}

Pressure PressureOf(const LoadFigures& figures, double saturation, const Settings& settings) {
  const double memory = std::max(MemoryPressure(figures.memory_ratio, settings),
                                 std::clamp(Known(figures.memory_stall_ratio), 0.0, 1.0));
  const double queue = Known(saturation);
  if (std::max(memory, queue) <= 0) return {};
  if (memory >= queue) return {memory, "memory"};
  const bool cpu_bound = queue > 0.5 && figures.cpu_ratio >= settings.cpu_warning_threshold;
  return {queue, cpu_bound ? "cpu" : "queue"};
}

}  // namespace stirbar
