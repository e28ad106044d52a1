// `stirbar run`: the tiny parent of two children, the app's server and the supervisor.
//
//   stirbar run ── server (gunicorn ...)     ends: its exit status becomes ours
//        └──────── supervisor                dies: started again, on the same segment and port
//
// It does nothing else, so that it has nothing to die of: it forwards signals, reaps children (also
// strangers': it may be PID 1 of a container), and holds the listening socket of the pages, so that
// a browser's connection waits in the queue while a supervisor is replaced.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace stirbar {

struct LaunchOptions {
  std::vector<std::string> server_command;
  std::vector<std::pair<std::string, std::string>> server_environment;  // set in the server only
  // Runs in the child process that becomes the supervisor; its result is the exit status.
  // `server_pid` is the server's, `generation` counts supervisors from 1.
  std::function<int(int server_pid, int generation)> supervisor;
};

// Runs both until the server has ended, then ends the supervisor. Returns the status to exit with:
// the server's, or 128 + the signal that ended it; 127 when its command does not exist, 126 when it
// cannot be executed. Precondition: this process has one thread and no child.
int Launch(const LaunchOptions& options);

}  // namespace stirbar
