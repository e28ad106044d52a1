// Fetches what workers have written about slow requests that have ended (segment: SlowRequest).
#pragma once

#include <cstdint>
#include <vector>

#include "segment/layout.h"
#include "supervisor/supervisor.h"

namespace stirbar {

struct FetchedRequest {
  SlowRequestSample sample;  // without its stack
  uint32_t in_flight = kMaxInFlight;
};

// The words that people know a route by. `route` may be any number.
std::string LabelOfRoute(const Segment& segment, HttpMethod method, uint32_t route);

// Threads: one. Borrows the segment.
class SlowRequestReader {
 public:
  explicit SlowRequestReader(const Segment& segment) : segment_(segment) {}

  // The records of `worker` that have not been fetched yet, oldest first. Those that its ring has
  // already overwritten, or that are just being written, are left out; of the latter, for now. A
  // supervisor that takes over fetches what is still there.
  std::vector<FetchedRequest> Fetch(const WorkerSample& worker);

 private:
  struct Progress {
    uint64_t incarnation = 0;
    uint64_t next = 0;
  };

  const Segment& segment_;
  std::array<Progress, kMaxWorkers> progress_{};
};

}  // namespace stirbar
