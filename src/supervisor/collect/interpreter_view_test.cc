#include "supervisor/collect/interpreter_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/collect/fake_interpreter.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

class InterpreterViewTest : public testing::Test {
 protected:
  InterpreterViewTest() {
    const InterpreterView& view = python_.view();
    map_.ready = 1;
    map_.python_version = view.version;
    map_.runtime = view.runtime;
    map_.interpreter = view.interpreter;
    map_.offset_count = kInterpreterOffsetCount;
    for (size_t i = 0; i < view.offsets.size(); ++i) map_.offsets[i] = view.offsets[i];
  }

  std::string Refusal() {
    const auto view = ViewOf(map_);
    return view ? "" : view.error();
  }

  FakeInterpreter python_;
  InterpreterMap map_{};
};

TEST_F(InterpreterViewTest, TakesWhatTheWorkerHasPublished) {
  const auto view = ViewOf(map_);
  ASSERT_TRUE(view.ok()) << view.error();
  EXPECT_EQ((*view)[kThreadNext], 8U);
  EXPECT_FALSE(view->Has(kThreadCFrame));
  EXPECT_EQ(view->TypeAt(kRuntimeToCodeType), view->runtime + 0x1000);
}

TEST_F(InterpreterViewTest, TypesMayLieInFrontOfTheRuntime) {
  map_.offsets[kRuntimeToCodeType] = static_cast<uint32_t>(-0x2000);
  EXPECT_EQ(ViewOf(map_)->TypeAt(kRuntimeToCodeType), python_.view().runtime - 0x2000);
}

TEST_F(InterpreterViewTest, SaysWhyThereIsNothing) {
  map_.offset_count = 0;
  map_.python_version = 0x030F00F0;
  map_.offsets[0] = kOffsetsUnknownVersion;
  EXPECT_THAT(Refusal(), HasSubstr("Python 3.15 is not known to this build"));
  map_.offsets[0] = kOffsetsFreeThreaded;
  EXPECT_THAT(Refusal(), HasSubstr("free-threaded"));
  map_.offsets[0] = kOffsetsDisagree;
  EXPECT_THAT(Refusal(), HasSubstr("another way"));
  map_.offsets[0] = kOffsetsNotReadable;
  EXPECT_THAT(Refusal(), HasSubstr("SYS_PTRACE"));
  map_.ready = 0;
  EXPECT_THAT(Refusal(), HasSubstr("has not published"));
}

TEST_F(InterpreterViewTest, RefusesOffsetsThatLeadOutOfTheBuffers) {
  for (const uint32_t bad : {uint32_t{kStructBytes}, uint32_t{1} << 31U, STIRBAR_OFFSET_ABSENT}) {
    for (const auto name : {kThreadBytes, kFrameBytes, kCodeBytes, kThreadNext, kObjectType}) {
      const uint32_t before = map_.offsets[name];
      map_.offsets[name] = bad;
      EXPECT_THAT(Refusal(), HasSubstr("damaged")) << name << " " << bad;
      map_.offsets[name] = before;
    }
  }
  map_.offset_count = kInterpreterOffsetCount + 1;
  EXPECT_THAT(Refusal(), HasSubstr("another version"));
}

}  // namespace
}  // namespace stirbar
