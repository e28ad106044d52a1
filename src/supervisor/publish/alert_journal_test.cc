#include "supervisor/publish/alert_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace stirbar {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class AlertJournalTest : public testing::Test {
 protected:
  AlertJournalTest() { fs::remove_all(folder_); }
  ~AlertJournalTest() override { fs::remove_all(folder_); }

  std::vector<std::string> Reopened() {
    AlertJournal journal;
    const auto records = journal.Open(folder_, "shop");
    EXPECT_TRUE(records) << records.error();
    return records ? *records : std::vector<std::string>();
  }

  static std::string Contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }

  const std::string folder_ = testing::TempDir() + "stirbar-journal-" + std::to_string(getpid());
};

TEST_F(AlertJournalTest, GivesBackWhatWasAppended) {
  {
    AlertJournal journal;
    ASSERT_TRUE(journal.Open(folder_, "shop"));
    ASSERT_TRUE(journal.Append("one", Durability::kDisk));
    ASSERT_TRUE(journal.Append("two", Durability::kProcess));
    struct stat info {};
    ASSERT_EQ(stat(journal.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
  }
  EXPECT_THAT(Reopened(), ElementsAre("one", "two"));
  {
    AlertJournal journal;
    ASSERT_TRUE(journal.Open(folder_, "shop"));
    ASSERT_TRUE(journal.Rewrite({"two"}));
    ASSERT_TRUE(journal.Append("three", Durability::kDisk));
  }
  EXPECT_THAT(Reopened(), ElementsAre("two", "three"));
}

// A process that is killed leaves a file cut at any byte: whole records stay, none is made up.
TEST_F(AlertJournalTest, CutAtAnyByte) {
  std::string path;
  {
    AlertJournal journal;
    ASSERT_TRUE(journal.Open(folder_, "shop"));
    for (const char* const record : {R"({"a":1})", R"({"b":2})", R"({"c":3})"}) {
      ASSERT_TRUE(journal.Append(record, Durability::kProcess));
    }
    path = journal.path();
  }
  const std::string whole = Contents(path);
  const size_t line = whole.find('\n') + 1;
  for (size_t size = line; size <= whole.size(); ++size) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, size);
    ASSERT_EQ(Reopened().size(), size / line) << size;
  }
  // What is appended behind a torn line is whole.
  std::ofstream(path, std::ios::binary) << whole.substr(0, line + 4);
  {
    AlertJournal journal;
    ASSERT_TRUE(journal.Open(folder_, "shop"));
    EXPECT_EQ(journal.damaged_lines(), 1U);
    ASSERT_TRUE(journal.Append("after", Durability::kDisk));
  }
  EXPECT_THAT(Reopened(), ElementsAre(R"({"a":1})", "after"));
}

TEST_F(AlertJournalTest, ADamagedLineIsLeftOutAlone) {
  std::string path;
  {
    AlertJournal journal;
    ASSERT_TRUE(journal.Open(folder_, "shop"));
    for (const char* const record : {"one", "two", "three"}) {
      ASSERT_TRUE(journal.Append(record, Durability::kProcess));
    }
    path = journal.path();
  }
  std::string text = Contents(path);
  text[text.find("two")] = 'X';
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_THAT(Reopened(), ElementsAre("one", "three"));
}

TEST_F(AlertJournalTest, AFileOfSomethingElseIsPutAside) {
  fs::create_directories(folder_);
  std::ofstream(folder_ + "/alerts-shop.journal") << "no journal at all\n";
  EXPECT_THAT(Reopened(), IsEmpty());
  EXPECT_EQ(Contents(folder_ + "/alerts-shop.journal.damaged"), "no journal at all\n");
}

TEST_F(AlertJournalTest, TwoOfOneNameDoNotShareAFile) {
  AlertJournal first;
  AlertJournal second;
  ASSERT_TRUE(first.Open(folder_, "shop"));
  ASSERT_TRUE(second.Open(folder_, "shop"));
  EXPECT_NE(first.path(), second.path());
}

TEST_F(AlertJournalTest, AFolderThatCannotBeMadeIsAReason) {
  AlertJournal journal;
  const auto opened = journal.Open("/proc/self/nothing", "shop");
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), testing::HasSubstr("/proc/self/nothing"));
  EXPECT_FALSE(journal.Append("one", Durability::kDisk));
}

// A file that may not grow stands for a disk without room.
TEST_F(AlertJournalTest, AFullDiskIsAReasonAndNothingIsLost) {
  AlertJournal journal;
  ASSERT_TRUE(journal.Open(folder_, "shop"));
  ASSERT_TRUE(journal.Append("one", Durability::kDisk));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{journal.size() + 5, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_FALSE(journal.Append("two", Durability::kDisk));
  EXPECT_FALSE(journal.Rewrite({"one", "two", "and much more than there is room for"}));
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_TRUE(journal.Append("three", Durability::kDisk));
  EXPECT_THAT(Reopened(), IsEmpty());  // held by `journal`: this is the second file
  std::ifstream file(journal.path());
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line.substr(9), "one");
  std::getline(file, line);
  EXPECT_EQ(line.substr(9), "three");
}

}  // namespace
}  // namespace stirbar
