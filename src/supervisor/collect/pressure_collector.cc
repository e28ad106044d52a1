#include "supervisor/collect/pressure_collector.h"

#include <array>
#include <charconv>
#include <utility>

#include "supervisor/collect/kernel_file.h"

namespace stirbar {
namespace {

// The share behind `key` ("some avg10="), 0..1.
double AverageAfter(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return kNotMeasured;
  double percent = 0;
  const auto [next, fault] =
      std::from_chars(text.data() + at + key.size(), text.data() + text.size(), percent);
  return fault == std::errc() ? percent / 100 : kNotMeasured;
}

}  // namespace

PressureCollector::PressureCollector(std::optional<uint32_t> server_pid, std::string proc)
    : proc_(std::move(proc)), tracker_(server_pid, proc_) {}

void PressureCollector::Collect(const Tick& tick, Sample* sample) {
  if (tick.full) Measure(tick, *sample);
  sample->machine.pressure = pressure_;
  if (!failure_.empty()) sample->unavailable[std::string(name())] = failure_;
}

void PressureCollector::Measure(const Tick& tick, const Sample& sample) {
  failure_.clear();
  pressure_ = {};
  const auto membership = tracker_.Follow(tick, sample);
  const bool has_cgroup = membership && membership->unified;
  const std::string cgroup = has_cgroup ? membership->unified->directory : "";
  double cpu_full = kNotMeasured;  // always 0 for a machine
  Read(cgroup, "cpu", &pressure_.cpu_some, &cpu_full);
  Read(cgroup, "memory", &pressure_.memory_some, &pressure_.memory_full);
  Read(cgroup, "io", &pressure_.io_some, &pressure_.io_full);
}

void PressureCollector::Read(const std::string& cgroup, const std::string& resource, double* some,
                             double* full) {
  std::array<char, 256> buffer;
  Result<std::string_view> text = Error{};
  if (!cgroup.empty()) text = ReadKernelFile(cgroup + "/" + resource + ".pressure", buffer);
  if (!text) text = ReadKernelFile(proc_ + "/pressure/" + resource, buffer);
  if (!text) {
    failure_ = text.error();
    return;
  }
  *some = AverageAfter(*text, "some avg10=");
  *full = AverageAfter(*text, "full avg10=");
}

}  // namespace stirbar
