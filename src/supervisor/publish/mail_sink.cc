#include "supervisor/publish/mail_sink.h"

#include "base/clock.h"
#include "supervisor/publish/curl_library.h"
#include "supervisor/publish/sink_bodies.h"

namespace stirbar {
namespace {

std::string AddressOf(const std::string& address) {
  const size_t open = address.rfind('<');
  const size_t close = address.rfind('>');
  if (open == std::string::npos || close == std::string::npos || close < open) return address;
  return address.substr(open + 1, close - open - 1);
}

class MailSink : public AlertSink {
 public:
  explicit MailSink(const SinkOptions& options) : options_(options) {}

  SinkOutcome Send(const AlertNotice& notice, const SinkAttempt& attempt) override {
    using Kind = SinkOutcome::Kind;
    const Result<CurlLibrary>& library = LoadCurlLibrary();
    if (!library) return {Kind::kFailed, library.error(), {}};
    const std::string text = MailText(notice, options_, attempt.dropped, WallNs());
    CurlTransfer transfer(*library, "smtp,smtps", options_.timeout.count(), attempt.stop);
    const bool tls = options_.security == MailSecurity::kTls;
    transfer.Set(CURLOPT_URL, ((tls ? "smtps://" : "smtp://") + options_.server).c_str());
    if (options_.security == MailSecurity::kStartTls) {
      transfer.Set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    }
    if (!options_.user.empty()) {
      transfer.Set(CURLOPT_USERNAME, options_.user.c_str());
      transfer.Set(CURLOPT_PASSWORD, options_.password.c_str());
    }
    transfer.Set(CURLOPT_MAIL_FROM, AddressOf(options_.from).c_str());
    std::vector<std::string> to;
    for (const std::string& address : options_.to) to.push_back(AddressOf(address));
    transfer.SetList(CURLOPT_MAIL_RCPT, to);
    transfer.SetUpload(text);
    const std::string error = transfer.Perform();
    if (error.empty()) return {};
    // 5yz of the server: it will not take this one (RFC 5321, 4.2.1); but 530, 534, 535 and 538 are
    // about the login, which an operator may put right.
    const long status = transfer.Status();
    const bool login = status == 530 || (status >= 534 && status <= 538);
    return {status >= 550 && status < 560 && !login ? Kind::kRefused : Kind::kFailed, error, {}};
  }

 private:
  const SinkOptions options_;
};

}  // namespace

std::unique_ptr<AlertSink> MakeMailSink(const SinkOptions& options) {
  return std::make_unique<MailSink>(options);
}

}  // namespace stirbar
