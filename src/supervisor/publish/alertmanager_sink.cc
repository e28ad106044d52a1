#include "supervisor/publish/alertmanager_sink.h"

#include <mutex>

#include "base/clock.h"
#include "supervisor/publish/http_post.h"
#include "supervisor/publish/sink_bodies.h"

namespace stirbar {
namespace {

constexpr std::chrono::seconds kEvery{60};
constexpr uint64_t kAheadNs = 240'000'000'000;

class AlertmanagerSink : public AlertSink {
 public:
  explicit AlertmanagerSink(const SinkOptions& options) : options_(options) {}

  SinkOutcome Send(const AlertNotice& notice, const SinkAttempt& attempt) override {
    app_ = notice.app;
    url_ = notice.url;
    std::vector<AlertNews> news = notice.news;
    for (AlertNews& each : news) {
      // A test must not stay there: it ends with the next minute.
      if (each.kind == NewsKind::kTest) each.resolved_wall_ns = WallNs() + 60'000'000'000;
    }
    return Post(news, attempt.stop);
  }

  void Refresh(const std::vector<AlertNews>& firing, const std::atomic<bool>& stop) override {
    if (!app_.empty()) (void)Post(firing, stop);
  }

  std::optional<std::chrono::seconds> RefreshInterval() const override { return kEvery; }

 private:
  SinkOutcome Post(const std::vector<AlertNews>& news, const std::atomic<bool>& stop) {
    const uint64_t now = WallNs();
    HttpPostRequest request;
    request.url = options_.url + "/api/v2/alerts";
    request.body = AlertmanagerBody(news, {app_, url_, now, now + kAheadNs});
    request.timeout = options_.timeout;
    if (!options_.token.empty()) {
      request.headers.push_back("Authorization: Bearer " + options_.token);
    }
    return PostJson(request, stop);
  }

  const SinkOptions options_;
  std::string app_;
  std::string url_;
};

}  // namespace

std::unique_ptr<AlertSink> MakeAlertmanagerSink(const SinkOptions& options) {
  return std::make_unique<AlertmanagerSink>(options);
}

}  // namespace stirbar
