#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <cstdio>

#include "base/clock.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/render.h"
#include "supervisor/cli/segment_finder.h"

namespace stirbar {
namespace {

constexpr int kRefreshMs = 1000;

// The terminal in single-key mode on its alternate screen, and back at the end.
class Screen {
 public:
  Screen() {
    tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    std::fputs("\x1b[?1049h\x1b[?25l", stdout);
  }
  ~Screen() {
    std::fputs("\x1b[?25h\x1b[?1049l", stdout);
    std::fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void Draw(const std::vector<std::string>& lines, size_t rows) const {
    std::fputs("\x1b[H", stdout);
    for (size_t i = 0; i + 1 < rows && i < lines.size(); ++i) {
      std::printf("%s\x1b[K\r\n", lines[i].c_str());
    }
    std::fputs("\x1b[Jq quits", stdout);
    std::fflush(stdout);
  }

 private:
  termios before_{};
};

// SIGINT, SIGTERM and SIGWINCH as a file, so that the screen is always put back.
int SignalFile() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

std::vector<std::string> Lines(const ViewOptions& options, const winsize& size) {
  const auto mapping = FindSegment(options.segment, options.name);
  if (!mapping) return {mapping.error()};
  const Result<std::string> text = FreshSnapshot(**mapping);
  if (!text) return {text.error()};
  boost::json::error_code code;
  const boost::json::value snapshot = boost::json::parse(*text, code);
  if (code || !snapshot.is_object()) return {"the snapshot cannot be read"};
  return Render(snapshot.as_object(), {.width = size.ws_col > 0 ? size.ws_col : 100UL,
                                       .route_rows = 100,
                                       .request_rows = 5,
                                       .colour = Colour::kOn});
}

// One snapshot a line, once a second, until the reader is gone or the app is.
int StreamJson(const ViewOptions& options, int signals) {
  for (;;) {
    const auto mapping = FindSegment(options.segment, options.name);
    const Result<std::string> text = mapping ? FreshSnapshot(**mapping) : Error{mapping.error()};
    if (!text) {
      std::fprintf(stderr, "stirbar: %s\n", text.error().c_str());
      return 2;
    }
    if (std::printf("%s\n", text->c_str()) < 0 || std::fflush(stdout) != 0) return 0;
    pollfd event{signals, POLLIN, 0};
    if (poll(&event, 1, kRefreshMs) > 0) return 0;
  }
}

}  // namespace

int TopCommand(const ViewOptions& options) {
  const int signals = SignalFile();
  if (options.output == Output::kJson) return StreamJson(options, signals);
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    std::fprintf(stderr, "stirbar: top needs a terminal; use: stirbar status, or top --json\n");
    return kUsageError;
  }
  const Screen screen;
  for (;;) {
    winsize size{};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    screen.Draw(Lines(options, size), size.ws_row > 0 ? size.ws_row : 24);
    pollfd events[] = {{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}};
    if (poll(events, 2, kRefreshMs) <= 0) continue;
    signalfd_siginfo info{};
    if (read(signals, &info, sizeof info) == sizeof info && info.ssi_signo != SIGWINCH) return 0;
    if ((events[0].revents & POLLHUP) != 0) return 0;
    char key = 0;
    if ((events[0].revents & POLLIN) != 0 && read(STDIN_FILENO, &key, 1) == 1 &&
        (key == 'q' || key == 'Q' || key == 27)) {
      return 0;
    }
  }
}

}  // namespace stirbar
