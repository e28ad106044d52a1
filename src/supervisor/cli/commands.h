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
  std::vector<std::string> command;
};
int RunCommand(const RunOptions& options);

struct AttachOptions {
  std::string segment;  // empty: the only one of this user
  std::string name;
  std::string listen;
  std::string config;  // as of run, as the next
  std::vector<std::string> databases;
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

// Exit status 0 nothing to say, 1 warnings, 2 critical or nothing known.
int DoctorCommand(const ViewOptions& options);

struct ReplayOptions {
  std::string csv;    // recorded figures
  std::string rules;  // a stirbar.toml; empty: as of run
  std::string from;   // times; empty: all there is
  std::string until;
  Output output = Output::kText;
};
// What the rules would have said about recorded figures. Exit status 0; 2 when something is wrong.
int ReplayCommand(const ReplayOptions& options);

int VersionCommand(Output output);

}  // namespace stirbar
