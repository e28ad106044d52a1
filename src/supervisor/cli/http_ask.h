// One GET of the supervisor's own pages, for commands that ask for what the segment does not hold.
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

// The access token of this user's supervisors; empty where there is none (loopback only).
std::string StoredToken();

}  // namespace stirbar
