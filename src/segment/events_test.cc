#include "segment/events.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

// The longest text, all of one letter that `value` names.
std::string TextOf(uint32_t value) {
  return std::string(sizeof(Event::text) - 1, static_cast<char>('a' + value % 26));
}

void Append(Segment& segment, uint32_t value) {
  AppendEvent(segment,
              {.kind = EventKind::kRequestSlow, .pid = value, .value = static_cast<double>(value)},
              TextOf(value));
}

bool IsConsistent(const EventRecord& record) {
  return record.fields.value == static_cast<double>(record.fields.pid) &&
         record.text == TextOf(record.fields.pid);
}

TEST(SegmentEvents, GivesBackWhatWasAppendedOldestFirst) {
  const TestSegment segment;
  AppendEvent(*segment,
              {.kind = EventKind::kRequestLost,
               .severity = Severity::kWarning,
               .slot = 3,
               .pid = 41,
               .route = 7,
               .value = 1.5,
               .value2 = 2.5},
              "first");
  AppendEvent(*segment, {}, "");
  const std::vector<EventRecord> records = ReadEvents(*segment, 10);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].number, 0U);
  EXPECT_EQ(records[0].fields.kind, EventKind::kRequestLost);
  EXPECT_EQ(records[0].fields.severity, Severity::kWarning);
  EXPECT_EQ(records[0].fields.slot, 3U);
  EXPECT_EQ(records[0].fields.pid, 41U);
  EXPECT_EQ(records[0].fields.route, 7U);
  EXPECT_EQ(records[0].fields.value, 1.5);
  EXPECT_EQ(records[0].fields.value2, 2.5);
  EXPECT_STREQ(records[0].text, "first");
  EXPECT_STREQ(records[1].text, "");
}

TEST(SegmentEvents, CutsLongTexts) {
  const TestSegment segment;
  AppendEvent(*segment, {}, std::string(5'000, 'x'));
  EXPECT_EQ(std::strlen(ReadEvents(*segment, 1).at(0).text), sizeof(Event::text) - 1);
}

TEST(SegmentEvents, TheRingKeepsTheNewest) {
  const TestSegment segment;
  for (uint32_t i = 0; i < 2'500; ++i) Append(*segment, i);
  const std::vector<EventRecord> all = ReadEvents(*segment, 5'000);
  ASSERT_EQ(all.size(), kMaxEvents);
  EXPECT_EQ(all.front().number, 2'500 - kMaxEvents);
  EXPECT_EQ(all.back().number, 2'499U);
  EXPECT_EQ(ReadEvents(*segment, 3).front().number, 2'497U);
  EXPECT_TRUE(ReadEvents(*segment, 0).empty());
}

TEST(SegmentEvents, LeavesOutWhatItsWriterDidNotFinish) {
  const TestSegment segment;
  for (uint32_t i = 0; i < 5; ++i) Append(*segment, i);
  segment->events[2].sequence = 0;    // died while it wrote
  segment->header.next_event = 6;     // died before it wrote
  segment->events[4].text[100] ^= 1;  // mixed with another
  const std::vector<EventRecord> records = ReadEvents(*segment, 10);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].number, 0U);
  EXPECT_EQ(records[1].number, 1U);
  EXPECT_EQ(records[2].number, 3U);
}

// A writer stopped in the middle (SIGSTOP) goes on when the ring has been around: at every
// instruction of its, a reader sees the newer event, or none.
TEST(SegmentEvents, AWriterThatWakesUpLateIsNeverSeenMixed) {
  const TestSegment segment;
  for (uint32_t i = 0; i < kMaxEvents; ++i) Append(*segment, i);
  const Event& place = segment->events[5];
  size_t newer = 0;
  const size_t instructions = ForEachInstruction(
      7,
      [&] {
        segment->header.next_event = 5;  // what it claimed before it was stopped
        Append(*segment, 999'999);
      },
      [&] {
        // As if the ring had just come around: number 1029 is whole in place 5, but for what the
        // late one has already written over it.
        const uint64_t before = segment->header.next_event.exchange(kMaxEvents + 6);
        for (const EventRecord& record : ReadEvents(*segment, 1)) {
          if (record.number == kMaxEvents + 5) ++newer;
          ASSERT_TRUE(IsConsistent(record));
        }
        segment->header.next_event = before;
      });
  if (instructions == 0) GTEST_SKIP() << "no right to trace a child";
  EXPECT_EQ(newer, 0U);  // none of that number was ever written
  EXPECT_EQ(place.sequence.load(), 6U);
}

TEST(SegmentEvents, WritersAtOnceAreNeverSeenMixed) {
  const TestSegment segment;
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (uint32_t number = 0; number < 3; ++number) {
    writers.emplace_back([&, number] {
      for (uint32_t i = 0; !stop; ++i) Append(*segment, 3 * i + number);
    });
  }
  uint64_t seen = 0;
  for (int reads = 0; reads < 60 || seen < 1'000; ++reads) {
    uint64_t next = 0;
    for (const EventRecord& record : ReadEvents(*segment, kMaxEvents)) {
      ASSERT_TRUE(IsConsistent(record)) << record.text;
      ASSERT_GE(record.number, next);
      next = record.number + 1;
      ++seen;
    }
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  // Of those that met in one place some are lost, not many.
  EXPECT_GT(ReadEvents(*segment, kMaxEvents).size(),
            std::min<uint64_t>(segment->header.next_event.load(), kMaxEvents) / 2);
}

}  // namespace
}  // namespace stirbar
