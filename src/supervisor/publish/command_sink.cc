#include "supervisor/publish/command_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/clock.h"
#include "supervisor/publish/sink_bodies.h"

namespace stirbar {
namespace {

constexpr int kPollMs = 20;
constexpr size_t kShownError = 300;
// The kernel takes no variable above 128 KiB, and a pager wants one line.
constexpr size_t kLongestSummary = 1000;
constexpr int kNotFound = 127;  // as a shell has it

struct Pipe {
  int read = -1;
  int write = -1;
  bool Open() {
    std::array<int, 2> ends;
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  static void Close(int* end) {
    if (*end >= 0) close(*end);
    *end = -1;
  }
  ~Pipe() {
    Close(&read);
    Close(&write);
  }
};

std::vector<std::string> EnvironmentOf(const AlertNotice& notice, const SinkAttempt& attempt) {
  std::vector<std::string> environment;
  for (const char* const name : {"PATH", "HOME", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr) environment.push_back(std::string(name) + "=" + value);
  }
  environment.push_back("STIRBAR_ALERT_KEY=" + notice.key);
  environment.push_back("STIRBAR_ALERT_STATUS=" + std::string(StatusOf(notice)));
  environment.push_back("STIRBAR_ALERT_APP=" + notice.app);
  environment.push_back("STIRBAR_ALERT_GROUP=" + notice.group);
  environment.push_back("STIRBAR_ALERT_SUMMARY=" + HeadlineOf(notice).substr(0, kLongestSummary));
  environment.push_back("STIRBAR_ALERT_ATTEMPT=" + std::to_string(attempt.number));
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>* words) {
  std::vector<char*> pointers;
  for (std::string& word : *words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child: only what is safe after fork() in a process with threads.
[[noreturn]] void Become(char* const* words, char* const* environment, int in, int error) {
  setpgid(0, 0);
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = open("/dev/null", O_RDWR);
  dup2(in, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(error, STDERR_FILENO);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  execvpe(words[0], words, environment);
  const char* const why = strerrordesc_np(errno);
  if (why != nullptr) (void)!write(STDERR_FILENO, why, std::strlen(why));
  _exit(kNotFound);
}

std::string Line(const std::string& text) {
  std::string line = text.size() > kShownError ? text.substr(text.size() - kShownError) : text;
  std::replace_if(
      line.begin(), line.end(), [](char letter) { return static_cast<uint8_t>(letter) < 0x20; },
      ' ');
  return line;
}

class CommandSink : public AlertSink {
 public:
  explicit CommandSink(const SinkOptions& options) : options_(options) {}

  SinkOutcome Send(const AlertNotice& notice, const SinkAttempt& attempt) override {
    Pipe in;
    Pipe error;
    if (!in.Open() || !error.Open()) return Failed(std::string("pipe: ") + std::strerror(errno));
    std::vector<std::string> words = options_.command;
    std::vector<std::string> environment = EnvironmentOf(notice, attempt);
    const std::vector<char*> word_pointers = Pointers(&words);
    const std::vector<char*> environment_pointers = Pointers(&environment);
    const pid_t child = fork();
    if (child < 0) return Failed(std::string("fork: ") + std::strerror(errno));
    if (child == 0) {
      Become(word_pointers.data(), environment_pointers.data(), in.read, error.write);
    }
    Pipe::Close(&in.read);
    Pipe::Close(&error.write);
    return Wait(child, WebhookBody(notice, attempt.dropped), &in.write, error.read, attempt.stop);
  }

 private:
  static SinkOutcome Failed(std::string error) {
    return {SinkOutcome::Kind::kFailed, std::move(error), {}};
  }

  // Feeds the child, listens to it, and takes its end; kills it when its time is up.
  SinkOutcome Wait(pid_t child, std::string_view body, int* in, int error,
                   const std::atomic<bool>& stop) const {
    fcntl(*in, F_SETFL, O_NONBLOCK);
    fcntl(error, F_SETFL, O_NONBLOCK);
    const uint64_t began_ns = MonotonicNs();
    std::string said;
    for (;;) {
      std::array<pollfd, 2> ends{{{*in, POLLOUT, 0}, {error, POLLIN, 0}}};
      poll(ends.data(), ends.size(), kPollMs);
      if (*in >= 0) {
        const ssize_t written = write(*in, body.data(), body.size());
        if (written > 0) body.remove_prefix(static_cast<size_t>(written));
        const bool broken = written < 0 && errno != EAGAIN && errno != EINTR;
        if (body.empty() || broken) Pipe::Close(in);  // who reads nothing has its reasons
      }
      std::array<char, 4096> part;
      const ssize_t count = read(error, part.data(), part.size());
      if (count > 0) said = Line(said + std::string(part.data(), static_cast<size_t>(count)));
      int status = 0;
      if (waitpid(child, &status, WNOHANG) == child) return OutcomeOf(status, said);
      if (count == 0) usleep(kPollMs * 1000);  // it has closed stderr and runs on
      const bool late = AgeOf(began_ns, MonotonicNs()) >= Nanoseconds(options_.timeout);
      if (!late && !stop) continue;
      kill(-child, SIGKILL);
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return Failed(late ? "it ran for longer than " +
                               std::to_string(options_.timeout.count() / 1000) + " s"
                         : "the supervisor ends");
    }
  }

  static SinkOutcome OutcomeOf(int status, const std::string& said) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    const std::string end = WIFEXITED(status)
                                ? "exit status " + std::to_string(WEXITSTATUS(status))
                                : "ended by signal " + std::to_string(WTERMSIG(status));
    return Failed(said.empty() ? end : end + ": " + said);
  }

  const SinkOptions options_;
};

}  // namespace

std::unique_ptr<AlertSink> MakeCommandSink(const SinkOptions& options) {
  return std::make_unique<CommandSink>(options);
}

}  // namespace stirbar
