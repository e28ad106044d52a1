#include "supervisor/cli/segment_finder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "segment/identity.h"
#include "segment/published.h"
#include "segment/test_segment.h"
#include "segment/worker_slot.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

// A runtime folder of its own.
class SegmentFinder : public testing::Test {
 protected:
  SegmentFinder() {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::owner_all);
    setenv("STIRBAR_RUNTIME_DIR", folder_.path().c_str(), 1);
    unsetenv("STIRBAR_SEGMENT");
  }
  ~SegmentFinder() override {
    unsetenv("STIRBAR_RUNTIME_DIR");
    unsetenv("STIRBAR_SEGMENT");
  }

  std::unique_ptr<SegmentMapping> Add(const std::string& name) {
    auto made = SegmentMapping::CreateOrOpen(folder_.File(name + ".segment"), name);
    EXPECT_TRUE(made.ok());
    return std::move(*made);
  }
  // With a worker that lives: this process.
  std::unique_ptr<SegmentMapping> AddLive(const std::string& name) {
    auto made = Add(name);
    ClaimWorkerSlot(made->segment(), *IdentityOf());
    return made;
  }

  const TestFolder folder_;
};

TEST_F(SegmentFinder, FindsTheOnlyLiveOne) {
  EXPECT_THAT(FindSegment("", "").error(), HasSubstr("no app is watched"));
  Add("dead");
  EXPECT_THAT(FindSegment("", "").error(), HasSubstr("no app is watched"));
  AddLive("shop");
  const auto found = FindSegment("", "");
  ASSERT_TRUE(found.ok()) << found.error();
  EXPECT_STREQ((*found)->segment().header.app_name, "shop");
}

TEST_F(SegmentFinder, AsksWhichOfSeveral) {
  AddLive("shop");
  AddLive("blog");
  EXPECT_THAT(FindSegment("", "").error(), HasSubstr("--name shop"));
  EXPECT_THAT(FindSegment("", "").error(), HasSubstr("--name blog"));
  EXPECT_STREQ((*FindSegment("", "blog"))->segment().header.app_name, "blog");
  EXPECT_THAT(FindSegment("", "wiki").error(), HasSubstr("no app is named 'wiki'"));
}

TEST_F(SegmentFinder, APathAndTheEnvironmentGoFirst) {
  AddLive("shop");
  AddLive("blog");
  EXPECT_STREQ((*FindSegment(folder_.File("shop.segment"), ""))->segment().header.app_name, "shop");
  setenv("STIRBAR_SEGMENT", folder_.File("blog.segment").c_str(), 1);
  EXPECT_STREQ((*FindSegment("", ""))->segment().header.app_name, "blog");
  EXPECT_STREQ((*FindSegment("", "shop"))->segment().header.app_name, "shop");
  EXPECT_THAT(FindSegment(folder_.File("none"), "").error(), HasSubstr("No such file"));
}

TEST_F(SegmentFinder, WhatIsNoSegmentIsPassedOver) {
  std::ofstream(folder_.File("noise.segment")) << "noise";
  std::filesystem::create_directory(folder_.File("folder.segment"));
  AddLive("shop");
  EXPECT_EQ(ListSegments().size(), 1U);
}

TEST_F(SegmentFinder, RemovesTheDeadAndSparesTheLiveAndTheYoung) {
  const auto dead = Add("dead");
  dead->segment().header.created_monotonic_ns = 1;
  Add("young");
  const auto live = AddLive("live");
  live->segment().header.created_monotonic_ns = 1;
  const auto watched = Add("watched");
  watched->segment().header.created_monotonic_ns = 1;
  watched->segment().supervisor.owner = *IdentityOf();
  RemoveDeadSegments();
  EXPECT_FALSE(std::filesystem::exists(dead->path()));
  EXPECT_TRUE(std::filesystem::exists(folder_.File("young.segment")));
  EXPECT_TRUE(std::filesystem::exists(live->path()));
  EXPECT_TRUE(std::filesystem::exists(watched->path()));
}

TEST_F(SegmentFinder, AFreshSnapshotNeedsASupervisorThatBeats) {
  const auto mapping = Add("shop");
  SupervisorBlock& supervisor = mapping->segment().supervisor;
  EXPECT_THAT(FreshSnapshot(*mapping).error(), HasSubstr("no supervisor watches shop"));
  EXPECT_FALSE(IsWatched(*mapping));
  supervisor.owner = *IdentityOf();
  supervisor.heartbeat_ns = MonotonicNs();
  EXPECT_TRUE(IsWatched(*mapping));
  EXPECT_THAT(FreshSnapshot(*mapping).error(), HasSubstr("not published anything"));
  WriteSnapshot(mapping->segment(), "{}");
  EXPECT_EQ(*FreshSnapshot(*mapping), "{}");
  supervisor.heartbeat_ns = MonotonicNs() - 5'000'000'000;
  EXPECT_THAT(FreshSnapshot(*mapping).error(), HasSubstr("silent for 5.0 s"));
  EXPECT_FALSE(IsWatched(*mapping));
  supervisor.heartbeat_ns = MonotonicNs();
  supervisor.owner = MakeIdentity(4'000'000, 7);
  EXPECT_FALSE(IsWatched(*mapping));
}

}  // namespace
}  // namespace stirbar
