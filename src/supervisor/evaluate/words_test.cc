#include "supervisor/evaluate/words.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

TEST(Words, Seconds) {
  EXPECT_EQ(SecondsText(0), "0.00 s");
  EXPECT_EQ(SecondsText(0.0204), "0.02 s");
  EXPECT_EQ(SecondsText(0.999), "1.0 s");
  EXPECT_EQ(SecondsText(3.24), "3.2 s");
  EXPECT_EQ(SecondsText(45.4), "45 s");
  EXPECT_EQ(SecondsText(119.9), "1 min 59 s");
  EXPECT_EQ(SecondsText(312), "5 min 12 s");
  EXPECT_EQ(SecondsText(7500), "2 h 5 min");
}

TEST(Words, PercentAndBytes) {
  EXPECT_EQ(PercentText(0), "0 %");
  EXPECT_EQ(PercentText(0.053), "5.3 %");
  EXPECT_EQ(PercentText(0.914), "91 %");
  EXPECT_EQ(BytesText(82.5e6), "82 MB");
  EXPECT_EQ(BytesText(1.24e9), "1.2 GB");
  EXPECT_EQ(BytesText(250e9), "250 GB");
}

TEST(Words, CountsAndLists) {
  EXPECT_EQ(CountText(1, "request"), "1 request");
  EXPECT_EQ(CountText(0, "request"), "0 requests");
  EXPECT_EQ(ListText({"a"}), "a");
  EXPECT_EQ(ListText({"a", "b"}), "a and b");
  EXPECT_EQ(ListText({"a", "b", "c", "d"}), "a, b and 2 more");
}

}  // namespace
}  // namespace stirbar
