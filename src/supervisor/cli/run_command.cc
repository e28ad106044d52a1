#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "segment/mapping.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/database_accounts.h"
#include "supervisor/cli/environment_settings.h"
#include "supervisor/cli/segment_finder.h"
#include "supervisor/health_groups_file.h"
#include "supervisor/launcher.h"
#include "supervisor/listen_address.h"
#include "supervisor/package_folder.h"
#include "supervisor/publish/export_config.h"
#include "supervisor/publish/sink_config.h"
#include "supervisor/rule_file.h"
#include "supervisor/run_loop.h"
#include "supervisor/setting_layers.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;

int Refuse(const std::string& message) {
  std::fprintf(stderr, "stirbar: %s\n", message.c_str());
  return kUsageError;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// What the server's Python processes need to load the probe: `bootstrap` comes first in PYTHONPATH,
// so that its sitecustomize runs, and passes on to the one it hides.
// `descriptor`: of the segment, for workers that may not open it.
std::vector<std::pair<std::string, std::string>> ServerEnvironment(const std::string& segment,
                                                                   int descriptor) {
  std::vector<std::pair<std::string, std::string>> environment{
      {"STIRBAR_SEGMENT", segment}, {"STIRBAR_SEGMENT_DESCRIPTOR", std::to_string(descriptor)}};
  const Result<std::string> package = FindPackageFolder();
  if (!package) {
    std::fprintf(stderr, "stirbar: the app is not instrumented: %s\n", package.error().c_str());
    return environment;
  }
  const std::string before = Environment("PYTHONPATH");
  environment.emplace_back("PYTHONPATH",
                           *package + "/bootstrap" + (before.empty() ? "" : ":" + before));
  environment.emplace_back("STIRBAR_PACKAGES", fs::path(*package).parent_path().string());
  return environment;
}

}  // namespace

int RunCommand(const RunOptions& options) {
  if (options.command.empty()) return Refuse("run: give the server's command after --");
  const Result<std::map<SettingId, double>> settings = SettingsFromEnvironment();
  if (!settings) return Refuse(settings.error());
  const Result<std::vector<DatabaseAccount>> databases = DatabaseAccounts(options.databases);
  if (!databases) return Refuse(databases.error());
  const Result<ConfigFile> config = LoadConfigFile(options.config);
  const std::string& history = options.history;
  if (!config) return Refuse(config.error());
  const Result<SettingValues> from_file = SettingsFromFile(*config);
  if (!from_file) return Refuse(from_file.error());
  const Result<size_t> checked = CheckStart(*config, *from_file, *settings);
  if (!checked) return Refuse(checked.error());
  const Result<std::vector<SinkOptions>> sinks = LoadSinks(*config);
  if (!sinks) return Refuse(sinks.error());
  const Result<std::vector<ExportOptions>> exports = LoadExports(*config);
  if (!exports) return Refuse(exports.error());
  if (const auto rules = RulesOf(*config); !rules) return Refuse(rules.error());
  if (const auto groups = HealthGroupsOf(*config); !groups) return Refuse(groups.error());
  const std::string listen =
      options.listen.empty() ? Environment("STIRBAR_LISTEN") : options.listen;
  const Result<ListenAddress> address = ParseListenAddress(listen);
  if (!address) return Refuse(address.error());
  const Result<std::string> folder = SegmentFolder();
  if (!folder) return Refuse(folder.error());
  RemoveDeadSegments();
  const Result<ListenSocket> socket = Listen(*address);
  if (!socket) return Refuse(socket.error());

  std::error_code ignored;
  const std::string name =
      options.name.empty() ? fs::current_path(ignored).filename().string() : options.name;
  SupervisorOptions supervisor;
  supervisor.app_name = SafeName(name);
  supervisor.segment_path =
      *folder + "/" + supervisor.app_name + "-" + std::to_string(getpid()) + ".segment";
  supervisor.app_command = Joined(options.command);
  supervisor.listen_fd = socket->file;
  supervisor.host = address->host;
  supervisor.loopback = address->IsLoopback();
  supervisor.lifetime = Lifetime::kWithServer;
  supervisor.state_name = supervisor.app_name;
  supervisor.settings = *settings;
  supervisor.file_settings = *from_file;
  int descriptor = -1;
  supervisor.databases = *databases;
  supervisor.config = *config;
  supervisor.history = history;
  supervisor.sinks = *sinks;
  supervisor.exports = *exports;
  {
    const auto mapping = SegmentMapping::CreateOrOpen(supervisor.segment_path, supervisor.app_name);
    if (!mapping) return Refuse(mapping.error());
    descriptor = (*mapping)->HandDown();
  }
  LaunchOptions launch;
  launch.server_command = options.command;
  launch.server_environment = ServerEnvironment(supervisor.segment_path, descriptor);
  launch.supervisor = [&](int server_pid, int) {
    if (server_pid > 0) supervisor.server_pid = static_cast<uint32_t>(server_pid);
    return RunSupervisor(supervisor);
  };
  const int status = Launch(launch);
  unlink(supervisor.segment_path.c_str());
  unlink((supervisor.segment_path + ".lock").c_str());
  unlink((supervisor.segment_path + ".refused").c_str());
  return status;
}

}  // namespace stirbar
