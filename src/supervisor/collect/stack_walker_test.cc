#include "supervisor/collect/stack_walker.h"

#include <gtest/gtest.h>

#include "supervisor/collect/fake_interpreter.h"
#include "supervisor/collect/lock_state.h"

namespace stirbar {
namespace {

class StackWalkerTest : public testing::Test {
 protected:
  // "function:line" of each frame, innermost first.
  std::vector<std::string> Shown(const RawStack& stack) {
    std::vector<std::string> shown;
    for (const RawFrame& frame : stack.frames) {
      const CodeText* const code = codes_.Get(frame.code);
      if (code == nullptr) continue;
      const FrameSample sample = codes_.Describe(*code, frame.instruction);
      shown.push_back(sample.function + ":" + std::to_string(sample.line));
    }
    return shown;
  }
  RawStack WalkFirst() { return walker_.Walk(walker_.Threads()->front()); }

  FakeInterpreter python_;
  FakeMemory& memory_ = python_.memory();
  CodeReader codes_{memory_, python_.view()};
  StackWalker walker_{memory_, python_.view(), &codes_};
};

using Lines = std::vector<std::string>;

TEST_F(StackWalkerTest, FindsThreadsAndTheirFrames) {
  const uint64_t first = python_.AddThread(70, 4711);
  python_.AddThread(71, 4712);
  const uint64_t outer = python_.AddFrame(python_.AddCode(U"main", 10), 3, 0);
  python_.SetTop(first, python_.AddFrame(python_.AddCode(U"Shop.view", 100), 0, outer));
  const auto threads = walker_.Threads();
  ASSERT_TRUE(threads);
  ASSERT_EQ(threads->size(), 2U);
  EXPECT_EQ((*threads)[0], (ThreadHead{first, 70, 4711}));
  EXPECT_EQ((*threads)[1].native_id, 4712U);
  const RawStack stack = walker_.Walk(threads->front());
  EXPECT_TRUE(stack.whole);
  EXPECT_FALSE(stack.cut);
  EXPECT_EQ(Shown(stack), (Lines{"Shop.view:100", "main:13"}));
  // No frame at all is a whole stack too.
  EXPECT_TRUE(walker_.Walk(threads->back()).whole);
}

TEST_F(StackWalkerTest, LeavesOutWhatRunsNoPythonCode) {
  const uint64_t thread = python_.AddThread(70, 4711);
  const uint64_t outer = python_.AddFrame(python_.AddCode(U"main", 10), 0, 0);
  const uint64_t shim = python_.AddFrame(0, 0, outer, 3);
  const uint64_t code = python_.AddCode(U"new", 20);
  memory_.Put(code + 64, int32_t{2});  // its first two instructions belong to no line of it
  python_.SetTop(thread, python_.AddFrame(code, 1, shim));
  EXPECT_EQ(Shown(WalkFirst()), Lines{"main:10"});
  EXPECT_TRUE(WalkFirst().whole);
  // A generator that has not begun is where it was called.
  python_.SetTop(thread, python_.AddFrame(code, 1, outer, 1));
  EXPECT_EQ(Shown(WalkFirst()), (Lines{"new:21", "main:10"}));
}

TEST_F(StackWalkerTest, BadPointersEndTheWalk) {
  const uint64_t thread = python_.AddThread(70, 4711);
  const uint64_t code = python_.AddCode(U"f", 1);
  const uint64_t frame = python_.AddFrame(code, 0, 0);
  python_.SetTop(thread, frame);
  for (const uint64_t bad : {uint64_t{8}, frame + 1, frame + 8192, ~uint64_t{7}, code}) {
    memory_.Put(frame + 8, bad);
    EXPECT_FALSE(WalkFirst().whole) << std::hex << bad;
  }
  memory_.Put(frame + 8, uint64_t{0});
  memory_.Put(code + 8, python_.view().TypeAt(kRuntimeToStringType));
  codes_.Forget();
  EXPECT_FALSE(WalkFirst().whole) << "what it executes is no code";
  memory_.Put(code + 8, python_.view().TypeAt(kRuntimeToCodeType));
  EXPECT_TRUE(WalkFirst().whole);
  memory_.Put(frame + 16, code + 72 + 1000);
  EXPECT_FALSE(WalkFirst().whole) << "the instruction is none of its code";
}

TEST_F(StackWalkerTest, CirclesEnd) {
  const uint64_t thread = python_.AddThread(70, 4711);
  const uint64_t frame = python_.AddFrame(python_.AddCode(U"f", 1), 0, 0);
  memory_.Put(frame + 8, frame);
  python_.SetTop(thread, frame);
  const RawStack stack = WalkFirst();
  EXPECT_EQ(stack.frames.size(), kMaxStackFrames);
  EXPECT_TRUE(stack.cut);
  // A list of threads that goes in a circle is one that changed.
  const uint64_t second = python_.AddThread(71, 4712);
  memory_.Put(second + 8, thread);
  EXPECT_FALSE(walker_.Threads());
  memory_.Put(second + 8, second);
  EXPECT_FALSE(walker_.Threads());
}

TEST_F(StackWalkerTest, AThreadOfAnotherInterpreterIsNone) {
  memory_.Put(python_.AddThread(70, 4711) + 16, uint64_t{0x7777000});
  EXPECT_FALSE(walker_.Threads());
}

TEST_F(StackWalkerTest, AStackThatChangesDuringTheWalkIsNotWhole) {
  const uint64_t thread = python_.AddThread(70, 4711);
  const uint64_t code = python_.AddCode(U"f", 1);
  const uint64_t outer = python_.AddFrame(code, 2, 0);
  const uint64_t inner = python_.AddFrame(code, 0, outer);
  python_.SetTop(thread, inner);
  const ThreadHead head = walker_.Threads()->front();
  EXPECT_TRUE(walker_.Walk(head).whole);
  const int reads = memory_.reads();
  walker_.Walk(head);
  const int last = memory_.reads() - reads;  // the read that checks the walk

  const auto walk_while = [&](const std::function<void()>& change) {
    const int begin = memory_.reads();
    memory_.before_read = [&, begin](int number) {
      if (number == begin + last) change();
    };
    const bool whole = walker_.Walk(head).whole;
    memory_.before_read = nullptr;
    return whole;
  };
  EXPECT_TRUE(walk_while([] {}));
  EXPECT_FALSE(walk_while([&] { memory_.Put(outer + 16, code + 72 + 6); }));
  EXPECT_FALSE(walk_while([&] { python_.SetTop(thread, outer); }));
  python_.SetTop(thread, inner);
  EXPECT_FALSE(walk_while([&] { memory_.Put(inner + 8, uint64_t{0}); }));
}

TEST_F(StackWalkerTest, NamesInAnyAlphabet) {
  const uint64_t code = python_.AddCode(U"f", 1);
  memory_.Put(code + 32, python_.AddString(U"caf\u00e9", 1, false));
  EXPECT_EQ(codes_.Get(code)->function, "caf\xC3\xA9");
  const auto named = [&](std::u32string_view text, uint32_t kind) {
    codes_.Forget();
    memory_.Put(code + 32, python_.AddString(text, kind, false));
    return codes_.Get(code)->function;
  };
  EXPECT_EQ(named(U"\u65e5\u672c", 2), "\xE6\x97\xA5\xE6\x9C\xAC");
  EXPECT_EQ(named(U"x\U0001F600", 4), "x\xF0\x9F\x98\x80");
  EXPECT_EQ(named(U"a\nb", 1), "a?b") << "a terminal shows it";
  EXPECT_EQ(named(std::u32string(1000, U'n'), 1), std::string(kLongestName - 3, 'n') + "...");
  EXPECT_EQ(named(std::u32string(4096, U'\u65e5'), 2).size(), kLongestName);
}

TEST_F(StackWalkerTest, LongFileNamesKeepTheirEnd) {
  const uint64_t code = python_.AddCode(U"f", 1);
  memory_.Put(code + 16, python_.AddString(std::u32string(1000, U'd') + U"/app.py"));
  const std::string& file = codes_.Get(code)->file;
  EXPECT_EQ(file.size(), kLongestName);
  EXPECT_TRUE(file.starts_with("...d") && file.ends_with("d/app.py"));
}

TEST_F(StackWalkerTest, WhatIsNoStringIsNoName) {
  const uint64_t code = python_.AddCode(U"f", 1);
  const uint64_t name = python_.AddString(U"f");
  memory_.Put(code + 32, name);
  for (const uint64_t length : {uint64_t{4097}, ~uint64_t{0}}) {
    memory_.Put(name + 16, length);
    EXPECT_EQ(codes_.Get(code), nullptr);
  }
  memory_.Put(name + 16, uint64_t{1});
  EXPECT_NE(codes_.Get(code), nullptr);
  codes_.Forget();
  memory_.Put(name + 8, python_.view().TypeAt(kRuntimeToBytesType));
  EXPECT_EQ(codes_.Get(code), nullptr);
}

TEST_F(StackWalkerTest, OldPythonTellsTheNumberOfTheInstruction) {
  InterpreterView& view = python_.view();
  view.offsets[kFrameLastIndex] = 16;
  for (const auto name : {kFrameInstruction, kFrameOwner, kCodeInstructions, kCodeQualifiedName,
                          kFrameForeignOwner, kFrameGenerator}) {
    view.offsets[name] = STIRBAR_OFFSET_ABSENT;
  }
  const uint64_t thread = python_.AddThread(70, 0);
  const uint64_t code = python_.AddCode(U"f", 40);
  const uint64_t table = memory_.Allocate(24 + 4);
  memory_.Put(table + 8, view.TypeAt(kRuntimeToBytesType));
  memory_.Put(table + 16, uint64_t{4});
  const uint8_t pairs[] = {4, 1, 4, 5};  // two instructions in line 41, two in 46
  memory_.PutBytes(table + 24, pairs, sizeof pairs);
  memory_.Put(code + 40, table);
  const uint64_t frame = python_.AddFrame(code, 0, 0);
  memory_.Put(frame + 16, int32_t{3});
  python_.SetTop(thread, frame);
  EXPECT_EQ(Shown(WalkFirst()), Lines{"f:46"});
  memory_.Put(frame + 16, int32_t{-1});
  EXPECT_EQ(Shown(WalkFirst()), Lines{"f:40"});
}

TEST_F(StackWalkerTest, LockNamesItsHolder) {
  const uint64_t thread = python_.AddThread(70, 4711);
  auto lock = ReadLock(memory_, python_.view());
  ASSERT_TRUE(lock);
  EXPECT_FALSE(lock->locked);
  python_.Lock(thread, 17);
  lock = ReadLock(memory_, python_.view());
  EXPECT_TRUE(lock->locked);
  EXPECT_EQ(lock->last_holder, thread);
  EXPECT_EQ(lock->switch_number, 17U);
  EXPECT_FALSE(lock->drop_requested);
  EXPECT_TRUE(lock->Contains(python_.gil() + 40));
  EXPECT_FALSE(lock->Contains(python_.gil() + 64) || lock->Contains(python_.gil() - 1));
  memory_.Put(thread + 48, uint64_t{0x100000001});
  EXPECT_TRUE(ReadLock(memory_, python_.view())->drop_requested);
  memory_.Put(python_.view().interpreter + 8, uint64_t{0});
  EXPECT_FALSE(ReadLock(memory_, python_.view()));
}

}  // namespace
}  // namespace stirbar
