#include "supervisor/config_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace stirbar {
namespace {

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest()
      : path_(::testing::TempDir() + "stirbar-config-" + std::to_string(getpid()) + ".toml") {}
  ~ConfigFileTest() override { std::filesystem::remove(path_); }
  Result<ConfigFile> Load(std::string_view text) {
    std::ofstream(path_) << text;
    return LoadConfigFile(path_);
  }

  const std::string path_;
};

TEST_F(ConfigFileTest, GivesItsTables) {
  const Result<ConfigFile> file = Load("[settings]\nhang_limit = 20\n");
  ASSERT_TRUE(file.ok()) << file.error();
  EXPECT_EQ(file->root["settings"]["hang_limit"].value<int64_t>(), 20);
}

TEST_F(ConfigFileTest, NamesThePlaceOfWhatIsNoToml) {
  const Result<ConfigFile> file = Load("[settings]\nhang_limit = \n");
  ASSERT_FALSE(file.ok());
  EXPECT_TRUE(file.error().starts_with(path_ + ":2:")) << file.error();
}

TEST_F(ConfigFileTest, NamesThePlaceOfATableThatNobodyKnows) {
  const Result<ConfigFile> file = Load("[setings]\nhang_limit = 1\n");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error(),
            path_ + ":1:1: 'setings' is not known; known: settings, rules, sinks, exports, health");
}

TEST_F(ConfigFileTest, LettersBeyondAsciiStandInQuotesAndComments) {
  EXPECT_TRUE(Load("# \xC3\xA4\n[[rules]]\nname = '\xC3\xA4' # \xC3\xA4\n"
                   "summary = \"\"\"\xC3\xA4\n\\\"\"\"\xC3\xA4\"\"\"\"\n")
                  .ok());
  EXPECT_TRUE(Load("[[rules]]\nname = \"a\\\"\xC3\xA4\"\n").ok());
  const Result<ConfigFile> file = Load("[settings]\nhang_limit = 1 \xC3\xA9\n");
  ASSERT_FALSE(file.ok());
  EXPECT_TRUE(file.error().starts_with(path_ + ":2:")) << file.error();
}

TEST_F(ConfigFileTest, AFileThatWasNamedMustBeThere) {
  const Result<ConfigFile> file = LoadConfigFile("/nowhere/stirbar.toml");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error(), "open /nowhere/stirbar.toml: No such file or directory");
}

}  // namespace
}  // namespace stirbar
