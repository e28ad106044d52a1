// The supervisor process: takes the segment, puts the four stages together, and turns the loop.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "supervisor/collect/database_account.h"
#include "supervisor/config_file.h"
#include "supervisor/publish/alert_sink.h"
#include "supervisor/publish/history_export.h"

namespace stirbar {

// When a supervisor ends by itself.
enum class Lifetime {
  kWithServer,        // `stirbar run`: when told, or when its parent and all workers are gone
  kWhileWorkersLive,  // started by a worker: when there has been none for a minute
  kUntilSignal,       // `stirbar attach` by hand
};

struct SupervisorOptions {
  std::string segment_path;
  std::string app_name;
  std::string app_command;             // what `stirbar run` started; empty when attached
  std::optional<uint32_t> server_pid;  // its process
  int listen_fd = -1;                  // listening socket for the pages; -1: none
  std::string host = "127.0.0.1";      // as in --listen
  bool loopback = true;                // false: a token is needed for everything
  Lifetime lifetime = Lifetime::kUntilSignal;
  std::string state_name;                     // by which its state is kept: unlike a pid it stays
  std::map<SettingId, double> settings;       // of the environment; checked
  std::map<SettingId, double> file_settings;  // of `config`; checked, also together with the above
  std::vector<DatabaseAccount> databases;     // servers to ask for their figures
  std::vector<SinkOptions> sinks;             // where alerts go
  std::vector<ExportOptions> exports;         // where else the history goes
  ConfigFile config;
  std::string history;  // as HistoryPlaceOf() takes it
};

// Watches until a signal or its lifetime ends it. Returns the exit status: 0; 1 when it cannot work
// (the message is on stderr); 75 when the segment went bad under it, which the one who started it
// answers by starting it again; 0 when another supervisor already has this segment.
//
// A segment that cannot be used is put aside as SEGMENT.refused, with the reason in the log, and a
// new one is made: the workers move over to it within two seconds.
//
// Threads: one, one more for each of `databases`, `sinks` and `exports`, one for the outbox of
// alerts and one for the history. Owns: an flock on SEGMENT.lock, which says that this segment has
// a supervisor and goes with the process.
int RunSupervisor(const SupervisorOptions& options);

}  // namespace stirbar
