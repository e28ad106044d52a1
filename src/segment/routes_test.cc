#include "segment/routes.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

TEST(SegmentRoutes, TheSameRuleIsTheSameRoute) {
  const TestSegment segment;
  const uint32_t get = InternRoute(*segment, HttpMethod::kGet, "/item/<int:id>");
  EXPECT_EQ(get, 2U);
  EXPECT_EQ(InternRoute(*segment, HttpMethod::kGet, "/item/<int:id>"), get);
  EXPECT_NE(InternRoute(*segment, HttpMethod::kPost, "/item/<int:id>"), get);
  EXPECT_NE(InternRoute(*segment, HttpMethod::kGet, "/item/<int:id>/"), get);
  const RouteEntry* const entry = FindRoute(*segment, get);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(RuleOf(*entry), "/item/<int:id>");
  EXPECT_EQ(entry->method, HttpMethod::kGet);
}

TEST(SegmentRoutes, LongRulesAreCutAndStillToldApart) {
  const TestSegment segment;
  const std::string base(300, 'r');
  const uint32_t one = InternRoute(*segment, HttpMethod::kGet, base + "1");
  const uint32_t two = InternRoute(*segment, HttpMethod::kGet, base + "2");
  EXPECT_NE(one, two);
  EXPECT_EQ(InternRoute(*segment, HttpMethod::kGet, base + "1"), one);
  EXPECT_EQ(RuleOf(*FindRoute(*segment, one)), std::string(236, 'r') + "...");
  const std::string fits(239, 'f');
  EXPECT_EQ(RuleOf(*FindRoute(*segment, InternRoute(*segment, HttpMethod::kGet, fits))), fits);
}

TEST(SegmentRoutes, ARuleWithANulIsFoundAgain) {
  const TestSegment segment;
  const std::string rule("/a\0b", 4);
  const uint32_t route = InternRoute(*segment, HttpMethod::kGet, rule);
  EXPECT_EQ(InternRoute(*segment, HttpMethod::kGet, rule), route);
  EXPECT_EQ(RuleOf(*FindRoute(*segment, InternRoute(*segment, HttpMethod::kGet, ""))), "");
}

TEST(SegmentRoutes, AFullTableSaysOther) {
  const TestSegment segment;
  for (uint32_t i = 2; i < kMaxRoutes; ++i) {
    ASSERT_EQ(InternRoute(*segment, HttpMethod::kGet, "/" + std::to_string(i)), i);
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(InternRoute(*segment, HttpMethod::kGet, "/more" + std::to_string(i)), kRouteOther);
  }
  EXPECT_EQ(segment->header.route_count.load(), kMaxRoutes);
  EXPECT_EQ(InternRoute(*segment, HttpMethod::kGet, "/77"), 77U);
  segment->header.route_count = UINT32_MAX;  // claimed past the end by several at once
  EXPECT_EQ(FindRoute(*segment, kMaxRoutes), nullptr);
  EXPECT_EQ(InternRoute(*segment, HttpMethod::kGet, "/yet more"), kRouteOther);
}

TEST(SegmentRoutes, AnEntryNeverFinishedIsSkipped) {
  const TestSegment segment;
  const uint32_t one = InternRoute(*segment, HttpMethod::kGet, "/one");
  segment->routes[one].state = static_cast<uint32_t>(RouteState::kClaimed);
  EXPECT_EQ(FindRoute(*segment, one), nullptr);
  const uint32_t again = InternRoute(*segment, HttpMethod::kGet, "/one");
  EXPECT_NE(again, one);
  EXPECT_EQ(InternRoute(*segment, HttpMethod::kGet, "/one"), again);
}

TEST(SegmentRoutes, ThreadsMayInternTheSameRulesAtOnce) {
  const TestSegment segment;
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const std::string rule = "/rule/" + std::to_string(i);
        const uint32_t route = InternRoute(*segment, HttpMethod::kGet, rule);
        const RouteEntry* const entry = FindRoute(*segment, route);
        ASSERT_NE(entry, nullptr);
        EXPECT_EQ(RuleOf(*entry), rule);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(segment->header.route_count.load(), 2U + 4 * 50U);
  // From now on every rule has one answer.
  EXPECT_EQ(InternRoute(*segment, HttpMethod::kGet, "/rule/7"),
            InternRoute(*segment, HttpMethod::kGet, "/rule/7"));
}

}  // namespace
}  // namespace stirbar
