// What the sinks send, as text: pure functions of the message.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "supervisor/publish/alert_notice.h"
#include "supervisor/publish/alert_sink.h"

namespace stirbar {

// One line that says it all: "[critical] shop: memory at 93 %"; of several alerts how many.
std::string HeadlineOf(const AlertNotice& notice);
// One alert in a line: "resolved after 12 min: memory at 93 %".
std::string LineOf(const AlertNews& news);

// Stirbar's own schema, in docs/alerts.md. `dropped`: as SinkAttempt.
std::string WebhookBody(const AlertNotice& notice, uint64_t dropped);
// An incoming webhook of Slack (also Mattermost, Rocket.Chat), and of Discord. What comes from the
// app can mention nobody and mark nothing up.
std::string SlackBody(const AlertNotice& notice, uint64_t dropped);
std::string DiscordBody(const AlertNotice& notice, uint64_t dropped);
// A JSON array for POST /api/v2/alerts of Prometheus Alertmanager.
struct AlertmanagerFrame {
  std::string app;
  std::string url;
  uint64_t wall_ns = 0;        // now
  uint64_t until_wall_ns = 0;  // until when what fires holds, unless it is said again
};
std::string AlertmanagerBody(const std::vector<AlertNews>& news, const AlertmanagerFrame& frame);
// A whole RFC 5322 message. No text of the app can add a header to it.
std::string MailText(const AlertNotice& notice, const SinkOptions& options, uint64_t dropped,
                     uint64_t wall_ns);

// "sha256=" and the HMAC-SHA-256, in hexadecimal, over "TIMESTAMP.BODY": with the time inside it a
// recorded request cannot be sent again later.
std::string SignatureOf(std::string_view secret, uint64_t timestamp, std::string_view body);

std::string Base64(std::string_view text);

}  // namespace stirbar
