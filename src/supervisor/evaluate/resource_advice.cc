#include <algorithm>
#include <cmath>

#include "supervisor/evaluate/metrics.h"
#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/route_load.h"
#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

const WorkerSample* LargestWorker(const Sample& sample) {
  const auto largest = std::max_element(sample.workers.begin(), sample.workers.end(),
                                        [](const WorkerSample& left, const WorkerSample& right) {
                                          return MemoryOf(left.process) < MemoryOf(right.process);
                                        });
  return largest == sample.workers.end() ? nullptr : &*largest;
}

// What is left of it when the largest worker is as small as the smallest.
double MemoryAfter(const WorkerSample& largest, const MemoryUse& use, const Sample& sample) {
  double least = MemoryOf(largest.process);
  for (const WorkerSample& worker : sample.workers) {
    if (worker.process.pid != 0) least = std::min(least, MemoryOf(worker.process));
  }
  return (use.used_bytes - (MemoryOf(largest.process) - least)) / use.limit_bytes;
}

std::string HowToRecycle(const WorkerSample& worker) {
  const std::string pid = std::to_string(worker.pid);
  switch (worker.server_kind) {
    case ServerKind::kGunicorn:  // its workers take SIGTERM as: finish what is in flight, then end
      return "replace it without losing a request: `kill -TERM " + pid + "`";
    case ServerKind::kUwsgi:
      return "let uWSGI replace it: `reload-on-rss = " +
             NumberText(std::max(
                 1.0, std::floor(static_cast<double>(worker.process.rss_bytes) / 1'048'576))) +
             "` (MB) in its configuration";
    default:
      return "restart the server at a quiet moment";
  }
}

}  // namespace

Advice AdviseMemory(const Finding& /*finding*/, const RuleInput& input) {
  const Sample& sample = input.sample;
  const MemoryUse use = MemoryUseOf(sample.machine);
  const double app_bytes = input.resources.memory_usage_mb * 1e6;
  if (!use.of_cgroup && app_bytes < use.used_bytes / 2) {
    return {
        "Look for the process that takes the machine's memory, `ps aux --sort=-rss | head`: it "
        "is not this app.",
        "the app has " + BytesText(app_bytes) + " of the " + BytesText(use.used_bytes) + " in use"};
  }
  const WorkerSample* largest = LargestWorker(sample);
  if (largest == nullptr) return {};
  std::string text = "Most memory is in " + WorkerText(largest->slot, largest->pid) + ": " +
                     HowToRecycle(*largest) + ".";
  if (sample.settings.cleanup_enabled == 0) {
    text += " Set cleanup_enabled to true (now false) to have memory cleaned up by itself.";
  }
  Advice advice{text, "it has " + BytesText(MemoryOf(largest->process)) + " of the app's " +
                          BytesText(app_bytes)};
  if (largest->server_kind == ServerKind::kGunicorn) {
    advice.command = "kill -TERM " + std::to_string(largest->pid);
  } else if (sample.settings.cleanup_enabled == 0) {
    advice.command = "stirbar config set cleanup_enabled true";
  }
  const double now = use.used_bytes / use.limit_bytes;
  const double after = MemoryAfter(*largest, use, sample);
  if (sample.workers.size() > 1 && now > 0 && after < now) {
    advice.effect = "memory falls from " + PercentText(now) + " to about " + PercentText(after) +
                    ": a new worker begins as small as the smallest of now";
    advice.gain_ratio = 1 - after / now;
  }
  return advice;
}

Advice AdviseCpu(const Finding& /*finding*/, const RuleInput& input) {
  const Sample& sample = input.sample;
  std::string text;
  std::string evidence;
  std::string effect;
  double gain = 0;
  if (const std::optional<RouteLoad> route = BusiestRoute(sample)) {
    const double cpu = input.resources.cpu_usage_percent / 100;
    gain = route->share_ratio;
    effect = "without it CPU would be at " + PercentText(cpu * (1 - gain)) + " instead of " +
             PercentText(cpu) + ", were all of its time spent computing";
    text = "Make " + route->route + " cheaper or cache its answer: most of the time goes there.";
    evidence = route->route + " takes " + PercentText(route->share_ratio) +
               " of the time of the last minute's requests (" + NumberText(route->requests) +
               " requests, p95 " + SecondsText(route->p95_seconds) + ")";
  }
  const auto hottest = std::max_element(sample.processes.begin(), sample.processes.end(),
                                        [](const ProcessSample& left, const ProcessSample& right) {
                                          return left.cpu_ratio < right.cpu_ratio;
                                        });
  if (hottest != sample.processes.end()) {
    if (!evidence.empty()) evidence += "; ";
    evidence += "pid " + std::to_string(hottest->pid) + " (" + hottest->command + ") uses " +
                NumberText(hottest->cpu_ratio) + " CPUs";
  }
  const std::optional<double>& quota = sample.machine.cgroup.cpu_limit;
  if (quota.has_value() && *quota < sample.machine.cpus) {
    text += (text.empty() ? "" : " ") + std::string("Or raise the CPU quota of cgroup ") +
            sample.machine.cgroup.path + " (cpu.max, now " + NumberText(*quota) +
            " of the machine's " + NumberText(sample.machine.cpus) + " CPUs).";
  } else if (text.empty() && hottest != sample.processes.end()) {
    text = "Look at what pid " + std::to_string(hottest->pid) + " (" + hottest->command +
           ") does outside requests: no route explains the CPU time.";
  }
  return {text, evidence, effect, "", gain};
}

Advice AdviseDisk(const Finding& /*finding*/, const RuleInput& input) {
  const MachineSample& machine = input.sample.machine;
  return {"Make room on " + machine.disk_path + ": `du -xh --max-depth=2 " + machine.disk_path +
              " | sort -h | tail` names the largest directories.",
          BytesText(static_cast<double>(machine.disk_available_bytes)) + " of " +
              BytesText(static_cast<double>(machine.disk_total_bytes)) + " left",
          "", "du -xh --max-depth=2 " + machine.disk_path + " | sort -h | tail"};
}

}  // namespace stirbar
