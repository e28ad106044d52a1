// One GET of the supervisor's own pages, for commands that ask for what the segment does not hold;
// and one POST, for those that change something.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace stirbar {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// GET `url` + `target`, where `url` is that of a SupervisorBlock ("http://127.0.0.1:8800/") and
// `target` begins with '/'. A supervisor that listens everywhere is asked on this machine. `token`:
// sent when it is not empty.
// Time: at most `timeout`. Failure: names the address and the reason.
Result<HttpAnswer> HttpGet(const std::string& url, const std::string& target,
                           const std::string& token, std::chrono::milliseconds timeout);

// POST of `json`; as HttpGet.
Result<HttpAnswer> HttpPost(const std::string& url, const std::string& target,
                            const std::string& token, const std::string& json,
                            std::chrono::milliseconds timeout);

// The operator's token of this user's supervisors; empty where there is none yet.
std::string StoredToken();

}  // namespace stirbar
