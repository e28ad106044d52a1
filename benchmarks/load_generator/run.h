// Sends the requests of a plan when they are due.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "load_generator/exchange.h"
#include "load_generator/plan.h"
#include "load_generator/tally.h"

namespace stirbar {

struct RunOptions {
  ClientOptions client;
  std::chrono::nanoseconds deadline{std::chrono::seconds(1)};  // an answer after it is late
  std::chrono::nanoseconds patience{0};  // when a client gives up; >= deadline
};

struct RunResult {
  std::vector<Record> records;                 // in the order in which they ended
  std::map<std::string, uint64_t> complaints;  // of Outcome::kFailed: "status 500" -> how many
};

// Time: as long as the plan's phases, and at most `patience` more. Blocks; one thread.
RunResult Run(const Target& target, const Plan& plan, const RunOptions& options);

// What became of a request whose answer came, or failed to, `latency` after it was due.
Outcome Judge(const Answer& answer, std::chrono::nanoseconds latency,
              std::chrono::nanoseconds deadline);

}  // namespace stirbar
