// One log line for each slow or stuck request: a JSON object, for who gathers logs.
//
//   {"event":"request_slow","time":"2026-11-23T16:20:00.123Z","route":"GET /report","worker":1,
//    "pid":4712,"thread":4712,"id":"1:0:81234567890123","status":200,"duration_seconds":6.2,
//    "queue_seconds":0.01,"parts":{"sql":5.1,...},"calls":{"sql":12,...},
//    "statements":[{"text":"SELECT ...","seconds":4.9,"calls":1}],
//    "stack":["fetch (shop/report.py:41)",...],"lock_holder":null}
//
// `event` is request_stuck (recorded while it runs; it comes again as request_slow when it has
// ended), request_slow (longer than slow_request_threshold), or request_slowest (merely the slowest
// of its minute in its worker; severity info, the others warning).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>

#include "supervisor/publish/event_publisher.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Innermost frames of a stack that a line shows.
inline constexpr size_t kFramesLogged = 8;

// Tells each request once, also where a supervisor follows another: what had come up before the
// newest point of the segment's history was told by the one that made that point.
//
// Threads: the event loop's.
class SlowRequestLog : public Publisher {
 public:
  SlowRequestLog(const Segment& segment, LogLine log);
  void Publish(const std::shared_ptr<const Snapshot>& snapshot) override;

 private:
  using Key = std::tuple<uint32_t, uint64_t, bool>;  // slot, started_ns, running

  const LogLine log_;
  const uint64_t told_until_wall_ns_;
  std::set<Key> told_;  // of those that the newest snapshot has
};

// The line's text. Pure.
std::string SlowRequestLine(const SlowRequestSample& request);

}  // namespace stirbar
