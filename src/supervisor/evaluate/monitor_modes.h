// What is made of the findings about one thing: the settings monitor_memory, monitor_cpu, ...
//
//   on        judge health, raise alerts, call for actions
//   observe   listed as pending, with a remark, and nothing comes of it
//   off       dropped
//
// The figures themselves are measured, shown and kept in all three. The setting observe_only is
// about actions alone: it leaves the monitors as they are.
#pragma once

#include "supervisor/supervisor.h"

namespace stirbar {

// Of the findings of `assessment`, before health is judged by them. A component without a setting
// of its own (a user's rule) is judged.
void ApplyMonitorModes(const Settings& settings, Assessment* assessment);

}  // namespace stirbar
