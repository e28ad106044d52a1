// How alerting itself fares: the sinks, what waits for them, and how many alerts there are. A part
// of supervisor.h; include that.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace stirbar {

// One place that alerts go to. Counts are since the supervisor began.
struct SinkSample {
  std::string name;
  std::string kind;        // log, webhook, email, alertmanager, command
  std::string target;      // where to, without what may be secret in it
  uint64_t delivered = 0;  // messages
  uint64_t failures = 0;   // attempts
  uint64_t refused = 0;    // messages that the receiver does not take, given up
  uint64_t dropped = 0;    // messages for which there was no room while it was down
  uint32_t waiting = 0;    // messages
  double oldest_waiting_seconds = std::numeric_limits<double>::quiet_NaN();
  uint64_t last_success_wall_ns = 0;  // 0: none yet
  uint64_t last_failure_wall_ns = 0;
  std::string last_error;      // of the newest attempt; empty when that succeeded
  double failing_seconds = 0;  // since the first failure after the newest success; 0: it works
};

// Alerts by severity: warning, critical.
using AlertCounts = std::array<uint32_t, 2>;

struct AlertingSample {
  std::vector<SinkSample> sinks;  // in the order of their configuration
  AlertCounts pending{};
  AlertCounts firing{};  // the next three are among them
  AlertCounts silenced{};
  AlertCounts acknowledged{};
  AlertCounts flapping{};
  uint64_t outbox_messages = 0;  // that wait, over all sinks
  uint64_t outbox_bytes = 0;
  uint64_t collapsed = 0;      // news of alerts that came and went while their sink was down
  std::string outbox_trouble;  // why what waits is in memory only; empty: it is on disk
};

}  // namespace stirbar
