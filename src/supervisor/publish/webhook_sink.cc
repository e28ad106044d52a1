#include "supervisor/publish/webhook_sink.h"

#include "base/clock.h"
#include "supervisor/publish/http_post.h"
#include "supervisor/publish/sink_bodies.h"

namespace stirbar {
namespace {

std::string BodyFor(WebhookFormat format, const AlertNotice& notice, uint64_t dropped) {
  switch (format) {
    case WebhookFormat::kStirbar:
      return WebhookBody(notice, dropped);
    case WebhookFormat::kSlack:
      return SlackBody(notice, dropped);
    case WebhookFormat::kDiscord:
      return DiscordBody(notice, dropped);
  }
  return "";
}

class WebhookSink : public AlertSink {
 public:
  explicit WebhookSink(const SinkOptions& options) : options_(options) {}

  SinkOutcome Send(const AlertNotice& notice, const SinkAttempt& attempt) override {
    HttpPostRequest request;
    request.url = options_.url;
    request.body = BodyFor(options_.format, notice, attempt.dropped);
    request.timeout = options_.timeout;
    request.headers = {"Idempotency-Key: " + notice.key,
                       "Stirbar-Attempt: " + std::to_string(attempt.number)};
    if (!options_.token.empty()) {
      request.headers.push_back("Authorization: Bearer " + options_.token);
    }
    if (!options_.secret.empty()) {
      const uint64_t now = WallNs() / 1'000'000'000;
      request.headers.push_back("Stirbar-Timestamp: " + std::to_string(now));
      request.headers.push_back("Stirbar-Signature: " +
                                SignatureOf(options_.secret, now, request.body));
    }
    return PostJson(request, attempt.stop);
  }

 private:
  const SinkOptions options_;
};

}  // namespace

std::unique_ptr<AlertSink> MakeWebhookSink(const SinkOptions& options) {
  return std::make_unique<WebhookSink>(options);
}

}  // namespace stirbar
