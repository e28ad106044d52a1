#include "supervisor/collect/process_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint32_t kSupervisor = 90;

std::vector<uint32_t> Pids(const std::vector<ProcessStat>& tree) {
  std::vector<uint32_t> pids;
  for (const ProcessStat& stat : tree) pids.push_back(stat.pid);
  return pids;
}

// Both ways of finding children must see the same tree: with `true`, there are `children` files.
class ProcessTreeTest : public testing::TestWithParam<bool> {
 protected:
  ProcessTreeTest() {
    Add(1, 0, "server=10");
    Add(10, 1);
    Add(11, 10);
    Add(12, 10);
    Add(13, 12);
    Add(20, 1);  // somebody else's
    Add(21, 20);
    Add(kSupervisor, 11);
    Add(91, kSupervisor);
    WriteAllChildren();
  }

  void Add(uint32_t pid, uint32_t parent_pid, const std::string& command = "python3") {
    FakeProcess process;
    process.pid = pid;
    process.parent_pid = parent_pid;
    process.command = command;
    files_.Write(process);
    parents_[pid] = parent_pid;
  }

  void Remove(uint32_t pid) {
    files_.RemoveProcess(pid);
    parents_.erase(pid);
    WriteAllChildren();
  }

  void WriteAllChildren() {
    if (!GetParam()) return;
    std::map<uint32_t, std::string> children;
    for (const auto& [pid, parent] : parents_) {
      children[pid] += "";
      if (parents_.contains(parent)) children[parent] += std::to_string(pid) + " ";
    }
    for (const auto& [pid, list] : children) files_.WriteChildren(pid, pid, list);
  }

  FakeTree files_;
  std::map<uint32_t, uint32_t> parents_;
};

INSTANTIATE_TEST_SUITE_P(, ProcessTreeTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& has_files) {
                           return has_files.param ? "ByChildrenFiles" : "ByListingTheMachine";
                         });

TEST_P(ProcessTreeTest, HoldsDescendantsWithoutTheSupervisors) {
  ProcessTree tree(files_.proc(), kSupervisor);
  EXPECT_THAT(Pids(tree.Update({10})), ElementsAre(10, 11, 12, 13));
}

TEST_P(ProcessTreeTest, FollowsBirthsAndDeaths) {
  ProcessTree tree(files_.proc(), kSupervisor);
  tree.Update({10});
  Add(14, 13);
  WriteAllChildren();
  EXPECT_THAT(Pids(tree.Update({10})), ElementsAre(10, 11, 12, 13, 14));
  Remove(14);
  EXPECT_THAT(Pids(tree.Update({10})), ElementsAre(10, 11, 12, 13));
}

TEST_P(ProcessTreeTest, OrphanLeavesTheTree) {
  ProcessTree tree(files_.proc(), kSupervisor);
  tree.Update({10});
  Add(13, 1);  // its parent has ended, and init has taken it
  Remove(12);
  EXPECT_THAT(Pids(tree.Update({10})), ElementsAre(10, 11));
}

TEST_P(ProcessTreeTest, ForeignerThatBecomesARootBringsItsChildren) {
  ProcessTree tree(files_.proc(), kSupervisor);
  EXPECT_THAT(Pids(tree.Update({10})), ElementsAre(10, 11, 12, 13));
  EXPECT_THAT(Pids(tree.Update({10, 20})), ElementsAre(10, 11, 12, 13, 20, 21));
}

TEST_P(ProcessTreeTest, PidGivenToAChildOfTheAppIsFoundByTheTenthCall) {
  ProcessTree tree(files_.proc(), kSupervisor);
  tree.Update({10});
  Add(21, 12);  // was somebody else's
  WriteAllChildren();
  for (int i = 0; i < 9; ++i) tree.Update({10});
  EXPECT_THAT(Pids(tree.Update({10})), ElementsAre(10, 11, 12, 13, 21));
}

TEST_P(ProcessTreeTest, MissingRootsGiveAnEmptyTree) {
  ProcessTree tree(files_.proc(), kSupervisor);
  EXPECT_THAT(tree.Update({4711}), IsEmpty());
  EXPECT_THAT(tree.Update({}), IsEmpty());
}

TEST_P(ProcessTreeTest, ParentsInACircleEnd) {
  Add(30, 31);
  Add(31, 30);
  WriteAllChildren();
  ProcessTree tree(files_.proc(), kSupervisor);
  EXPECT_THAT(Pids(tree.Update({10})), ElementsAre(10, 11, 12, 13));
}

TEST(ProcessTree, ChildOfAnotherThreadIsKeptBetweenThoroughLooks) {
  const FakeTree files;
  files.Write(FakeProcess{.pid = kSupervisor});
  files.WriteChildren(kSupervisor, kSupervisor, "");
  files.Write(FakeProcess{.pid = 10, .threads = 2});
  files.WriteChildren(10, 10, "");
  files.WriteChildren(10, 15, "16 ");
  files.Write(FakeProcess{.pid = 16, .parent_pid = 10});
  files.WriteChildren(16, 16, "");
  ProcessTree tree(files.proc(), kSupervisor);
  EXPECT_THAT(Pids(tree.Update({10})), ElementsAre(10, 16));
  EXPECT_THAT(Pids(tree.Update({10})), ElementsAre(10, 16));
}

TEST(ProcessStat, CommandMayHoldBlanksAndParentheses) {
  const auto stat =
      ParseProcessStat("41 (a) S 7 (b\n) R 12 1 1 0 -1 0 0 0 0 0 30 12 0 0 20 -5 3 0 8888 1 1\n");
  ASSERT_TRUE(stat.ok()) << stat.error();
  EXPECT_EQ(stat->command, "a) S 7 (b?");
  EXPECT_EQ(stat->state, 'R');
  EXPECT_EQ(stat->parent_pid, 12U);
  EXPECT_EQ(stat->cpu_ticks, 42U);
  EXPECT_EQ(stat->threads, 3U);
  EXPECT_EQ(stat->start_ticks, 8888U);
}

TEST(ProcessStat, RefusesOtherText) {
  for (const char* const text : {"", "41", "41 (a", "41 (a) R", "41 (a) R 1 1 1 0 -1 0 0 0 0 0 x 1",
                                 ") 41 (", "x (a) R 1"}) {
    EXPECT_FALSE(ParseProcessStat(text).ok()) << text;
  }
}

}  // namespace
}  // namespace stirbar
