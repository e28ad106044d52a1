#include "supervisor/publish/http_post.h"

#include "supervisor/publish/curl_library.h"
#include "supervisor/publish/version.h"

namespace stirbar {
namespace {

constexpr size_t kShownAnswer = 200;

// The beginning of an answer, as one printable line.
std::string Shown(const std::string& answer) {
  std::string text;
  for (const char letter : answer.substr(0, kShownAnswer)) {
    text += letter >= ' ' && letter < 127 ? letter : ' ';
  }
  return text;
}

}  // namespace

SinkOutcome OutcomeOfStatus(long status, const std::string& answer) {
  using Kind = SinkOutcome::Kind;
  if (status >= 200 && status < 300) return {Kind::kDelivered, "", {}};
  std::string error = "it answers " + std::to_string(status);
  if (const std::string said = Shown(answer); !said.empty()) error += ": " + said;
  const bool never = status == 400 || status == 413 || status == 415 || status == 422;
  return {never ? Kind::kRefused : Kind::kFailed, error, {}};
}

SinkOutcome PostJson(const HttpPostRequest& request, const std::atomic<bool>& stop) {
  const Result<CurlLibrary>& library = LoadCurlLibrary();
  if (!library) return {SinkOutcome::Kind::kFailed, library.error(), {}};
  CurlTransfer transfer(*library, "http,https", request.timeout.count(), stop);
  std::vector<std::string> headers = request.headers;
  headers.emplace_back("Content-Type: application/json");
  headers.emplace_back("Expect:");
  transfer.Set(CURLOPT_URL, request.url.c_str());
  transfer.Set(CURLOPT_USERAGENT, ("stirbar/" + std::string(Version())).c_str());
  transfer.Set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  transfer.Set(CURLOPT_POSTFIELDS, request.body.c_str());
  transfer.SetList(CURLOPT_HTTPHEADER, headers);
  const std::string error = transfer.Perform();
  if (!error.empty()) return {SinkOutcome::Kind::kFailed, error, {}};
  SinkOutcome outcome = OutcomeOfStatus(transfer.Status(), transfer.answer());
  outcome.retry_after = transfer.RetryAfter();
  return outcome;
}

}  // namespace stirbar
