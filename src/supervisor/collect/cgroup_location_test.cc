#include "supervisor/collect/cgroup_location.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CgroupLocationTest : public testing::Test {
 protected:
  // A hierarchy whose part `root` is mounted at `point` (below the fake root).
  void Mount(const std::string& root, const std::string& point, const std::string& type,
             const std::string& options = "rw") {
    files_.Write(point + "/cgroup.procs", "");
    mounts_ += "30 24 0:26 " + root + " " + files_.root() + "/" + point + " rw,nosuid shared:4 - " +
               type + " cgroup " + options + "\n";
    files_.Write("proc/self/mountinfo", mounts_);
  }
  void Join(const std::string& lines) { files_.Write("proc/10/cgroup", lines); }
  CgroupMembership Find() {
    auto found = FindCgroups(files_.proc(), 10);
    EXPECT_TRUE(found.ok()) << found.error();
    return found ? *std::move(found) : CgroupMembership{};
  }
  std::string Path(const std::string& path) const { return files_.root() + "/" + path; }

  FakeTree files_;
  std::string mounts_ = "22 1 8:1 / / rw - ext4 /dev/sda rw\n";
};

TEST_F(CgroupLocationTest, UnifiedPathBelowTheMountPoint) {
  Mount("/", "fs", "cgroup2");
  files_.Write("fs/app.slice/web.service/memory.max", "max\n");
  Join("0::/app.slice/web.service\n");
  const CgroupMembership found = Find();
  ASSERT_TRUE(found.unified);
  EXPECT_EQ(found.unified->path, "/app.slice/web.service");
  EXPECT_EQ(found.unified->directory, Path("fs/app.slice/web.service"));
  EXPECT_THAT(found.unified->Levels(),
              ElementsAre(Path("fs/app.slice/web.service"), Path("fs/app.slice"), Path("fs")));
  EXPECT_FALSE(found.memory_v1);
  EXPECT_FALSE(found.cpu_v1);
}

TEST_F(CgroupLocationTest, HybridHasBothVersions) {
  Mount("/", "fs/unified", "cgroup2");
  Mount("/", "fs/memory", "cgroup", "rw,memory");
  Mount("/", "fs/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct");
  files_.Write("fs/memory/app/tasks", "");
  Join("9:name=systemd:/\n4:memory:/app\n3:cpuset:/\n2:cpu,cpuacct:/\n0::/\n");
  const CgroupMembership found = Find();
  EXPECT_EQ(found.unified->directory, Path("fs/unified"));
  EXPECT_EQ(found.memory_v1->directory, Path("fs/memory/app"));
  EXPECT_EQ(found.cpu_v1->directory, Path("fs/cpu,cpuacct"));
}

TEST_F(CgroupLocationTest, ContainerSeesItsPartMounted) {
  Mount("/docker/1f3c", "fs/memory", "cgroup", "ro,memory");
  files_.Write("fs/memory/sub/tasks", "");
  Join("4:memory:/docker/1f3c\n");
  EXPECT_EQ(Find().memory_v1->directory, Path("fs/memory"));
  Join("4:memory:/docker/1f3c/sub\n");
  EXPECT_EQ(Find().memory_v1->directory, Path("fs/memory/sub"));
  Join("4:memory:/docker/1f3cd\n");  // another container
  EXPECT_EQ(Find().memory_v1->directory, Path("fs/memory"));
}

TEST_F(CgroupLocationTest, NamespaceRootIsTheMountPoint) {
  Mount("/", "fs", "cgroup2");
  for (const char* const path : {"/", "/..", "/../other"}) {
    Join(std::string("0::") + path + "\n");
    EXPECT_EQ(Find().unified->directory, Path("fs")) << path;
  }
}

TEST_F(CgroupLocationTest, MountFromOutsideTheNamespace) {
  Mount("/..", "fs", "cgroup2");
  files_.Write("fs/other/memory.max", "max\n");
  Join("0::/../other\n");
  EXPECT_EQ(Find().unified->directory, Path("fs/other"));
}

TEST_F(CgroupLocationTest, RemovedCgroupFallsBackToTheOneAbove) {
  Mount("/", "fs", "cgroup2");
  files_.Write("fs/app/memory.max", "max\n");
  Join("0::/app/gone (deleted)\n");
  EXPECT_EQ(Find().unified->directory, Path("fs/app"));
}

TEST_F(CgroupLocationTest, OfSeveralMountsTheOneThatShowsMostWins) {
  Mount("/elsewhere", "bind", "cgroup2");
  Mount("/", "a b", "cgroup2");
  mounts_.replace(mounts_.find("a b"), 3, "a\\040b");  // as the kernel writes it
  files_.Write("proc/self/mountinfo", mounts_);
  files_.Write("a b/app/memory.max", "max\n");
  Join("0::/app\n");
  EXPECT_EQ(Find().unified->directory, Path("a b/app"));
}

TEST_F(CgroupLocationTest, NothingMounted) {
  files_.Write("proc/self/mountinfo", mounts_);
  Join("0::/app\nnoise\n\n:::\n");
  const CgroupMembership found = Find();
  EXPECT_FALSE(found.unified);
  EXPECT_FALSE(found.memory_v1);
}

TEST_F(CgroupLocationTest, TrackerAsksTheServerAndThenTheWorkers) {
  Mount("/", "fs", "cgroup2");
  files_.Write("fs/worker/memory.max", "max\n");
  files_.Write("proc/20/cgroup", "0::/worker\n");
  Sample sample = SampleWithWorkers({19, 20});
  sample.workers.front().alive = false;
  CgroupTracker tracker(10, files_.proc());
  EXPECT_EQ(tracker.Follow(FullTick(1), sample)->unified->path, "/worker");

  Join("0::/\n");
  EXPECT_EQ(tracker.Follow(FullTick(10.9), sample)->unified->path, "/worker");
  EXPECT_EQ(tracker.lookups(), 1U);
  EXPECT_EQ(tracker.Follow(FullTick(11), sample)->unified->path, "/");
  EXPECT_EQ(tracker.lookups(), 2U);
}

TEST_F(CgroupLocationTest, TrackerKeepsTheLastAnswerWhenAllHaveEnded) {
  Mount("/", "fs", "cgroup2");
  CgroupTracker tracker({}, files_.proc());
  const auto before = tracker.Follow(FullTick(1), Sample{});
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error(), "no process of the app yet");
  const auto gone = tracker.Follow(FullTick(1), SampleWithWorkers({10}));
  ASSERT_FALSE(gone.ok());
  EXPECT_THAT(gone.error(), HasSubstr("/10/cgroup: No such file"));

  Join("0::/\n");
  EXPECT_TRUE(tracker.Follow(FullTick(2), SampleWithWorkers({10})).ok());
  EXPECT_TRUE(tracker.Follow(FullTick(60), Sample{}).ok());
}

}  // namespace
}  // namespace stirbar
