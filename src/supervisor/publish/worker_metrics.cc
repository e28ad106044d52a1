#include "supervisor/publish/worker_metrics.h"

namespace stirbar {
namespace {

constexpr std::array kConditions{
    WorkerCondition::kStarting, WorkerCondition::kIdle,     WorkerCondition::kBusy,
    WorkerCondition::kStuck,    WorkerCondition::kLockHeld, WorkerCondition::kSilent,
    WorkerCondition::kStopped,  WorkerCondition::kExiting,  WorkerCondition::kDead};

struct WorkerMetric {
  std::string_view name;
  MetricType type;
  std::string_view help;
  double (*value)(const WorkerSample&);
};

double Number(uint64_t value) { return static_cast<double>(value); }

// Of the process; not measured where /proc could not be read.
double IfRead(const WorkerSample& worker, double value) {
  return worker.process.pid != 0 ? value : kNotMeasured;
}

template <typename T>
double IfKnown(const std::optional<T>& value) {
  return value ? static_cast<double>(*value) : kNotMeasured;
}

constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kCounter = MetricType::kCounter;

constexpr WorkerMetric kMetrics[] = {
    {"worker_requests_total", kCounter, "Requests answered by the worker in this slot.",
     [](const WorkerSample& w) { return Number(w.requests); }},
    {"worker_errors_total", kCounter, "Of them, those answered with 5xx.",
     [](const WorkerSample& w) { return Number(w.errors); }},
    {"worker_in_flight", kGauge, "Requests in flight in the worker, streams left out.",
     [](const WorkerSample& w) { return Number(w.in_flight); }},
    {"worker_streaming", kGauge, "Responses whose body is being streamed.",
     [](const WorkerSample& w) { return Number(w.streaming); }},
    {"worker_oldest_request_seconds", kGauge, "Age of the oldest request in flight.",
     [](const WorkerSample& w) { return w.oldest_request_seconds; }},
    {"worker_age_seconds", kGauge, "Time since the worker started.",
     [](const WorkerSample& w) { return w.age_seconds; }},
    {"worker_heartbeat_age_seconds", kGauge, "Time since the worker's native thread last ran.",
     [](const WorkerSample& w) { return w.heartbeat_age_seconds; }},
    {"worker_lock_wait_age_seconds", kGauge,
     "Age of the wait for the interpreter lock that is going on; 0 when none is.",
     [](const WorkerSample& w) { return w.lock_wait_seconds; }},
    {"worker_lock_waits_total", kCounter, "Waits for the interpreter lock that have ended.",
     [](const WorkerSample& w) { return Number(w.lock_waits); }},
    {"worker_lock_wait_seconds_total", kCounter, "Time spent in them.",
     [](const WorkerSample& w) { return w.lock_wait_sum_seconds; }},
    {"worker_resident_memory_bytes", kGauge, "Resident memory, shared pages included.",
     [](const WorkerSample& w) { return IfRead(w, Number(w.process.rss_bytes)); }},
    {"worker_proportional_memory_bytes", kGauge,
     "Resident memory, shared pages divided among those who share them.",
     [](const WorkerSample& w) { return IfKnown(w.process.pss_bytes); }},
    {"worker_unique_memory_bytes", kGauge, "Memory that would be free if the worker ended.",
     [](const WorkerSample& w) { return IfKnown(w.process.uss_bytes); }},
    {"worker_cpu_seconds_total", kCounter, "CPU time used.",
     [](const WorkerSample& w) { return IfRead(w, w.process.cpu_seconds); }},
    {"worker_open_fds", kGauge, "Open file descriptors.",
     [](const WorkerSample& w) { return IfKnown(w.process.file_descriptors); }},
    {"worker_threads", kGauge, "Threads.",
     [](const WorkerSample& w) { return IfRead(w, Number(w.process.threads)); }},
    {"worker_voluntary_switches_total", kCounter, "Context switches because it waited.",
     [](const WorkerSample& w) { return IfRead(w, Number(w.process.voluntary_switches)); }},
    {"worker_involuntary_switches_total", kCounter, "Context switches because its time was up.",
     [](const WorkerSample& w) { return IfRead(w, Number(w.process.involuntary_switches)); }},
    {"worker_concurrency_limit", kGauge, "Requests at once that admission lets in.",
     [](const WorkerSample& w) { return w.concurrency_limit; }},
    {"worker_queue_delay_seconds", kGauge,
     "Smallest queue time of a request in admission's newest interval.",
     [](const WorkerSample& w) { return w.queue_delay_seconds; }},
    {"worker_executor_depth", kGauge, "Requests accepted by the server and not begun.",
     [](const WorkerSample& w) { return Number(w.executor_depth); }},
};

}  // namespace

void WriteWorkerMetrics(const Snapshot& snapshot, MetricWriter* metrics) {
  const std::vector<WorkerSample>& workers = snapshot.sample.workers;
  std::vector<std::string> slots;
  slots.reserve(workers.size());
  for (const WorkerSample& worker : workers) {
    slots.push_back(MetricLabel("slot", std::to_string(worker.slot)));
  }
  metrics->Single("workers", kGauge, "Worker slots in use.", uint64_t{workers.size()});
  metrics->Family("worker_state", kGauge, "1 for the state that the worker is in.");
  for (const WorkerVerdict& verdict : snapshot.evaluation.assessment.workers) {
    const std::string slot = MetricLabel("slot", std::to_string(verdict.slot));
    for (const WorkerCondition condition : kConditions) {
      metrics->Sample(slot + "," + MetricLabel("state", Name(condition)),
                      uint64_t{verdict.condition == condition});
    }
  }
  metrics->Family("worker_hung", kGauge, "1 when the worker answers nobody.");
  for (const WorkerVerdict& verdict : snapshot.evaluation.assessment.workers) {
    metrics->Sample(MetricLabel("slot", std::to_string(verdict.slot)), uint64_t{verdict.hung});
  }
  for (const WorkerMetric& metric : kMetrics) {
    metrics->Family(metric.name, metric.type, metric.help);
    for (size_t i = 0; i < workers.size(); ++i) {
      metrics->Sample(slots[i], metric.value(workers[i]));
    }
  }
}

}  // namespace stirbar
