#include "segment/mapping.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <random>
#include <thread>

#include "base/clock.h"
#include "segment/config.h"
#include "segment/events.h"
#include "segment/published.h"
#include "segment/routes.h"
#include "segment/test_segment.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

// Sets $STIRBAR_RUNTIME_DIR for one test.
class RuntimeFolder {
 public:
  explicit RuntimeFolder(const std::string& path) {
    setenv("STIRBAR_RUNTIME_DIR", path.c_str(), 1);
  }
  ~RuntimeFolder() { unsetenv("STIRBAR_RUNTIME_DIR"); }
};

std::string RefusalOf(const std::string& path) {
  const auto mapping = SegmentMapping::Open(path);
  return mapping.ok() ? "" : mapping.error();
}

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

void Overwrite(const std::string& path, size_t offset, const std::string& bytes) {
  const int file = open(path.c_str(), O_WRONLY);
  EXPECT_EQ(pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset)),
            static_cast<ssize_t>(bytes.size()));
  close(file);
}

std::string Noise(size_t bytes, uint32_t seed) {
  std::mt19937 random(seed);
  std::string noise(bytes, '\0');
  for (char& letter : noise) letter = static_cast<char>(random());
  return noise;
}

TEST(SegmentMapping, ANewOneHoldsTheDefaultsAndTheName) {
  const TestSegment segment;
  EXPECT_STREQ(segment->header.app_name, "test");
  EXPECT_EQ(segment.mapping().Defect(), "");
  EXPECT_NE(FindRoute(*segment, kRouteUnmatched), nullptr);
  EXPECT_NE(FindRoute(*segment, kRouteOther), nullptr);
  EXPECT_EQ(FindRoute(*segment, 2), nullptr);
  EXPECT_EQ(ReadSettings(*segment).values.memory_warning_threshold, 0.8);
  struct stat info {};
  ASSERT_EQ(stat(segment.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  // 1.5 MiB, as promised in layout.h.
  EXPECT_LT(info.st_blocks * 512, 2 << 20);
}

TEST(SegmentMapping, TwoMappingsShareWhatIsWritten) {
  const TestSegment segment;
  const auto other = SegmentMapping::Open(segment.path());
  ASSERT_TRUE(other.ok());
  ASSERT_EQ(ClaimWorkerSlot(*segment, 77), 0U);
  EXPECT_EQ((*other)->segment().workers[0].owner.load(), 77U);
}

TEST(SegmentMapping, RefusesWhatIsNoSegment) {
  const TestFolder folder;
  EXPECT_THAT(RefusalOf(folder.File("none")), HasSubstr("No such file"));
  EXPECT_THAT(RefusalOf(folder.path()), HasSubstr("directory"));

  const std::string zeros = folder.File("zeros");
  const int file = open(zeros.c_str(), O_CREAT | O_WRONLY, 0600);
  ASSERT_EQ(ftruncate(file, sizeof(Segment)), 0);
  close(file);
  EXPECT_THAT(RefusalOf(zeros), HasSubstr("are zero"));

  for (uint32_t seed = 0; seed < 50; ++seed) {
    const std::string noise = folder.File("noise" + std::to_string(seed));
    std::ofstream(noise) << Noise(seed * 300, seed);
    chmod(noise.c_str(), 0600);
    EXPECT_NE(RefusalOf(noise), "") << seed;
  }
}

TEST(SegmentMapping, RefusesATruncatedOne) {
  for (const size_t bytes : {size_t{0}, size_t{7}, size_t{100}, sizeof(Header), size_t{4096},
                             size_t{1} << 20U, sizeof(Segment) - 1}) {
    const TestSegment segment;
    ASSERT_EQ(truncate(segment.path().c_str(), static_cast<off_t>(bytes)), 0);
    EXPECT_THAT(RefusalOf(segment.path()), HasSubstr("truncated: " + std::to_string(bytes)));
  }
}

TEST(SegmentMapping, RefusesAnotherVersionAndAnotherBuild) {
  const TestSegment segment;
  segment->header.layout_version = kLayoutVersion + 1;
  EXPECT_THAT(RefusalOf(segment.path()), HasSubstr("layout version"));
  segment->header.layout_version = kLayoutVersion;
  segment->header.layout_digest += 1;
  EXPECT_THAT(RefusalOf(segment.path()), HasSubstr("another layout"));
  segment->header.layout_digest -= 1;
  EXPECT_EQ(RefusalOf(segment.path()), "");
}

TEST(SegmentMapping, RefusesOneThatIsOpenToOthersAndLinks) {
  const TestSegment segment;
  for (const mode_t mode : {0640U, 0604U, 0660U, 0666U}) {
    chmod(segment.path().c_str(), mode);
    EXPECT_THAT(RefusalOf(segment.path()), HasSubstr("mode 0600")) << mode;
  }
  chmod(segment.path().c_str(), 0600);
  const std::string link = segment.path() + ".link";
  ASSERT_EQ(symlink(segment.path().c_str(), link.c_str()), 0);
  EXPECT_THAT(RefusalOf(link), HasSubstr("symbolic links"));
  EXPECT_FALSE(SegmentMapping::CreateOrOpen(link, "x").ok());
  const std::string dangling = segment.path() + ".dangling";
  ASSERT_EQ(symlink("/dev/shm/stirbar-test-nowhere", dangling.c_str()), 0);
  EXPECT_FALSE(SegmentMapping::CreateOrOpen(dangling, "x").ok());
}

TEST(SegmentMapping, ThreadsThatCreateAtOnceGetTheSame) {
  for (int round = 0; round < 10; ++round) {
    const TestFolder folder;
    std::array<std::unique_ptr<SegmentMapping>, 6> mappings;
    std::vector<std::thread> threads;
    std::atomic<bool> go{false};
    for (auto& mapping : mappings) {
      threads.emplace_back([&] {
        while (!go) sched_yield();
        auto made = SegmentMapping::CreateOrOpen(folder.File("a.segment"), "race");
        if (made.ok()) mapping = std::move(*made);
      });
    }
    go = true;
    for (std::thread& thread : threads) thread.join();
    for (uint32_t i = 0; i < mappings.size(); ++i) {
      ASSERT_NE(mappings.at(i), nullptr);
      EXPECT_EQ(mappings.at(i)->Defect(), "");
      EXPECT_STREQ(mappings.at(i)->segment().header.app_name, "race");
      EXPECT_EQ(ClaimWorkerSlot(mappings.at(i)->segment(), 1 + i), i);
    }
    // No draft is left over.
    const std::filesystem::directory_iterator files(folder.path());
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
  }
}

TEST(SegmentMapping, ProcessesThatCreateAtOnceGetTheSame) {
  const TestFolder folder;
  const Shared<std::atomic<int>> go;
  std::vector<pid_t> children;
  for (uint32_t i = 0; i < 6; ++i) {
    children.push_back(RunInChild([&, i] {
      while (go->load() == 0) sched_yield();
      const auto made = SegmentMapping::CreateOrOpen(folder.File("a.segment"), "race");
      _exit(made.ok() && ClaimWorkerSlot((*made)->segment(), 1 + i) ? 0 : 1);
    }));
  }
  go->store(1);
  for (const pid_t child : children) EXPECT_EQ(Await(child), 0);
  const auto mapping = SegmentMapping::Open(folder.File("a.segment"));
  ASSERT_TRUE(mapping.ok());
  for (uint32_t i = 0; i < 6; ++i) EXPECT_NE((*mapping)->segment().workers[i].owner.load(), 0U);
}

TEST(SegmentMapping, TellsItsDefects) {
  const TestFolder folder;
  const std::string path = folder.File("a.segment");
  const auto mapping = SegmentMapping::CreateOrOpen(path, "x");
  ASSERT_TRUE(mapping.ok());
  Segment& segment = (*mapping)->segment();
  segment.header.retired = 1;
  EXPECT_EQ((*mapping)->Defect(), "retired");
  segment.header.retired = 0;
  Overwrite(path, 0, Noise(64, 1));
  EXPECT_THAT((*mapping)->Defect(), HasSubstr("noise"));
  Overwrite(path, 0, std::string(64, '\0'));
  EXPECT_THAT((*mapping)->Defect(), HasSubstr("zero"));
  unlink(path.c_str());
  EXPECT_EQ((*mapping)->Defect(), "its file is gone");
  const auto second = SegmentMapping::CreateOrOpen(path, "x");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*mapping)->Defect(), "its file has been replaced");
  EXPECT_EQ((*second)->Defect(), "");
}

// gunicorn --user: the worker gives root's rights up after it was started, and before it attaches.
TEST(SegmentMapping, AProcessThatGaveUpItsRightsGetsTheOneHandedDown) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has rights to give up";
  constexpr uid_t kNobody = 65534;
  const TestFolder folder;
  chmod(folder.File("").c_str(), 0700);
  const std::string path = folder.File("a.segment");
  const auto mapping = SegmentMapping::CreateOrOpen(path, "x");
  ASSERT_TRUE(mapping.ok());
  const int descriptor = (*mapping)->HandDown();
  const Shared<std::atomic<int>> gone;
  const auto attach = [&](const char* handed_down) {
    setenv("STIRBAR_SEGMENT_DESCRIPTOR", handed_down, 1);
    if (setresuid(kNobody, kNobody, kNobody) != 0) _exit(2);
    const auto own = SegmentMapping::Open(path);
    if (!own.ok()) _exit(3);
    if (!ClaimWorkerSlot((*own)->segment(), 7) || !(*own)->Defect().empty()) _exit(4);
    gone->store(1);
    while (gone->load() == 1) sched_yield();
    _exit((*own)->Defect() == "its file is gone" ? 0 : 5);
  };
  for (const char* none : {"", "x", "999"}) {
    EXPECT_EQ(WEXITSTATUS(Await(RunInChild([&] { attach(none); }))), 3) << none;
  }
  const pid_t child = RunInChild([&] { attach(std::to_string(descriptor).c_str()); });
  while (gone->load() == 0 && kill(child, 0) == 0) sched_yield();
  EXPECT_EQ((*mapping)->segment().workers[0].owner.load(), 7U);
  unlink(path.c_str());
  gone->store(2);
  EXPECT_EQ(Await(child), 0);
  close(descriptor);
}

// `stirbar top` opens segments once a second; a worker that finds no free slot does, too.
TEST(SegmentMapping, OpeningOftenLeavesNothingBehind) {
  const TestSegment segment;
  const size_t before = OpenDescriptors();
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(SegmentMapping::Open(segment.path()).ok()) << i;
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(SegmentMapping, ReadersSurviveNoiseBehindASoundHeader) {
  for (const uint32_t seed : {1U, 2U}) {
    const TestSegment segment;
    std::string block = Noise(1 << 20U, seed);
    for (size_t at = 0; at + 4096 < sizeof(Segment); at += block.size()) {
      block.resize(std::min(block.size(), sizeof(Segment) - 4096 - at));
      Overwrite(segment.path(), 4096 + at, block);
    }
    segment->header.next_event = seed == 1 ? UINT64_MAX : 5'000;
    segment->header.route_count = UINT32_MAX;
    EXPECT_EQ(segment.mapping().Defect(), "");
    for (uint32_t route = 0; route < kMaxRoutes + 2; ++route) {
      if (const RouteEntry* const entry = FindRoute(*segment, route)) RuleOf(*entry);
    }
    InternRoute(*segment, HttpMethod::kGet, "/x");
    EXPECT_TRUE(ReadEvents(*segment, 5'000).empty());
    AppendEvent(*segment, {.kind = EventKind::kCleanup}, "text");
    ReadSnapshot(*segment);
    WriteSnapshot(*segment, "{}");
    EXPECT_EQ(ReadSnapshot(*segment), "{}");
    ReadHistory(*segment, 900);
    AppendHistory(*segment, {});
    const SegmentSettings settings = ReadSettings(*segment);
    for (const SettingSpec& spec : kSettingSpecs) {
      EXPECT_GE(settings.values[spec.id], spec.lowest);
      EXPECT_LE(settings.values[spec.id], spec.highest);
    }
    ClaimWorkerSlot(*segment, 5);
    for (uint32_t slot = 0; slot < 3; ++slot) {
      BuryWorker(*segment, slot, MonotonicNs());
      EXPECT_EQ(segment->workers[slot].owner.load(), 0U);
    }
  }
}

TEST(SegmentFolder, IsMadeAndMustBeOurs) {
  const TestFolder folder;
  const std::string path = folder.File("run");
  const RuntimeFolder runtime(path);
  ASSERT_EQ(*SegmentFolder(), path);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
  chmod(path.c_str(), 0770);
  EXPECT_FALSE(SegmentFolder().ok());
  chmod(path.c_str(), 0700);
  const RuntimeFolder link(folder.File("link"));
  ASSERT_EQ(symlink(path.c_str(), folder.File("link").c_str()), 0);
  EXPECT_FALSE(SegmentFolder().ok());
  const RuntimeFolder below(folder.File("none/run"));
  EXPECT_THAT(SegmentFolder().error(), HasSubstr("mkdir"));
}

// Servers change their directory (gunicorn --chdir, daemons): the path must go on to mean the same.
TEST(SegmentFolder, IsAbsolute) {
  const TestFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const RuntimeFolder runtime("run");
  const Result<std::string> found = SegmentFolder();
  std::filesystem::current_path(before);
  ASSERT_TRUE(found.ok()) << found.error();
  EXPECT_EQ(*found, folder.File("run"));
}

TEST(SegmentName, HasNothingThatAPathMinds) {
  EXPECT_EQ(SafeName("shop.app-1_x"), "shop.app-1_x");
  EXPECT_EQ(SafeName("../../etc/passwd"), "app.._.._etc_passwd");
  EXPECT_EQ(SafeName(""), "app");
  EXPECT_EQ(SafeName(std::string(200, 'x')).size(), 64U);
  EXPECT_EQ(SafeName("a b\nc/\xC3\xA4"), "a_b_c___");
}

}  // namespace
}  // namespace stirbar
