#include "supervisor/launcher.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"

namespace stirbar {
namespace {

constexpr std::array kForwarded{SIGTERM, SIGINT,  SIGHUP,  SIGQUIT, SIGUSR1,
                                SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH};
constexpr uint64_t kFirstPauseNs = 100'000'000;
constexpr uint64_t kLongestPauseNs = 5'000'000'000;
// A supervisor that lived so long did not die of its start.
constexpr uint64_t kStableAfterNs = 10'000'000'000;
constexpr uint64_t kGoodbyeNs = 3'000'000'000;

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (const int number : kForwarded) sigaddset(&set, number);
  return set;
}

void UnblockAll() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

int StatusOf(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

std::string Describe(int wait_status) {
  if (WIFEXITED(wait_status))
    return "exited with status " + std::to_string(WEXITSTATUS(wait_status));
  return "was killed by signal " + std::to_string(WTERMSIG(wait_status));
}

class Launcher {
 public:
  explicit Launcher(const LaunchOptions& options) : options_(options) {}

  int Run() {
    // Inherited as ignored, it would let the kernel reap the server, status and all.
    std::signal(SIGCHLD, SIG_DFL);
    const sigset_t watched = Watched();
    sigprocmask(SIG_BLOCK, &watched, nullptr);
    signals_ = signalfd(-1, &watched, SFD_CLOEXEC);
    if (signals_ < 0) {
      std::perror("stirbar: signalfd");
      return 1;
    }
    StartServer();
    StartSupervisor();
    while (server_ > 0) Turn();
    EndSupervisor();
    return status_;
  }

 private:
  void StartServer() {
    server_ = fork();
    if (server_ != 0) {
      if (server_ < 0) {
        std::perror("stirbar: fork");
        status_ = 1;
      }
      return;
    }
    UnblockAll();
    for (const auto& [name, value] : options_.server_environment) {
      setenv(name.c_str(), value.c_str(), 1);
    }
    std::vector<char*> arguments;
    for (const std::string& argument : options_.server_command) {
      arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    const int code = errno;
    std::fprintf(stderr, "stirbar: cannot run '%s': %s\n", arguments[0], std::strerror(code));
    _exit(code == ENOENT ? 127 : 126);
  }

  void StartSupervisor() {
    started_ns_ = MonotonicNs();
    ++generation_;
    supervisor_ = fork();
    if (supervisor_ != 0) {
      if (supervisor_ < 0) {
        std::perror("stirbar: the supervisor could not be started: fork");
        Postpone();
      }
      return;
    }
    // A group of its own: Ctrl-C is meant for the server, the launcher ends the supervisor.
    setpgid(0, 0);
    UnblockAll();
    close(signals_);
    _exit(options_.supervisor(static_cast<int>(server_), generation_));
  }

  // Waits for one signal, at most until the supervisor is due, and deals with it.
  void Turn() {
    const uint64_t now = MonotonicNs();
    if (supervisor_ <= 0 && now >= due_ns_) StartSupervisor();
    int pause_ms = 5000;
    if (supervisor_ <= 0) pause_ms = static_cast<int>(AgeOf(now, due_ns_).count() / 1'000'000) + 1;
    if (!SignalWithin(pause_ms)) return;
    signalfd_siginfo info{};
    if (read(signals_, &info, sizeof info) != sizeof info) return;
    if (info.ssi_signo == SIGCHLD) {
      Reap();
    } else if (server_ > 0 && !FromTerminal(info)) {
      kill(server_, static_cast<int>(info.ssi_signo));
    }
  }

  bool SignalWithin(int pause_ms) const {
    pollfd event{signals_, POLLIN, 0};
    return poll(&event, 1, pause_ms) > 0;
  }

  // The terminal sends Ctrl-C (and its end, and its new size) to the whole foreground group, the
  // server included: forwarded once more, it would count as the second, impatient one. A server
  // that has made a group of its own has got nothing.
  bool FromTerminal(const signalfd_siginfo& info) const {
    return info.ssi_code == SI_KERNEL && getpgid(server_) == getpgrp();
  }

  void Reap() {
    int wait_status = 0;
    for (pid_t pid; (pid = waitpid(-1, &wait_status, WNOHANG)) > 0;) {
      if (pid == server_) {
        server_ = 0;
        status_ = StatusOf(wait_status);
      } else if (pid == supervisor_) {
        supervisor_ = 0;
        PlanSupervisor(wait_status);
      }
    }
  }

  void Postpone() {
    const uint64_t now = MonotonicNs();
    const bool stable = AgeOf(started_ns_, now) >= Nanoseconds(kStableAfterNs);
    pause_ns_ = stable ? kFirstPauseNs : std::min(2 * pause_ns_, kLongestPauseNs);
    due_ns_ = now + pause_ns_;
  }

  void PlanSupervisor(int wait_status) {
    Postpone();
    if (server_ > 0) {
      std::fprintf(stderr,
                   "stirbar: the supervisor %s; the app serves on, a new one starts in %.1f s\n",
                   Describe(wait_status).c_str(), static_cast<double>(pause_ns_) * 1e-9);
    }
  }

  void EndSupervisor() {
    if (supervisor_ <= 0) return;
    kill(supervisor_, SIGTERM);
    const uint64_t until = MonotonicNs() + kGoodbyeNs;
    while (supervisor_ > 0 && MonotonicNs() < until) {
      if (SignalWithin(50)) {
        signalfd_siginfo info{};
        [[maybe_unused]] const ssize_t bytes = read(signals_, &info, sizeof info);
      }
      Reap();
    }
    if (supervisor_ > 0) {
      kill(supervisor_, SIGKILL);
      waitpid(supervisor_, nullptr, 0);
    }
  }

  const LaunchOptions& options_;
  int signals_ = -1;
  pid_t server_ = 0;
  pid_t supervisor_ = 0;
  int generation_ = 0;
  int status_ = 0;
  uint64_t started_ns_ = 0;
  uint64_t due_ns_ = 0;
  // Doubled before the first use: a supervisor killed once is back in 0.2 s.
  uint64_t pause_ns_ = kFirstPauseNs;
};

}  // namespace

int Launch(const LaunchOptions& options) { return Launcher(options).Run(); }

}  // namespace stirbar
