#include "supervisor/collect/process_collector.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "supervisor/collect/kernel_file.h"

namespace stirbar {
namespace {

// smaps_rollup may take so small a part of the time: a twelfth of the supervisor's CPU budget.
constexpr uint64_t kMappingRest = 2500;

bool IsProcfs(const std::string& directory) {
  struct statfs found {};
  return statfs(directory.c_str(), &found) == 0 && found.f_type == PROC_SUPER_MAGIC;
}

// CPU time, not time on the clock: being preempted is no reason to ask less often.
uint64_t OwnCpuNs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

// "gunicorn: master" and "gunicorn: worker" (as setproctitle names them) are one program.
bool SameProgram(std::string_view a, std::string_view b) {
  return a.substr(0, a.find(':')) == b.substr(0, b.find(':'));
}

std::optional<uint32_t> CountDescriptors(const std::string& directory, bool by_size) {
  struct stat found {};
  if (by_size && stat(directory.c_str(), &found) == 0 && found.st_size > 0) {
    return static_cast<uint32_t>(found.st_size);
  }
  // Before Linux 6.2 the size is always 0.
  const auto numbers = ListNumbers(directory);
  if (!numbers) return std::nullopt;
  return static_cast<uint32_t>(numbers->size());
}

}  // namespace

ProcessCollector::ProcessCollector(std::optional<uint32_t> server_pid, std::string proc,
                                   uint32_t own_pid)
    : proc_(std::move(proc)),
      own_pid_(own_pid),
      counts_descriptors_(IsProcfs(proc_)),
      ticks_per_second_(static_cast<double>(sysconf(_SC_CLK_TCK))),
      server_pid_(server_pid),
      tree_(proc_, own_pid) {}

void ProcessCollector::Collect(const Tick& tick, Sample* sample) {
  if (tick.full) Measure(tick, *sample);
  sample->processes = processes_;
  sample->supervisor = supervisor_;
  for (WorkerSample& worker : sample->workers) {
    const auto found = std::lower_bound(
        processes_.begin(), processes_.end(), worker.pid,
        [](const ProcessSample& process, uint32_t pid) { return process.pid < pid; });
    if (found != processes_.end() && found->pid == worker.pid) worker.process = *found;
  }
  if (!failure_.empty()) sample->unavailable[std::string(name())] = failure_;
}

void ProcessCollector::Measure(const Tick& tick, const Sample& sample) {
  processes_.clear();
  supervisor_ = {};
  failure_.clear();
  const auto own = ReadProcessStat(proc_, own_pid_);
  if (!own) {
    failure_ = own.error();
    return;
  }
  supervisor_ = Describe(*own, tick.now_ns);
  std::vector<ProcessStat> tree = tree_.Update(Roots(sample));
  if (!server_pid_) AddMasters(sample, &tree);
  for (const ProcessStat& stat : tree) processes_.push_back(Describe(stat, tick.now_ns));
  AskForMapping(tick.now_ns);
  kept_ = std::move(kept_now_);
  kept_now_.clear();
}

std::vector<uint32_t> ProcessCollector::Roots(const Sample& sample) {
  std::vector<uint32_t> roots;
  if (server_pid_) {
    const auto server = ReadProcessStat(proc_, *server_pid_);
    if (server && !server_start_ticks_) server_start_ticks_ = server->start_ticks;
    if (server && server->start_ticks == server_start_ticks_) roots.push_back(*server_pid_);
  }
  for (const WorkerSample& worker : sample.workers) {
    if (worker.alive) roots.push_back(worker.pid);
  }
  return roots;
}

void ProcessCollector::AddMasters(const Sample& sample, std::vector<ProcessStat>* tree) const {
  std::vector<ProcessStat> masters;
  std::vector<uint32_t> seen;
  for (const ProcessStat& stat : *tree) {
    const bool is_worker =
        std::any_of(sample.workers.begin(), sample.workers.end(),
                    [&](const WorkerSample& worker) { return worker.pid == stat.pid; });
    const uint32_t parent = stat.parent_pid;
    if (!is_worker || parent == own_pid_ ||
        std::find(seen.begin(), seen.end(), parent) != seen.end()) {
      continue;
    }
    seen.push_back(parent);
    const bool is_known = std::any_of(
        tree->begin(), tree->end(), [&](const ProcessStat& other) { return other.pid == parent; });
    if (is_known) continue;
    auto master = ReadProcessStat(proc_, parent);
    if (master && SameProgram(master->command, stat.command)) masters.push_back(*std::move(master));
  }
  tree->insert(tree->end(), masters.begin(), masters.end());
  std::sort(tree->begin(), tree->end(),
            [](const ProcessStat& a, const ProcessStat& b) { return a.pid < b.pid; });
}

ProcessSample ProcessCollector::Describe(const ProcessStat& stat, uint64_t now_ns) {
  ProcessSample process;
  process.pid = stat.pid;
  process.parent_pid = stat.parent_pid;
  process.command = stat.command;
  process.state = stat.state;
  process.start_ticks = stat.start_ticks;
  process.threads = stat.threads;
  process.cpu_seconds = static_cast<double>(stat.cpu_ticks) / ticks_per_second_;

  // `status` and not `statm`: it is read for the switches anyway, and since Linux 6.16 both are
  // exact where `stat` may be off by some MB.
  std::array<char, 4096> buffer;
  if (const auto text = ReadKernelFile(ProcPath(proc_, stat.pid, "status"), buffer)) {
    process.rss_bytes = NumberAfter(*text, "VmRSS:").value_or(0) * 1024;
    process.voluntary_switches = NumberAfter(*text, "voluntary_ctxt_switches:").value_or(0);
    process.involuntary_switches = NumberAfter(*text, "nonvoluntary_ctxt_switches:").value_or(0);
  }
  process.file_descriptors = CountDescriptors(ProcPath(proc_, stat.pid, "fd"), counts_descriptors_);

  Kept& kept = kept_now_[stat.pid];
  const auto before = kept_.find(stat.pid);
  if (before != kept_.end() && before->second.start_ticks == stat.start_ticks) {
    kept = before->second;
    const uint64_t cpu_ticks = stat.cpu_ticks - std::min(stat.cpu_ticks, kept.cpu_ticks);
    const double elapsed_seconds = Seconds(AgeOf(kept.read_ns, now_ns));
    if (elapsed_seconds > 0) {
      process.cpu_ratio = static_cast<double>(cpu_ticks) / ticks_per_second_ / elapsed_seconds;
    }
  }
  kept.start_ticks = stat.start_ticks;
  kept.cpu_ticks = stat.cpu_ticks;
  kept.read_ns = now_ns;
  process.pss_bytes = kept.pss_bytes;
  process.uss_bytes = kept.uss_bytes;
  return process;
}

void ProcessCollector::AskForMapping(uint64_t now_ns) {
  if (now_ns < mapping_not_before_ns_) return;
  std::vector<ProcessSample*> living;
  for (ProcessSample& process : processes_) {
    if (process.state != 'Z') living.push_back(&process);
  }
  living.push_back(&supervisor_);
  const auto never_asked = [&](const ProcessSample* process) {
    return !kept_now_.at(process->pid).mapping_asked;
  };
  const auto later = [&](const ProcessSample* process) { return process->pid > mapping_pid_; };
  auto next = std::find_if(living.begin(), living.end(), never_asked);
  if (next == living.end()) next = std::find_if(living.begin(), living.end(), later);
  if (next == living.end()) next = living.begin();

  const uint64_t begun_ns = OwnCpuNs();
  ReadMapping(*next);
  mapping_not_before_ns_ = now_ns + (OwnCpuNs() - begun_ns) * kMappingRest;
  mapping_pid_ = (*next)->pid;
}

void ProcessCollector::ReadMapping(ProcessSample* process) {
  Kept& kept = kept_now_.at(process->pid);
  kept.mapping_asked = true;
  std::array<char, 2048> buffer;
  const auto text = ReadKernelFile(ProcPath(proc_, process->pid, "smaps_rollup"), buffer);
  if (!text) return;
  const auto pss = NumberAfter(*text, "Pss:");
  const auto clean = NumberAfter(*text, "Private_Clean:");
  const auto dirty = NumberAfter(*text, "Private_Dirty:");
  if (!pss || !clean || !dirty) return;
  process->pss_bytes = kept.pss_bytes = *pss * 1024;
  process->uss_bytes = kept.uss_bytes = (*clean + *dirty) * 1024;
}

}  // namespace stirbar
