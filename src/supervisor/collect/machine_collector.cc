#include "supervisor/collect/machine_collector.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "supervisor/collect/kernel_file.h"

namespace stirbar {
namespace {

uint32_t CountCpus() {
  std::array<cpu_set_t, 8> cpus{};  // 8,192 CPUs: the most that Linux can be built for
  if (sched_getaffinity(0, sizeof(cpus), cpus.data()) == 0) {
    return static_cast<uint32_t>(CPU_COUNT_S(sizeof(cpus), cpus.data()));
  }
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<uint32_t>(online) : 1;
}

}  // namespace

Result<MemoryInfo> ReadMemoryInfo(const std::string& proc) {
  const std::string path = proc + "/meminfo";
  std::array<char, 4096> buffer;
  const auto text = ReadKernelFile(path, buffer);
  if (!text) return Error{text.error()};
  const auto total = NumberAfter(*text, "MemTotal:");
  const auto available = NumberAfter(*text, "MemAvailable:");
  if (!total || !available) return Error{path + ": no MemTotal or no MemAvailable"};
  return MemoryInfo{*total * 1024, *available * 1024};
}

MachineCollector::MachineCollector(std::string disk_path, std::string proc)
    : proc_(std::move(proc)) {
  machine_.disk_path = std::move(disk_path);
}

void MachineCollector::Collect(const Tick& tick, Sample* sample) {
  if (tick.full) Measure();
  MachineSample& machine = sample->machine;
  machine.memory_total_bytes = machine_.memory_total_bytes;
  machine.memory_available_bytes = machine_.memory_available_bytes;
  machine.cpus = machine_.cpus;
  machine.disk_total_bytes = machine_.disk_total_bytes;
  machine.disk_available_bytes = machine_.disk_available_bytes;
  machine.disk_path = machine_.disk_path;
  if (!failure_.empty()) sample->unavailable[std::string(name())] = failure_;
}

void MachineCollector::Measure() {
  failure_.clear();
  machine_.cpus = CountCpus();

  const auto memory = ReadMemoryInfo(proc_);
  if (!memory) failure_ = memory.error();
  machine_.memory_total_bytes = memory ? memory->total_bytes : 0;
  machine_.memory_available_bytes = memory ? memory->available_bytes : 0;

  struct statvfs disk {};
  if (statvfs(machine_.disk_path.c_str(), &disk) != 0) {
    const Error error = ErrnoError("statvfs " + machine_.disk_path, errno);
    failure_ += (failure_.empty() ? "" : "; ") + error.message;
    disk = {};
  }
  // Without the blocks that only root may fill, as df reckons its percentage.
  machine_.disk_total_bytes = (disk.f_blocks - disk.f_bfree + disk.f_bavail) * disk.f_frsize;
  machine_.disk_available_bytes = disk.f_bavail * disk.f_frsize;
}

}  // namespace stirbar
