// Where the load goes: this machine, and nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stirbar {

struct Target {
  std::string address;  // numeric: "127.0.0.1", "::1"
  uint16_t port = 0;
  std::string authority;  // as it stands in a Host header: "127.0.0.1:8000", "[::1]:8000"
};

// Reads "127.0.0.1:8000", "[::1]:8000" or "localhost:8000", with or without "http://" before and
// "/" behind. Failure: names the text; every address that is not a loopback one is refused, because
// an open-loop load on somebody else's server is an attack on it.
Result<Target> ParseTarget(std::string_view text);

}  // namespace stirbar
