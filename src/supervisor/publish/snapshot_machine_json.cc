#include "supervisor/publish/snapshot_machine_json.h"

#include <algorithm>

namespace stirbar {

void WriteListeners(const Sample& sample, JsonWriter* json) {
  json->BeginArray("listeners");
  for (const ListenerSample& listener : sample.listeners) {
    json->BeginObject();
    json->Field("kind", listener.kind == ListenerKind::kTcp ? "tcp" : "unix");
    json->Field("address", listener.address);
    json->Field("depth", listener.depth);
    json->Field("backlog", listener.backlog);
    json->EndObject();
  }
  json->EndArray();
}

void WriteMachine(const MachineSample& machine, JsonWriter* json) {
  json->BeginObject("machine");
  json->Field("memory_total_bytes", machine.memory_total_bytes);
  json->Field("memory_available_bytes", machine.memory_available_bytes);
  json->Field("cpus", machine.cpus);
  json->Field("disk_total_bytes", machine.disk_total_bytes);
  json->Field("disk_available_bytes", machine.disk_available_bytes);
  json->Field("disk_path", machine.disk_path);
  const CgroupSample& cgroup = machine.cgroup;
  json->BeginObject("cgroup");
  json->Field("version", cgroup.version);
  json->Field("path", cgroup.path);
  json->Field("memory_limit_bytes", cgroup.memory_limit_bytes);
  json->Field("memory_current_bytes", cgroup.memory_current_bytes);
  json->Field("memory_inactive_file_bytes", cgroup.memory_inactive_file_bytes);
  json->Field("cpu_limit", cgroup.cpu_limit);
  json->BeginObject("memory_events");
  for (const auto& [name, count] : cgroup.memory_events) json->Field(name, count);
  json->EndObject();
  json->EndObject();
  const PressureSample& pressure = machine.pressure;
  json->BeginObject("pressure");
  json->Field("cpu_some", pressure.cpu_some);
  json->Field("memory_some", pressure.memory_some);
  json->Field("memory_full", pressure.memory_full);
  json->Field("io_some", pressure.io_some);
  json->Field("io_full", pressure.io_full);
  json->EndObject();
  json->EndObject();
}

void WriteProcesses(const Sample& sample, JsonWriter* json) {
  json->BeginArray("processes");
  for (size_t i = 0; i < std::min(sample.processes.size(), kProcessesShown); ++i) {
    const ProcessSample& process = sample.processes[i];
    json->BeginObject();
    json->Field("pid", process.pid);
    json->Field("parent_pid", process.parent_pid);
    json->Field("command", process.command);
    json->Field("state", std::string_view(&process.state, 1));
    json->Field("rss_bytes", process.rss_bytes);
    json->Field("pss_bytes", process.pss_bytes);
    json->Field("cpu_ratio", process.cpu_ratio);
    json->Field("threads", process.threads);
    json->EndObject();
  }
  json->EndArray();
  json->BeginObject("supervisor");
  json->Field("pid", sample.supervisor.pid);
  json->Field("generation", sample.supervisor_generation);
  json->Field("rss_bytes", sample.supervisor.rss_bytes);
  json->Field("cpu_ratio", sample.supervisor.cpu_ratio);
  json->Field("threads", sample.supervisor.threads);
  json->EndObject();
}

}  // namespace stirbar
