#include "supervisor/evaluate/recommendations.h"
#include "supervisor/evaluate/words.h"
#include "supervisor/evaluate/worker_condition.h"

namespace stirbar {

Advice AdviseServerEnded(const Finding& /*finding*/, const RuleInput& input) {
  if (input.sample.app_command.empty()) return {};
  return {"Start the app again, `stirbar run -- " + input.sample.app_command +
              "`, and read the last lines of its log for why it ended.",
          ""};
}

Advice AdviseNoWorkerAnswers(const Finding& /*finding*/, const RuleInput& input) {
  // Stopped workers are to be continued, not killed: worker_stopped says so.
  std::string pids;
  uint64_t lost = 0;
  for (size_t i = 0; i < input.verdicts.size(); ++i) {
    const WorkerVerdict& verdict = input.verdicts[i];
    if (!verdict.hung || verdict.condition == WorkerCondition::kStopped) continue;
    pids += ' ' + std::to_string(verdict.pid);
    lost += input.sample.workers[i].in_flight;
  }
  if (pids.empty()) return {};
  const std::string cost = CountText(lost, "request") + " in flight would be lost";
  const ServerKind server = ServerOf(input.sample);
  const std::string effect =
      CountText(input.verdicts.size(), "worker") + " would answer again instead of none";
  if (!HasMaster(server)) {
    return {"Restart the server (pid" + pids + "): it has no other process that could answer.",
            cost, effect, "stirbar stacks", 1};
  }
  return {"If they do not come back, `kill -KILL" + pids + "`: " + std::string(Name(server)) +
              " starts new workers at once.",
          cost, effect, "kill -KILL" + pids, 1};
}

Advice AdviseWorkerStopped(const Finding& finding, const RuleInput& input) {
  const WorkerSample* worker = WorkerOf(finding, input.sample);
  if (worker == nullptr) return {};
  const std::string pid = std::to_string(worker->pid);
  if (worker->process.state == 't') {
    return {"Detach the debugger from pid " + pid + ": `grep TracerPid /proc/" + pid +
                "/status` names it.",
            ""};
  }
  return {"Let it run on: `kill -CONT " + pid + "`.", "", "the worker answers at once",
          "kill -CONT " + pid, 1};
}

Advice AdviseLockWait(const Finding& finding, const RuleInput& input) {
  const WorkerSample* worker = WorkerOf(finding, input.sample);
  // Once the lock is free again, nobody can tell any more who had it.
  if (worker == nullptr || worker->lock_wait_seconds <= 0) return {};
  const std::vector<const InFlightSample*> suspects = LockSuspects(*worker, input.sample);
  if (suspects.empty()) {
    return {
        "Look at what the app's own threads do in C code: a thread outside any request keeps "
        "the interpreter lock. `stirbar status` shows the worker.",
        CountText(worker->process.threads, "thread") + " in the process"};
  }
  std::vector<std::string> names;
  for (const InFlightSample* request : suspects) {
    names.push_back(RequestText(*request, input.sample));
  }
  const std::string who = names.size() == 1 ? names[0] : "One of " + ListText(names);
  return {who +
              " keeps the interpreter lock in C code: give the lock up there "
              "(Py_BEGIN_ALLOW_THREADS), give it less to do at once (a regular expression, JSON, "
              "compression), or move it to a process (ProcessPoolExecutor). `stirbar status` shows "
              "the worker.",
          "",
          "the other " + CountText(worker->in_flight > 0 ? worker->in_flight - 1 : 0, "request") +
              " in flight there would not have waited " + SecondsText(worker->lock_wait_seconds) +
              " for the lock",
          "stirbar stacks " + std::to_string(worker->pid), 0.9};
}

Advice AdviseHeartbeat(const Finding& finding, const RuleInput& input) {
  const WorkerSample* worker = WorkerOf(finding, input.sample);
  if (worker == nullptr) return {};
  const std::string pid = std::to_string(worker->pid);
  const MachineSample& machine = input.sample.machine;
  if (worker->process.state == 'D') {
    return {"See what pid " + pid + " waits for in the kernel: `cat /proc/" + pid +
                "/wchan /proc/" + pid + "/stack`; a network file system or swap is likely.",
            BytesText(static_cast<double>(machine.memory_available_bytes)) + " of memory free"};
  }
  if (machine.cgroup.cpu_limit.has_value() && machine.pressure.cpu_some >= 0.1) {
    const auto workers = static_cast<uint64_t>(input.sample.workers.size());
    return {"Raise the CPU quota of cgroup " + machine.cgroup.path + " (cpu.max, now " +
                NumberText(*machine.cgroup.cpu_limit) + " CPUs) or run fewer than " +
                CountText(workers, "worker") + ".",
            "CPU pressure " + PercentText(machine.pressure.cpu_some)};
  }
  return {"See why pid " + pid + " does not run: `cat /proc/" + pid + "/status /proc/" + pid +
              "/cgroup`, and cgroup.freeze of that cgroup.",
          ""};
}

Advice AdviseWorkerDeaths(const Finding& /*finding*/, const RuleInput& input) {
  const auto& events = input.sample.machine.cgroup.memory_events;
  const auto kills = events.find("oom_kill");
  if (kills != events.end() && kills->second > 0) {
    return {"Raise the memory limit of cgroup " + input.sample.machine.cgroup.path +
                " or run fewer workers: the kernel has killed processes of it for lack of memory.",
            "oom_kill " + std::to_string(kills->second) + " since the cgroup was made"};
  }
  const ServerKind server = ServerOf(input.sample);
  if (server == ServerKind::kGunicorn) {
    return {
        "Look for \"WORKER TIMEOUT\" and \"was sent SIG\" in gunicorn's log: it kills workers "
        "that its --timeout finds silent. `dmesg` tells of crashes (segfault) and of the OOM "
        "killer.",
        ""};
  }
  return {"Look for the pid in `dmesg` (segfault, OOM killer) and in the server's log.", ""};
}

}  // namespace stirbar
