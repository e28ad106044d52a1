// A place that alerts go to, and how it is configured.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/publish/alert_notice.h"

namespace stirbar {

enum class SinkKind : uint8_t { kLog, kWebhook, kEmail, kAlertmanager, kCommand };
std::string_view Name(SinkKind kind);  // log, webhook, email, alertmanager, command

enum class WebhookFormat : uint8_t { kStirbar, kSlack, kDiscord };

enum class MailSecurity : uint8_t {
  kNone,
  kStartTls,  // from the first command on that could carry anything secret; without it: no mail
  kTls,       // from the first byte on
};

// One of [[sinks]], checked. What is secret in it is never shown.
struct SinkOptions {
  std::string name;
  SinkKind kind = SinkKind::kLog;
  std::vector<Status> severities{Status::kWarning, Status::kCritical};
  std::vector<std::string> components;  // patterns; empty: all
  bool send_resolved = true;
  std::chrono::milliseconds timeout{10'000};         // for the whole of one attempt
  std::chrono::milliseconds longest_pause{300'000};  // between two attempts
  // webhook, alertmanager
  std::string url;     // may be secret but for scheme, host and port
  std::string secret;  // signs webhooks; empty: they are not signed
  std::string token;   // Authorization: Bearer; empty: none
  WebhookFormat format = WebhookFormat::kStirbar;
  // email
  std::string server;  // HOST:PORT
  MailSecurity security = MailSecurity::kStartTls;
  std::string user;
  std::string password;
  std::string from;
  std::vector<std::string> to;
  // command
  std::vector<std::string> command;
};

// Where to, for showing: scheme, host and port of a URL; the program of a command.
std::string TargetOf(const SinkOptions& options);
// Whether the sink wants this piece of news. A test it always wants.
bool Wants(const SinkOptions& options, const AlertNews& news);

// How one attempt ended.
struct SinkOutcome {
  enum class Kind : uint8_t {
    kDelivered,
    kFailed,   // to be tried again
    kRefused,  // the receiver will never take this message; a few more tries, then it is given up
  };
  Kind kind = Kind::kDelivered;
  std::string error;                    // why not, without secrets
  std::chrono::seconds retry_after{0};  // what the receiver asked for
};

// What an attempt needs besides the message.
struct SinkAttempt {
  uint32_t number = 1;            // of this message, also over restarts; at least
  uint64_t dropped = 0;           // messages that this sink has not got since the one before
  const std::atomic<bool>& stop;  // the attempt ends soon after it is set
};

// Threads: one, of its own. Time: may block, for options.timeout at most.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  virtual SinkOutcome Send(const AlertNotice& notice, const SinkAttempt& attempt) = 0;
  // Says again what fires, where the receiver forgets: see RefreshInterval(). A failure is no news.
  virtual void Refresh(const std::vector<AlertNews>&, const std::atomic<bool>&) {}
  virtual std::optional<std::chrono::seconds> RefreshInterval() const { return std::nullopt; }
};

std::unique_ptr<AlertSink> MakeSink(const SinkOptions& options);

}  // namespace stirbar
