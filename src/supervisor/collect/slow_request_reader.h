// Fetches what workers have written about slow requests that have ended (segment: SlowRequest).
#pragma once

#include <cstdint>
#include <vector>

#include "segment/layout.h"
#include "supervisor/collect/ring_reader.h"
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

  // The records of `worker` that have not been fetched yet, oldest first (RingReader::Fetch).
  std::vector<FetchedRequest> Fetch(const WorkerSample& worker);

 private:
  const Segment& segment_;
  RingReader<SlowRequest, kMaxSlowRequests> ring_;
};

}  // namespace stirbar
