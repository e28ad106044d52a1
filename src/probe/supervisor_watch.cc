#include "probe/supervisor_watch.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace stirbar {
namespace {

constexpr uint64_t kLongestPauseNs = 60'000'000'000;

// As exec() wants them: with a null at the end.
std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

void SupervisorWatch::Check(Attachment* attachment, uint64_t now_ns) {
  bool present = false;
  if (attachment != nullptr) {
    present = SupervisorIsThere(attachment->segment().supervisor, now_ns);
    if (present_ && !present) {
      Word& losses = attachment->slot().supervisor_losses;
      losses.store(losses.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  }
  present_ = present;
  if (present) {
    pause_ns_ = 1'000'000'000;
    return;
  }
  if (options_.supervisor_command.empty() || now_ns < next_launch_ns_) return;
  next_launch_ns_ = now_ns + pause_ns_;
  pause_ns_ = std::min(2 * pause_ns_, kLongestPauseNs);
  Launch();
}

void SupervisorWatch::Launch() {
  std::vector<char*> arguments = Pointers(options_.supervisor_command);
  std::vector<char*> environment = Pointers(options_.supervisor_environment);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // This thread blocks all signals; the supervisor must not inherit that.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  // Nor what the app ignores.
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int code = posix_spawnp(&child, arguments[0], nullptr, &attributes, arguments.data(),
                                environment.data());
  posix_spawnattr_destroy(&attributes);
  // The child detaches itself at once (`stirbar attach --daemon`); ECHILD means that the app's own
  // reaper was quicker.
  if (code == 0) waitpid(child, nullptr, 0);
}

}  // namespace stirbar
