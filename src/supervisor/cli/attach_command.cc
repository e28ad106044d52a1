#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "supervisor/cli/commands.h"
#include "supervisor/cli/database_accounts.h"
#include "supervisor/cli/environment_settings.h"
#include "supervisor/cli/segment_finder.h"
#include "supervisor/health_groups_file.h"
#include "supervisor/listen_address.h"
#include "supervisor/publish/export_config.h"
#include "supervisor/publish/sink_config.h"
#include "supervisor/rule_file.h"
#include "supervisor/run_loop.h"
#include "supervisor/setting_layers.h"

namespace stirbar {
namespace {

int Refuse(const std::string& message) {
  std::fprintf(stderr, "stirbar: attach: %s\n", message.c_str());
  return kUsageError;
}

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Leaves the worker that started this process: its terminal, its session, its descriptors (sockets
// of the app among them), and the duty to be reaped by it. True in the process that goes on.
bool Daemonize() {
  if (fork() != 0) return false;
  setsid();
  if (fork() != 0) _exit(0);
  const int null = open("/dev/null", O_RDWR);
  if (null >= 0) {
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
  }
  // stderr stays: the supervisor's log lines belong beside the app's.
  close_range(STDERR_FILENO + 1, ~0U, 0);
  return chdir("/") == 0;
}

// What names a file from here must still name it when the daemon has left this folder.
std::string AbsoluteHistory(const std::string& option) {
  const std::string configured = option.empty() ? Environment("STIRBAR_HISTORY") : option;
  if (configured.empty() || configured == "off") return configured;
  std::error_code ignored;
  return std::filesystem::absolute(configured, ignored).string();
}

}  // namespace

int AttachCommand(const AttachOptions& options) {
  // Before Daemonize() changes the directory.
  const Result<std::vector<DatabaseAccount>> databases = DatabaseAccounts(options.databases);
  if (!databases) return Refuse(databases.error());
  const Result<ConfigFile> config = LoadConfigFile(options.config);
  if (!config) return Refuse(config.error());
  const Result<SettingValues> from_file = SettingsFromFile(*config);
  if (!from_file) return Refuse(from_file.error());
  const Result<std::vector<SinkOptions>> sinks = LoadSinks(*config);
  if (!sinks) return Refuse(sinks.error());
  const Result<std::vector<ExportOptions>> exports = LoadExports(*config);
  if (!exports) return Refuse(exports.error());
  if (const auto rules = RulesOf(*config); !rules) return Refuse(rules.error());
  if (const auto groups = HealthGroupsOf(*config); !groups) return Refuse(groups.error());
  std::error_code ignored;
  const std::string segment_path =
      options.segment.empty() ? "" : std::filesystem::absolute(options.segment, ignored).string();
  const std::string history = AbsoluteHistory(options.history);
  if (options.daemon && !Daemonize()) return 0;
  const char* const listen = std::getenv("STIRBAR_LISTEN");
  const Result<ListenAddress> address =
      ParseListenAddress(options.listen.empty() && listen != nullptr ? listen : options.listen);
  if (!address) return Refuse(address.error());
  const Result<std::map<SettingId, double>> settings = SettingsFromEnvironment();
  if (!settings) return Refuse(settings.error());
  const Result<size_t> checked = CheckStart(*config, *from_file, *settings);
  if (!checked) return Refuse(checked.error());

  SupervisorOptions supervisor;
  supervisor.lifetime = options.daemon ? Lifetime::kWhileWorkersLive : Lifetime::kUntilSignal;
  supervisor.segment_path = segment_path;
  supervisor.settings = *settings;
  supervisor.file_settings = *from_file;
  supervisor.databases = *databases;
  supervisor.config = *config;
  supervisor.history = history;
  supervisor.sinks = *sinks;
  supervisor.exports = *exports;
  supervisor.app_name = options.name.empty() ? "app" : options.name;
  if (supervisor.segment_path.empty()) {
    const auto mapping = FindSegment("", options.name);
    if (!mapping) return Refuse(mapping.error());
    supervisor.segment_path = (*mapping)->path();
  }
  // Not the name of the app: two projects may both be called "app", their segments are not.
  supervisor.state_name = std::filesystem::path(supervisor.segment_path).stem().string();
  if (const auto mapping = SegmentMapping::Open(supervisor.segment_path); mapping) {
    // Known before the port is asked for: of several workers' supervisors only one may have it.
    if (IsWatched(**mapping)) {
      if (options.daemon) return 0;
      return Refuse("another supervisor already watches " + supervisor.segment_path);
    }
  } else if (!options.daemon) {
    return Refuse(mapping.error());
  }
  const Result<ListenSocket> socket = Listen(*address);
  if (!socket && !options.daemon) return Refuse(socket.error());
  if (socket) {
    supervisor.listen_fd = socket->file;
  } else {
    std::fprintf(stderr, "stirbar: no pages: %s\n", socket.error().c_str());
  }
  supervisor.host = address->host;
  supervisor.loopback = address->IsLoopback();
  return RunSupervisor(supervisor);
}

}  // namespace stirbar
