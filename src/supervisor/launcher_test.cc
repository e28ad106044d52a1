#include "supervisor/launcher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

// What the processes of a test tell it.
struct Told {
  std::atomic<int> supervisors;
  std::atomic<int> supervisor_pid;
  std::atomic<int> server_pid;
  std::atomic<int> generation;
  std::atomic<int> launched;
};

// A launcher in a process of its own, with `command` as the server and a supervisor that waits
// to be told to end.
class Launched {
 public:
  explicit Launched(
      const std::vector<std::string>& command, const std::function<void()>& before = [] {}) {
    EXPECT_EQ(pipe2(lines_, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ != 0) {
      close(lines_[1]);
      return;
    }
    setpgid(0, 0);
    dup2(lines_[1], STDOUT_FILENO);
    // A test run in the background of a script ignores SIGINT and SIGQUIT, and a shell cannot trap
    // what was ignored when it began.
    for (const int number : {SIGINT, SIGQUIT, SIGHUP}) signal(number, SIG_DFL);
    before();
    LaunchOptions options;
    options.server_command = command;
    options.server_environment = {{"GREETING", "hello"}};
    options.supervisor = [this](int server_pid, int generation) {
      told_->supervisor_pid = getpid();
      told_->server_pid = server_pid;
      told_->generation = generation;
      ++told_->supervisors;
      for (;;) pause();
      return 0;
    };
    _exit(Launch(options));
  }
  ~Launched() {
    if (pid_ > 0) {
      kill(-pid_, SIGKILL);
      if (told_->supervisor_pid > 0) kill(told_->supervisor_pid, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(lines_[0]);
  }

  pid_t pid() const { return pid_; }
  Told& told() { return *told_; }

  // The next line of the server's output; empty when it ended, or said nothing for 20 s.
  std::string Line() {
    std::string line;
    char letter = 0;
    for (;;) {
      pollfd event{lines_[0], POLLIN, 0};
      if (poll(&event, 1, 20'000) <= 0 || read(lines_[0], &letter, 1) != 1) return line;
      if (letter == '\n') return line;
      line += letter;
    }
  }
  void AwaitSupervisor(int number) const {
    while (told_->supervisors.load() < number) sched_yield();
  }
  int Status() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    EXPECT_TRUE(WIFEXITED(status)) << status;
    return WEXITSTATUS(status);
  }

 private:
  const Shared<Told> told_;
  int lines_[2] = {-1, -1};
  pid_t pid_ = -1;
};

std::vector<std::string> Shell(const std::string& script) { return {"sh", "-c", script}; }

TEST(Launcher, TheServersStatusIsItsOwn) {
  EXPECT_EQ(Launched(Shell("exit 0")).Status(), 0);
  EXPECT_EQ(Launched(Shell("exit 7")).Status(), 7);
  EXPECT_EQ(Launched(Shell("kill -TERM $$")).Status(), 128 + SIGTERM);
  EXPECT_EQ(Launched(Shell("kill -KILL $$")).Status(), 128 + SIGKILL);
}

TEST(Launcher, ACommandThatCannotBeRunEndsAsInAShell) {
  EXPECT_EQ(Launched(std::vector<std::string>{"stirbar-no-such-command"}).Status(), 127);
  EXPECT_EQ(Launched(std::vector<std::string>{"/dev/null"}).Status(), 126);
  EXPECT_EQ(Launched(std::vector<std::string>{"/dev/shm"}).Status(), 126);
}

TEST(Launcher, TheServerHasItsEnvironmentAndNoSignalBlocked) {
  Launched run(Shell("echo $GREETING; grep SigBlk /proc/self/status"));
  EXPECT_EQ(run.Line(), "hello");
  EXPECT_EQ(run.Line(), "SigBlk:\t0000000000000000");
  EXPECT_EQ(run.Status(), 0);
}

TEST(Launcher, ForwardsSignalsToTheServer) {
  for (const int number :
       {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGWINCH}) {
    const std::string name = sigabbrev_np(number);
    Launched run(
        Shell("trap 'echo got; exit 9' " + name + "; echo ready; while :; do sleep 0.02; done"));
    ASSERT_EQ(run.Line(), "ready");
    kill(run.pid(), number);
    EXPECT_EQ(run.Line(), "got") << name;
    EXPECT_EQ(run.Status(), 9) << name;
  }
}

TEST(Launcher, StartsTheSupervisorAgainAndEndsItWithTheServer) {
  Launched run(Shell("trap 'exit 3' TERM; echo ready; while :; do sleep 0.02; done"));
  ASSERT_EQ(run.Line(), "ready");
  run.AwaitSupervisor(1);
  EXPECT_EQ(run.told().generation.load(), 1);
  const int first = run.told().supervisor_pid;
  const int server = run.told().server_pid;
  kill(first, SIGKILL);
  run.AwaitSupervisor(2);
  EXPECT_NE(run.told().supervisor_pid.load(), first);
  EXPECT_EQ(run.told().generation.load(), 2);
  EXPECT_EQ(run.told().server_pid.load(), server);
  EXPECT_EQ(kill(server, 0), 0);  // the server never noticed
  const int second = run.told().supervisor_pid;
  kill(run.pid(), SIGTERM);
  EXPECT_EQ(run.Status(), 3);
  EXPECT_EQ(kill(second, 0), -1);
}

TEST(Launcher, ASupervisorThatDoesNotEndIsKilled) {
  Launched run(Shell("echo ready; exec sleep 1000"));
  ASSERT_EQ(run.Line(), "ready");
  run.AwaitSupervisor(1);
  kill(run.told().supervisor_pid, SIGSTOP);
  kill(run.told().server_pid, SIGKILL);
  const int supervisor = run.told().supervisor_pid;
  EXPECT_EQ(run.Status(), 128 + SIGKILL);
  EXPECT_EQ(kill(supervisor, 0), -1);
}

// As PID 1 of a container it inherits everybody's orphans.
TEST(Launcher, ReapsOrphans) {
  Launched run(Shell("(sh -c 'echo $$; exit 5' &) ; exec sleep 1000"),
               [] { prctl(PR_SET_CHILD_SUBREAPER, 1); });
  const int orphan = std::stoi(run.Line());
  while (kill(orphan, 0) == 0) sched_yield();  // a zombie would stay
  run.AwaitSupervisor(1);
  kill(run.told().server_pid, SIGKILL);
  EXPECT_EQ(run.Status(), 128 + SIGKILL);
}

TEST(Launcher, AnIgnoredChildSignalDoesNotHideTheServersEnd) {
  Launched run(Shell("exit 7"), [] { std::signal(SIGCHLD, SIG_IGN); });
  EXPECT_EQ(run.Status(), 7);
}

}  // namespace
}  // namespace stirbar
