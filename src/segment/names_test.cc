#include "segment/names.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

TEST(SegmentNames, TheSameHostIsTheSameEntry) {
  const TestSegment segment;
  const uint32_t one = InternName(HostNames(*segment), "api.example.org:443");
  EXPECT_EQ(one, kHostOther + 1);
  EXPECT_EQ(InternName(HostNames(*segment), "api.example.org:443"), one);
  EXPECT_NE(InternName(HostNames(*segment), "api.example.org:80"), one);
  ASSERT_NE(FindName(HostNames(*segment), one), nullptr);
  EXPECT_EQ(NameOf(*FindName(HostNames(*segment), one)), "api.example.org:443");
  EXPECT_EQ(FindName(HostNames(*segment), kHostOther), nullptr);
  EXPECT_EQ(FindName(HostNames(*segment), 77), nullptr);
}

TEST(SegmentNames, LongNamesAreCutAndStillToldApart) {
  const TestSegment segment;
  const std::string base(150, 'h');
  const uint32_t one = InternName(HostNames(*segment), base + "1");
  const uint32_t two = InternName(HostNames(*segment), base + "2");
  EXPECT_NE(one, two);
  EXPECT_EQ(InternName(HostNames(*segment), base + "1"), one);
  EXPECT_EQ(NameOf(*FindName(HostNames(*segment), one)), std::string(108, 'h') + "...");
  const std::string fits(111, 'f');
  EXPECT_EQ(NameOf(*FindName(HostNames(*segment), InternName(HostNames(*segment), fits))), fits);
}

TEST(SegmentNames, AFullTableSaysOther) {
  const TestSegment segment;
  for (uint32_t i = 1; i < kMaxHosts; ++i) {
    ASSERT_EQ(InternName(HostNames(*segment), "host" + std::to_string(i)), i);
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(InternName(HostNames(*segment), "more" + std::to_string(i)), kHostOther);
  }
  EXPECT_EQ(segment->header.host_count.load(), kMaxHosts);
  EXPECT_EQ(InternName(HostNames(*segment), "host77"), 77U);
  segment->header.host_count = UINT32_MAX;  // claimed past the end by several at once
  EXPECT_EQ(FindName(HostNames(*segment), kMaxHosts), nullptr);
  EXPECT_EQ(InternName(HostNames(*segment), "yet more"), kHostOther);
}

TEST(SegmentNames, AnEntryNeverFinishedIsSkipped) {
  const TestSegment segment;
  const uint32_t one = InternName(HostNames(*segment), "one:80");
  segment->hosts[one].state = static_cast<uint32_t>(RouteState::kClaimed);
  EXPECT_EQ(FindName(HostNames(*segment), one), nullptr);
  const uint32_t again = InternName(HostNames(*segment), "one:80");
  EXPECT_NE(again, one);
  EXPECT_EQ(InternName(HostNames(*segment), "one:80"), again);
}

TEST(SegmentNames, ThreadsMayInternTheSameHostsAtOnce) {
  const TestSegment segment;
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const std::string name = "host" + std::to_string(i) + ":443";
        const uint32_t host = InternName(HostNames(*segment), name);
        const NameEntry* const entry = FindName(HostNames(*segment), host);
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
