#include "segment/hosts.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

TEST(SegmentHosts, TheSameHostIsTheSameEntry) {
  const TestSegment segment;
  const uint32_t one = InternHost(*segment, "api.example.org:443");
  EXPECT_EQ(one, kHostOther + 1);
  EXPECT_EQ(InternHost(*segment, "api.example.org:443"), one);
  EXPECT_NE(InternHost(*segment, "api.example.org:80"), one);
  ASSERT_NE(FindHost(*segment, one), nullptr);
  EXPECT_EQ(NameOf(*FindHost(*segment, one)), "api.example.org:443");
  EXPECT_EQ(FindHost(*segment, kHostOther), nullptr);
  EXPECT_EQ(FindHost(*segment, 77), nullptr);
}

TEST(SegmentHosts, LongNamesAreCutAndStillToldApart) {
  const TestSegment segment;
  const std::string base(150, 'h');
  const uint32_t one = InternHost(*segment, base + "1");
  const uint32_t two = InternHost(*segment, base + "2");
  EXPECT_NE(one, two);
  EXPECT_EQ(InternHost(*segment, base + "1"), one);
  EXPECT_EQ(NameOf(*FindHost(*segment, one)), std::string(108, 'h') + "...");
  const std::string fits(111, 'f');
  EXPECT_EQ(NameOf(*FindHost(*segment, InternHost(*segment, fits))), fits);
}

TEST(SegmentHosts, AFullTableSaysOther) {
  const TestSegment segment;
  for (uint32_t i = 1; i < kMaxHosts; ++i) {
    ASSERT_EQ(InternHost(*segment, "host" + std::to_string(i)), i);
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(InternHost(*segment, "more" + std::to_string(i)), kHostOther);
  }
  EXPECT_EQ(segment->header.host_count.load(), kMaxHosts);
  EXPECT_EQ(InternHost(*segment, "host77"), 77U);
  segment->header.host_count = UINT32_MAX;  // claimed past the end by several at once
  EXPECT_EQ(FindHost(*segment, kMaxHosts), nullptr);
  EXPECT_EQ(InternHost(*segment, "yet more"), kHostOther);
}

TEST(SegmentHosts, AnEntryNeverFinishedIsSkipped) {
  const TestSegment segment;
  const uint32_t one = InternHost(*segment, "one:80");
  segment->hosts[one].state = static_cast<uint32_t>(RouteState::kClaimed);
  EXPECT_EQ(FindHost(*segment, one), nullptr);
  const uint32_t again = InternHost(*segment, "one:80");
  EXPECT_NE(again, one);
  EXPECT_EQ(InternHost(*segment, "one:80"), again);
}

TEST(SegmentHosts, ThreadsMayInternTheSameHostsAtOnce) {
  const TestSegment segment;
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const std::string name = "host" + std::to_string(i) + ":443";
        const uint32_t host = InternHost(*segment, name);
        const HostEntry* const entry = FindHost(*segment, host);
        ASSERT_NE(entry, nullptr);
        EXPECT_EQ(NameOf(*entry), name);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(segment->header.host_count.load(), 1U + 4 * 20U);
}

}  // namespace
}  // namespace stirbar
