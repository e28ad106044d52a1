// The subcommands of `stirbar`. Each returns the exit status; messages for people go to stderr,
// results to stdout.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stirbar {

// Exit status of a command that was used wrongly, as getopt-style programs have it.
inline constexpr int kUsageError = 2;

struct RunOptions {
  std::string listen;                  // empty: $STIRBAR_LISTEN, else the default
  std::string name;                    // empty: the working directory's
  std::string config;                  // path of stirbar.toml; empty: $STIRBAR_CONFIG, or as found
  std::vector<std::string> databases;  // URLs; empty: $STIRBAR_DATABASE_URLS
  std::string history;                 // path of its file, "off"; empty: $STIRBAR_HISTORY
  std::vector<std::string> command;
};
int RunCommand(const RunOptions& options);

struct AttachOptions {
  std::string segment;  // empty: the only one of this user
  std::string name;
  std::string listen;
  std::string config;  // as of run, as the next
  std::vector<std::string> databases;
  std::string history;
  bool daemon = false;  // leave the terminal and end with the workers
};
int AttachCommand(const AttachOptions& options);

enum class Output { kText, kJson };

struct ViewOptions {
  std::string segment;  // empty: $STIRBAR_SEGMENT, else the only live one of this user
  std::string name;
  Output output = Output::kText;
};
int StatusCommand(const ViewOptions& options);
int TopCommand(const ViewOptions& options);

// `probe`: status, live, ready or startup. Exit status 0 healthy, 1 warning, 2 critical or unknown.
int HealthCommand(const ViewOptions& options, const std::string& probe);

enum class Requests { kInFlight, kSlow };
int RequestsCommand(const ViewOptions& options, Requests which);

// `level`: on, off, auto, background, sheddable or normal: what the operator orders, from now on
// and over what is measured; empty: shows what holds.
int ShedCommand(const ViewOptions& options, const std::string& level);

// What `stirbar config` was asked to do.
struct ConfigOptions {
  ViewOptions view;
  std::vector<std::string> words;  // names, or NAME=VALUE
  uint64_t number = 0;             // of a change
  std::string file;                // of check; empty: as run finds it
  bool dry_run = false;
};
// Exit status of all: 0; 2 when there is nobody to ask, or what was given is refused.
int ConfigGetCommand(const ConfigOptions& options);
int ConfigSetCommand(const ConfigOptions& options);
int ConfigResetCommand(const ConfigOptions& options);
int ConfigExplainCommand(const ConfigOptions& options);
int ConfigHistoryCommand(const ConfigOptions& options);
int ConfigRevertCommand(const ConfigOptions& options);
// Reads stirbar.toml and the environment as `stirbar run` would, and starts nothing.
int ConfigCheckCommand(const ConfigOptions& options);

struct ActionOptions {
  ViewOptions view;
  bool recycle = false;  // false: clean up
  uint32_t pid = 0;      // 0: all workers
  bool dry_run = false;
};
// Asks the supervisor, and follows what comes of it. Exit status 0; 1 when some of it failed; 2
// when it is refused or there is nobody to ask.
int ActionCommand(const ActionOptions& options);

struct StacksOptions {
  ViewOptions view;
  uint32_t pid = 0;  // 0: all workers
  bool all = false;  // every thread, not only those that work at a request or hold the lock
};
// Exit status 0; 1 when there is nobody to ask or the answer is an error.
int StacksCommand(const StacksOptions& options);

struct ConnectionsOptions {
  ViewOptions view;
  std::string pool;     // only those whose names contain it
  bool stacks = false;  // whole ones
};
// Exit status 0; 2 when there is nobody to ask or the answer is an error.
int ConnectionsCommand(const ConnectionsOptions& options);

struct HistoryFileOptions {
  ViewOptions view;
  std::string path;  // empty: that of the app, or the only one there is
};
// Exit status 0; 2 when it cannot be read. So of the next.
int HistoryInfoCommand(const HistoryFileOptions& options);

struct HistoryExportOptions {
  HistoryFileOptions file;
  std::string from;  // empty: a day before `until`
  std::string until;
  std::string step;
  std::string metrics;  // empty: all
  std::string format = "csv";
  std::string output;  // a file; empty: the standard output
};
int HistoryExportCommand(const HistoryExportOptions& options);
// The alerts, silences and sinks. These five: exit status 0; 2 when there is nobody to ask, or the
// answer is an error.
int AlertsCommand(const ViewOptions& options);

struct SilenceOptions {
  ViewOptions view;
  std::vector<std::string> matchers;  // "rule=memory"
  std::string duration = "1h";
  std::string comment;
};
int SilenceCommand(const SilenceOptions& options);
int UnsilenceCommand(const ViewOptions& options, const std::string& id);

struct AcknowledgeOptions {
  ViewOptions view;
  std::string id;  // of an alert that fires, or its rule, or rule/worker
  std::string comment;
  bool undo = false;
};
int AcknowledgeCommand(const AcknowledgeOptions& options);

// To `sink`, or to all for an empty one.
int TestAlertsCommand(const ViewOptions& options, const std::string& sink);

// Exit status 0 nothing to say, 1 warnings, 2 critical or nothing known.
int DoctorCommand(const ViewOptions& options);

struct ReplayOptions {
  HistoryFileOptions history;  // recorded figures
  std::string csv;             // in their place; empty: the history
  std::string rules;           // a stirbar.toml; empty: as of run
  std::string from;            // times; empty: all there is
  std::string until;
  Output output = Output::kText;
};
// What the rules would have said about recorded figures. Exit status 0; 2 when something is wrong.
int ReplayCommand(const ReplayOptions& options);

int VersionCommand(Output output);

}  // namespace stirbar
