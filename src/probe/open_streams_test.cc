#include "probe/open_streams.h"

#include <gtest/gtest.h>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

TEST(OpenStreams, CountsThoseOfAllWorkers) {
  TestSegment segment;
  const auto begin = [&](size_t worker, size_t index, RequestPhase phase, uint64_t limit_ns) {
    segment->workers[worker].owner = 1;
    InFlight& request = segment->workers[worker].in_flight[index];
    request.phase = static_cast<uint32_t>(phase);
    request.limit_ns = limit_ns;
    request.started_ns = 1;
  };
  EXPECT_EQ(OpenStreams(*segment, 100), 0U);
  begin(0, 3, RequestPhase::kHandling, 7);
  EXPECT_EQ(OpenStreams(*segment, 100), 0U);
  begin(0, 4, RequestPhase::kStreaming, 7);
  begin(5, 255, RequestPhase::kHandling, 0);
  EXPECT_EQ(OpenStreams(*segment, 100), 2U);
  EXPECT_EQ(OpenStreams(*segment, 1), 1U);
  segment->workers[5].owner = 0;
  EXPECT_EQ(OpenStreams(*segment, 100), 1U);
}

}  // namespace
}  // namespace stirbar
