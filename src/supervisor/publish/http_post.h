// One POST of JSON by libcurl, and what its answer means for a message of alerts.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "supervisor/publish/alert_sink.h"

namespace stirbar {

struct HttpPostRequest {
  std::string url;
  std::string body;
  std::vector<std::string> headers;  // "Name: value"; Content-Type is there already
  std::chrono::milliseconds timeout{10'000};
};

struct HttpPostAnswer {
  std::string error;  // why there is no answer, without secrets; empty: there is one
  long status = 0;
  std::string body;                     // its first 64 KiB
  std::chrono::seconds retry_after{0};  // what it asks for
};

// Time: blocks, for `timeout` at most, as the next.
HttpPostAnswer Post(const HttpPostRequest& request, const std::atomic<bool>& stop);
SinkOutcome PostJson(const HttpPostRequest& request, const std::atomic<bool>& stop);

// 2xx: taken. 400, 413, 415, 422: this message will never be. All others, 401, 403 and 404 among
// them, may be put right there or here, and are tried again.
SinkOutcome OutcomeOfStatus(long status, const std::string& answer);

// "it answers 503: ", and the beginning of the answer as one printable line.
std::string AnswerText(long status, const std::string& answer);

}  // namespace stirbar
