#include "supervisor/cli/shed_levels.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

TEST(ShedLevels, WordsBecomeValuesOfTheSetting) {
  EXPECT_EQ(*ParseShedLevel("on"), 2);
  EXPECT_EQ(*ParseShedLevel("off"), 0);
  EXPECT_EQ(*ParseShedLevel("auto"), -1);
  EXPECT_EQ(*ParseShedLevel("background"), 1);
  EXPECT_EQ(*ParseShedLevel("sheddable"), 2);
  EXPECT_EQ(*ParseShedLevel("normal"), 3);
}

TEST(ShedLevels, OtherWordsAreNamedWithWhatIsAllowed) {
  for (const char* word : {"", "ON", "nobody", "critical", "2", "-1", "off "}) {
    const Result<double> level = ParseShedLevel(word);
    ASSERT_FALSE(level) << word;
    EXPECT_EQ(level.error(), "shed: '" + std::string(word) +
                                 "' is not allowed; it takes on, off, auto, background, sheddable "
                                 "or normal");
  }
}

TEST(ShedLevels, ValuesBecomeWords) {
  EXPECT_EQ(ShedLevelWord(0), "nobody");
  EXPECT_EQ(ShedLevelWord(3), "normal");
  EXPECT_EQ(ShedLevelWord(4), "-");
  EXPECT_EQ(ShedLevelWord(std::nullopt), "-");
  for (const char* word : {"auto", "off", "background", "sheddable", "normal"}) {
    EXPECT_EQ(ShedSettingWord(*ParseShedLevel(word)), word);
  }
}

}  // namespace
}  // namespace stirbar
