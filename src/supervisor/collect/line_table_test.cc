#include "supervisor/collect/line_table.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

namespace stirbar {
namespace {

// 1  def f(a,
// 2        b):
// 3      x = [i
// 4           for i in a]
// 5      try:
// 6          return x[
// 7              b]
// 8      finally:
// 9          with a:
// 10             pass
// as Python itself compiles it, and the lines that its co_lines() gives for it.
struct Range {
  uint32_t begin;
  uint32_t end;
  uint32_t line;  // 0: none
};

// Python 3.10.13
constexpr std::array<uint8_t, 24> kPairsTable{0x06, 0x02, 0x02, 0x01, 0x06, 0xff, 0x02, 0x02,
                                              0x02, 0x01, 0x02, 0x01, 0x04, 0xff, 0x06, 0x03,
                                              0x02, 0x01, 0x24, 0xff, 0x02, 0x01, 0x1e, 0xff};
constexpr Range kPairsRanges[] = {{0, 6, 3},    {6, 8, 4},   {8, 14, 3},   {14, 16, 5},
                                  {16, 18, 6},  {18, 20, 7}, {20, 24, 6},  {24, 30, 9},
                                  {30, 32, 10}, {32, 68, 9}, {68, 70, 10}, {70, 100, 9}};
// Python 3.13.0
constexpr std::array<uint8_t, 89> kLocationsTable{
    0x80, 0x00, 0xf1, 0x06, 0x00, 0x13, 0x14, 0xf3, 0x03, 0x01, 0x09, 0x15, 0xd9, 0x12, 0x13,
    0x88, 0x51, 0xf3, 0x03, 0x00, 0x0a, 0x0b, 0xd9, 0x12, 0x13, 0xf0, 0x03, 0x00, 0x05, 0x06,
    0xf0, 0x00, 0x01, 0x09, 0x15, 0xf0, 0x04, 0x05, 0x05, 0x11, 0xd8, 0x0f, 0x10, 0xd8, 0x0c,
    0x0d, 0xf1, 0x03, 0x01, 0x10, 0x0f, 0xf2, 0x06, 0x00, 0x0e, 0x0f, 0xd8, 0x0c, 0x10, 0xf7,
    0x03, 0x00, 0x0e, 0x0f, 0x88, 0x51, 0xf9, 0xf2, 0x0d, 0x01, 0x09, 0x15, 0xf7, 0x0c, 0x00,
    0x0e, 0x0f, 0x8d, 0x51, 0xfb, 0x8a, 0x51, 0xd8, 0x0c, 0x10, 0xf7, 0x03, 0x00, 0x0e};
constexpr Range kLocationsRanges[] = {{0, 2, 1},    {2, 6, 4},     {6, 14, 3},    {14, 20, 4},
                                      {20, 28, 3},  {28, 32, 4},   {32, 36, 3},   {36, 38, 5},
                                      {38, 40, 6},  {40, 42, 7},   {42, 46, 6},   {46, 52, 9},
                                      {52, 54, 10}, {54, 72, 9},   {72, 76, 0},   {76, 82, 3},
                                      {82, 110, 9}, {110, 118, 0}, {118, 124, 9}, {124, 126, 10}};

TEST(LineTable, SaysWhatPythonSays) {
  for (const Range& range : kPairsRanges) {
    for (uint32_t at = range.begin; at < range.end; at += 2) {
      EXPECT_EQ(LineAt(LineTableFormat::kPairs, kPairsTable, 1, at), range.line) << at;
    }
  }
  for (const Range& range : kLocationsRanges) {
    for (uint32_t at = range.begin; at < range.end; at += 2) {
      EXPECT_EQ(LineAt(LineTableFormat::kLocations, kLocationsTable, 1, at), range.line) << at;
    }
  }
}

TEST(LineTable, BehindItsEndThereIsNoLine) {
  EXPECT_EQ(LineAt(LineTableFormat::kPairs, kPairsTable, 1, 100), 0U);
  EXPECT_EQ(LineAt(LineTableFormat::kLocations, kLocationsTable, 1, 2000), 0U);
  EXPECT_EQ(LineAt(LineTableFormat::kPairs, {}, 1, 0), 0U);
  EXPECT_EQ(LineAt(LineTableFormat::kLocations, {}, 1, 0), 0U);
}

TEST(LineTable, InstructionsWithoutLine) {
  const std::vector<uint8_t> pairs{2, 0x80, 2, 1};
  EXPECT_EQ(LineAt(LineTableFormat::kPairs, pairs, 7, 0), 0U);
  EXPECT_EQ(LineAt(LineTableFormat::kPairs, pairs, 7, 2), 8U);
}

TEST(LineTable, AnyBytesGiveSomeNumber) {
  // Whatever lies at an address that was a table a moment ago.
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::vector<uint8_t> table(seed % 61);
    uint32_t state = seed * 2654435761U + 1;
    for (uint8_t& byte : table) {
      state = state * 1664525U + 1013904223U;
      byte = static_cast<uint8_t>(state >> 24U);
    }
    for (uint32_t at = 0; at < 200; at += 2) {
      EXPECT_LE(LineAt(LineTableFormat::kPairs, table, 1, at), uint32_t{INT32_MAX});
      EXPECT_LE(LineAt(LineTableFormat::kLocations, table, UINT32_MAX, at), uint32_t{INT32_MAX});
    }
  }
}

}  // namespace
}  // namespace stirbar
