#include "segment/published.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

TEST(SegmentSnapshot, TheNewestIsRead) {
  const TestSegment segment;
  EXPECT_EQ(ReadSnapshot(*segment), std::nullopt);
  for (const std::string text : {"one", "", "three, longer"}) {
    EXPECT_TRUE(WriteSnapshot(*segment, text));
    EXPECT_EQ(ReadSnapshot(*segment), text);
  }
}

TEST(SegmentSnapshot, OneThatIsTooLongIsNotWritten) {
  const TestSegment segment;
  const std::string longest(kSnapshotBytes, 'l');
  EXPECT_TRUE(WriteSnapshot(*segment, longest));
  EXPECT_FALSE(WriteSnapshot(*segment, longest + "x"));
  EXPECT_EQ(ReadSnapshot(*segment), longest);
}

TEST(SegmentSnapshot, AWriterThatDiedInTheMiddleLeavesTheOneBefore) {
  const TestSegment segment;
  WriteSnapshot(*segment, "before");
  const uint32_t other = 1 - segment->supervisor.snapshot_bank.load();
  segment->snapshots[other].sequence = 7;  // odd: in the middle
  segment->snapshots[other].length = 3;
  EXPECT_EQ(ReadSnapshot(*segment), "before");
  segment->supervisor.snapshot_bank = other;  // a damaged segment
  EXPECT_EQ(ReadSnapshot(*segment), std::nullopt);
  segment->supervisor.snapshot_bank = 1 - other;
  WriteSnapshot(*segment, "after");
  EXPECT_EQ(ReadSnapshot(*segment), "after");
}

TEST(SegmentSnapshot, ALengthOutOfRangeIsNotFollowed) {
  const TestSegment segment;
  WriteSnapshot(*segment, "text");
  for (SnapshotBank& bank : segment->snapshots) bank.length = UINT64_MAX;
  EXPECT_EQ(ReadSnapshot(*segment), std::nullopt);
}

TEST(SegmentSnapshot, ReadersNeverSeeItTorn) {
  const TestSegment segment;
  std::atomic<bool> stop{false};
  WriteSnapshot(*segment, "a");
  std::thread writer([&] {
    for (size_t i = 0; !stop; ++i) {
      const size_t kind = i % 26;
      WriteSnapshot(*segment, std::string(1 + kind * 1'001, static_cast<char>('a' + kind)));
    }
  });
  size_t seen = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::optional<std::string> text = ReadSnapshot(*segment);
    if (!text) continue;
    ++seen;
    ASSERT_FALSE(text->empty());
    const auto kind = static_cast<size_t>(text->front() - 'a');
    ASSERT_EQ(text->size(), 1 + kind * 1'001);
    ASSERT_EQ(text->find_first_not_of(text->front()), std::string::npos);
  }
  stop = true;
  writer.join();
  EXPECT_GT(seen, 0U);
}

TEST(SegmentHistory, WrapsAndKeepsTheNewest) {
  const TestSegment segment;
  EXPECT_TRUE(ReadHistory(*segment, 10).empty());
  for (uint64_t i = 0; i < 2 * kHistoryLength + 17; ++i) {
    HistoryValues values{};
    values.wall_ms = i;
    values.workers = static_cast<double>(i);
    AppendHistory(*segment, values);
  }
  const std::vector<HistoryValues> points = ReadHistory(*segment, 5'000);
  ASSERT_EQ(points.size(), kHistoryLength);
  EXPECT_EQ(points.front().wall_ms, kHistoryLength + 17U);
  EXPECT_EQ(points.back().wall_ms, 2 * kHistoryLength + 16U);
  EXPECT_EQ(ReadHistory(*segment, 2).front().wall_ms, 2 * kHistoryLength + 15U);
}

TEST(SegmentHistory, ReadersNeverSeeAPointTorn) {
  const TestSegment segment;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t i = 1; !stop; ++i) {
      HistoryValues values{};
      values.wall_ms = i;
      values.workers = static_cast<double>(i);
      values.memory_ratio = static_cast<double>(i);
      AppendHistory(*segment, values);
    }
  });
  for (int i = 0; i < 300; ++i) {
    for (const HistoryValues& point : ReadHistory(*segment, kHistoryLength)) {
      ASSERT_EQ(point.workers, static_cast<double>(point.wall_ms));
      ASSERT_EQ(point.memory_ratio, static_cast<double>(point.wall_ms));
    }
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace stirbar
