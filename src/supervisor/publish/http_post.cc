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

std::string AnswerText(long status, const std::string& answer) {
  const std::string said = Shown(answer);
  return "it answers " + std::to_string(status) + (said.empty() ? "" : ": " + said);
}

SinkOutcome OutcomeOfStatus(long status, const std::string& answer) {
  using Kind = SinkOutcome::Kind;
  if (status >= 200 && status < 300) return {Kind::kDelivered, "", {}};
  const bool never = status == 400 || status == 413 || status == 415 || status == 422;
  return {never ? Kind::kRefused : Kind::kFailed, AnswerText(status, answer), {}};
}

HttpPostAnswer Post(const HttpPostRequest& request, const std::atomic<bool>& stop) {
  const Result<CurlLibrary>& library = LoadCurlLibrary();
  if (!library) return {library.error(), 0, {}, {}};
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
  if (!error.empty()) return {error, 0, {}, {}};
  return {"", transfer.Status(), transfer.answer(), transfer.RetryAfter()};
}

SinkOutcome PostJson(const HttpPostRequest& request, const std::atomic<bool>& stop) {
  const HttpPostAnswer answer = Post(request, stop);
  if (!answer.error.empty()) return {SinkOutcome::Kind::kFailed, answer.error, {}};
  SinkOutcome outcome = OutcomeOfStatus(answer.status, answer.body);
  outcome.retry_after = answer.retry_after;
  return outcome;
}

}  // namespace stirbar
