#include "supervisor/publish/alert_sink.h"

#include <algorithm>
#include <array>

#include "supervisor/publish/alert_silence.h"
#include "supervisor/publish/alertmanager_sink.h"
#include "supervisor/publish/command_sink.h"
#include "supervisor/publish/config_table.h"
#include "supervisor/publish/log_sink.h"
#include "supervisor/publish/mail_sink.h"
#include "supervisor/publish/webhook_sink.h"

namespace stirbar {

std::string_view Name(SinkKind kind) {
  constexpr std::array<std::string_view, 5> kNames{"log", "webhook", "email", "alertmanager",
                                                   "command"};
  return kNames[static_cast<size_t>(kind)];
}

std::string TargetOf(const SinkOptions& options) {
  switch (options.kind) {
    case SinkKind::kLog:
      return "stderr";
    case SinkKind::kWebhook:
    case SinkKind::kAlertmanager:
      return OriginOf(options.url);
    case SinkKind::kEmail:
      return std::to_string(options.to.size()) +
             (options.to.size() == 1 ? " recipient by " : " recipients by ") + options.server;
    case SinkKind::kCommand:
      return options.command.empty() ? "" : options.command.front();
  }
  return "";
}

bool Wants(const SinkOptions& options, const AlertNews& news) {
  if (news.kind == NewsKind::kTest) return true;
  if (news.kind == NewsKind::kResolved && !options.send_resolved) return false;
  const auto& severities = options.severities;
  // Who was told that it is critical is told of the step down, and of the end.
  const bool later = news.kind == NewsKind::kSeverity || news.kind == NewsKind::kResolved;
  const bool by_severity = std::any_of(severities.begin(), severities.end(), [&](Status severity) {
    return severity == news.finding.severity || (later && severity == news.worst);
  });
  const bool by_component = options.components.empty() ||
                            std::any_of(options.components.begin(), options.components.end(),
                                        [&](const std::string& pattern) {
                                          return MatchesPattern(pattern, news.finding.component);
                                        });
  return by_severity && by_component;
}

std::unique_ptr<AlertSink> MakeSink(const SinkOptions& options) {
  switch (options.kind) {
    case SinkKind::kLog:
      return MakeLogSink();
    case SinkKind::kWebhook:
      return MakeWebhookSink(options);
    case SinkKind::kEmail:
      return MakeMailSink(options);
    case SinkKind::kAlertmanager:
      return MakeAlertmanagerSink(options);
    case SinkKind::kCommand:
      return MakeCommandSink(options);
  }
  return nullptr;
}

}  // namespace stirbar
