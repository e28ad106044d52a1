// The one figure for "how full is the app": 0 idle, 0.5 every request slot is busy, 1 who comes now
// waits longer than a client does.
//
//   saturation     = 0.5 * min(1, (busy + waiting) / slots)
//                  + 0.5 * min(1, predicted_wait / request_deadline)
//   slots          = capacity - open streams: the slots that requests can have
//   predicted_wait = max(waiting / service_rate, queue_delay, pool_wait)
//   pool_wait      = how long the oldest request has waited for a connection of a pool that is full
//
// A full pool that requests wait for is a queue inside the app, and counts as all slots busy:
// whoever comes now and needs a connection waits behind them. Tasks that wait are no load.
//
// Who waits counts as busy as far as there are slots: between two requests a worker is free for an
// instant, and a look at that instant must not see an idle app. Where the capacity is not known,
// each worker counts as one slot.
//
// pressure = the worst of
//   memory   the ratio on the line that puts memory_warning_threshold at 0.5 and
//            memory_critical_threshold at 0.9, held to 0..1
//   memory   the share of time that tasks wait for memory (PSI some)
//   queue    saturation; called "cpu" where the CPUs are busy, which then is what it comes from
// A busy CPU alone is no pressure.
#pragma once

#include <cstdint>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

struct LoadFigures {
  uint64_t now_ns = 0;
  uint32_t capacity = 0;  // request slots; 0: not known
  uint32_t workers = 0;   // serving ones
  uint32_t cpus = 0;      // that they may run on; 0: not known
  uint32_t busy = 0;
  uint32_t streams = 0;
  uint32_t waiting = 0;
  double served_per_second = 0;
  double refused_per_second = 0;
  double queue_delay_seconds = 0;
  double mean_seconds = kNotMeasured;  // of the last minute's requests
  uint32_t backlog_own = 0;            // 0: not known
  uint32_t pool_waiting = 0;           // requests that wait for a connection of a full pool
  double pool_wait_seconds = 0;        // the oldest of them
  double memory_ratio = kNotMeasured;
  MemoryOutlook memory_outlook;
  double memory_stall_ratio = kNotMeasured;  // PSI
  double cpu_ratio = kNotMeasured;
};

LoadFigures FiguresOf(const Sample& sample, const ResourceMetrics& resources);

// Slots that requests can have; at least 1 where there is a worker, 0 where there is none.
uint32_t SlotsOf(const LoadFigures& figures);

// Whether every slot is taken, or requests wait.
bool IsFull(const LoadFigures& figures);

// Longer waits are given as this: past it one number is as bad as another.
inline constexpr double kLongestWait = 3600;

// `service_rate` may be kNotMeasured.
double PredictedWait(const LoadFigures& figures, double service_rate);

// `busy_share` is the first half's ratio, 0..1.
double Saturation(double busy_share, double predicted_wait_seconds, double deadline_seconds);

struct Pressure {
  double value = 0;
  std::string source;  // "memory", "queue", "cpu"; empty at 0
};
Pressure PressureOf(const LoadFigures& figures, double saturation, const Settings& settings);

}  // namespace stirbar
