#include "supervisor/publish/log_sink.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "supervisor/publish/sink_bodies.h"

namespace stirbar {
namespace {

class LogSink : public AlertSink {
 public:
  SinkOutcome Send(const AlertNotice& notice, const SinkAttempt& attempt) override {
    // One write: lines of others do not come in between.
    const std::string line = R"({"stirbar_alert":)" + WebhookBody(notice, attempt.dropped) + "}\n";
    ssize_t written = 0;
    do {
      written = write(STDERR_FILENO, line.data(), line.size());
    } while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(line.size())) return {};
    return {SinkOutcome::Kind::kFailed, std::string("write: ") + std::strerror(errno), {}};
  }
};

}  // namespace

std::unique_ptr<AlertSink> MakeLogSink() { return std::make_unique<LogSink>(); }

}  // namespace stirbar
