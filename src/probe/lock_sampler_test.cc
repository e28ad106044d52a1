#include "probe/lock_sampler.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

constexpr AddressRange kLock{0x7f0000001000, 0x7f0000001100};
constexpr uint64_t kPeriod = 100'000'000;

std::string Line(long number, const std::string& rest) { return std::to_string(number) + rest; }

TEST(LockSampler, KnowsAFutexOfTheLock) {
  const long futex = SYS_futex;
  EXPECT_TRUE(WaitsOnFutex(Line(futex, " 0x7f0000001000 0x189 0x0 0x7ffd 0x0"), kLock));
  EXPECT_TRUE(WaitsOnFutex(Line(futex, " 0x7f00000010ff"), kLock));
  EXPECT_FALSE(WaitsOnFutex(Line(futex, " 0x7f0000001100 0x189"), kLock));
  EXPECT_FALSE(WaitsOnFutex(Line(futex, " 0x7f0000000fff 0x189"), kLock));
  EXPECT_FALSE(WaitsOnFutex(Line(futex + 1, " 0x7f0000001000 0x189"), kLock));
  EXPECT_FALSE(WaitsOnFutex("running\n", kLock));
  EXPECT_FALSE(WaitsOnFutex("-1 0x7ffd 0x7ffe", kLock));
  EXPECT_FALSE(WaitsOnFutex("", kLock));
  EXPECT_FALSE(WaitsOnFutex(Line(futex, ""), kLock));
  EXPECT_FALSE(WaitsOnFutex(Line(futex, " 0x"), kLock));
  EXPECT_FALSE(WaitsOnFutex(Line(futex, " 7f0000001000"), kLock));
}

class LockSamplerTurn : public ::testing::Test {
 protected:
  void Thread(uint32_t thread, const std::string& line) {
    const std::string folder = folder_.File(std::to_string(thread));
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/syscall") << line << "\n";
  }
  void Waiting(uint32_t thread) { Thread(thread, Line(SYS_futex, " 0x7f0000001010 0x189 0x0")); }
  void Request(uint32_t index, uint32_t thread) {
    slot_->in_flight[index].thread = thread;
    slot_->in_flight[index].phase = static_cast<uint32_t>(RequestPhase::kHandling);
    slot_->in_flight[index].started_ns = 1000 + index;
  }
  void Turns(int count) {
    for (int i = 0; i < count; ++i) sampler_.Turn(*slot_, now_ += kPeriod);
  }
  uint64_t LockNs(uint32_t index) const {
    return slot_->in_flight[index].parts_ns[static_cast<size_t>(Part::kLock)];
  }
  uint32_t Samples(uint32_t index) const {
    return slot_->in_flight[index].part_calls[static_cast<size_t>(Part::kLock)];
  }

  TestFolder folder_;
  std::unique_ptr<WorkerSlot> slot_ = std::make_unique<WorkerSlot>();
  LockSampler sampler_{kLock, folder_.path()};
  uint64_t now_ = 5 * kPeriod;
};

TEST_F(LockSamplerTurn, AddsAPeriodToEachThatWaits) {
  Request(0, 11);
  Request(7, 12);
  Waiting(11);
  Thread(12, "running");
  Turns(1);  // no time has passed yet
  EXPECT_EQ(LockNs(0), 0U);
  Turns(3);
  EXPECT_EQ(LockNs(0), 3 * kPeriod);
  EXPECT_EQ(Samples(0), 3U);
  EXPECT_EQ(LockNs(7), 0U);
  EXPECT_EQ(Samples(7), 0U);
}

TEST_F(LockSamplerTurn, ALateTurnStandsForNoMore) {
  Request(0, 11);
  Waiting(11);
  Turns(1);
  now_ += 60'000'000'000;
  Turns(1);
  EXPECT_EQ(LockNs(0), LockSampler::kLongestSampleNs);
}

TEST_F(LockSamplerTurn, StreamsAndSharedThreadsAreLeftOut) {
  Request(0, 11);
  slot_->in_flight[0].phase = static_cast<uint32_t>(RequestPhase::kStreaming);
  Request(1, 12);
  Request(2, 12);
  Request(3, 13);  // gone meanwhile: no such file
  Waiting(11);
  Waiting(12);
  Turns(3);
  for (uint32_t index = 0; index < 4; ++index) EXPECT_EQ(Samples(index), 0U) << index;
}

TEST_F(LockSamplerTurn, OfTooManyEachGetsItsTurn) {
  for (uint32_t i = 0; i < 3 * LockSampler::kMostThreads; ++i) {
    Request(i, 100 + i);
    Waiting(100 + i);
  }
  Turns(1 + 3);
  for (uint32_t i = 0; i < 3 * LockSampler::kMostThreads; ++i) EXPECT_EQ(Samples(i), 1U) << i;
}

TEST_F(LockSamplerTurn, AnUnknownLockIsNotSampled) {
  sampler_ = LockSampler({}, folder_.path());
  Request(0, 11);
  Thread(11, Line(SYS_futex, " 0x0 0x189"));
  Turns(3);
  EXPECT_EQ(Samples(0), 0U);
}

}  // namespace
}  // namespace stirbar
