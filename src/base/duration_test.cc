#include "base/duration.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

TEST(Duration, HasAUnit) {
  EXPECT_EQ(ParseDuration("500ms"), Nanoseconds(std::chrono::milliseconds(500)));
  EXPECT_EQ(ParseDuration("1.5m"), Nanoseconds(std::chrono::seconds(90)));
  EXPECT_EQ(ParseDuration("2h"), Nanoseconds(std::chrono::hours(2)));
  EXPECT_EQ(ParseDuration("3d"), Nanoseconds(std::chrono::hours(72)));
  for (const char* const text : {"", "5", "m", "-1s", "5 s", "2x", "2hours", "1e300s", "nan"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace stirbar
