#include "supervisor/collect/remote_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace stirbar {
namespace {

using testing::HasSubstr;

uint64_t AddressOf(const void* place) { return reinterpret_cast<uint64_t>(place); }

TEST(RemoteMemory, CopiesManyPiecesInOrder) {
  const RemoteMemory memory(static_cast<uint32_t>(getpid()));
  std::array<uint64_t, 150> values;
  std::array<uint64_t, 150> copies{};
  std::vector<MemoryPiece> pieces;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = i * i;
    pieces.push_back({AddressOf(&values[i]), &copies[i], sizeof(uint64_t)});
  }
  EXPECT_TRUE(memory.Read(pieces));
  EXPECT_EQ(copies, values);
  EXPECT_EQ(memory.error(), 0);
}

TEST(RemoteMemory, AnAddressThatIsNoneIsAnAnswer) {
  const RemoteMemory memory(static_cast<uint32_t>(getpid()));
  uint64_t value = 1;
  for (const uint64_t bad : {uint64_t{0}, uint64_t{8}, ~uint64_t{0} - 7, uint64_t{1} << 60U}) {
    EXPECT_FALSE(memory.Get(bad, &value)) << bad;
  }
  // All pieces or nothing.
  const uint64_t good = 5;
  uint64_t other = 0;
  const std::array pieces{MemoryPiece{AddressOf(&good), &value, 8}, MemoryPiece{8, &other, 8}};
  EXPECT_FALSE(memory.Read(pieces));
}

TEST(RemoteMemory, SaysWhatToDo) {
  const RemoteMemory memory(0x7FFFFFFF);
  uint64_t value = 0;
  EXPECT_FALSE(memory.Get(4096, &value));
  EXPECT_EQ(memory.error(), ESRCH);
  EXPECT_THAT(WhyUnreadable(7, ESRCH), HasSubstr("pid 7 has ended"));
  EXPECT_THAT(WhyUnreadable(7, EPERM), HasSubstr("SYS_PTRACE"));
  EXPECT_THAT(WhyUnreadable(7, EPERM), HasSubstr("ptrace_scope"));
  EXPECT_THAT(WhyUnreadable(7, ENOSYS), HasSubstr("seccomp"));
  EXPECT_THAT(WhyUnreadable(7, EFAULT), HasSubstr("Bad address"));
}

}  // namespace
}  // namespace stirbar
