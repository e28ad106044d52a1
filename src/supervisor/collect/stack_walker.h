// One walk over the threads and frames of an interpreter that runs meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "supervisor/collect/code_reader.h"
#include "supervisor/collect/interpreter_view.h"
#include "supervisor/collect/remote_memory.h"

namespace stirbar {

// More threads than an app has, and deeper than Python's own default recursion is useful to read.
inline constexpr size_t kMaxStackThreads = 256;
inline constexpr size_t kMaxStackFrames = 200;

// A PyThreadState.
struct ThreadHead {
  uint64_t state = 0;      // its address
  uint64_t ident = 0;      // pthread_self()
  uint32_t native_id = 0;  // 0: this Python does not note it

  bool operator==(const ThreadHead&) const = default;
};

struct RawFrame {
  uint64_t address = 0;
  uint64_t code = 0;
  uint64_t instruction = 0;  // pointer, or number in 3.10

  bool operator==(const RawFrame&) const = default;
};

// The frames of a thread, innermost first.
struct RawStack {
  std::vector<RawFrame> frames;
  bool whole = false;  // to the outermost frame, and unchanged while it was walked
  bool cut = false;    // there were more than kMaxStackFrames
  uint64_t top = 0;    // address of the innermost, incomplete ones included; 0: runs no Python code
};

// Follows pointers in memory that changes: each is checked (an address that can be one, a code
// object by its type), every list is bounded, and the whole walk is read once more in one system
// call and must be the same. That a walk is `whole` says that its parts fit each other, nearly
// always: a thread that goes round a short loop can be in the same place again.
//
// Threads: one. Time: 1 us a frame and 2 us a thread. Failure: torn walks are not `whole`.
class StackWalker {
 public:
  // All must outlive it.
  StackWalker(const Memory& memory, const InterpreterView& view, CodeReader* codes)
      : memory_(memory), view_(view), codes_(*codes) {}

  // Absent: the memory cannot be read, or the list changed under every one of a few tries.
  std::optional<std::vector<ThreadHead>> Threads() const;

  RawStack Walk(const ThreadHead& thread) const;

 private:
  // Where a thread's innermost frame is found: one or two pointers away from its state.
  struct Anchor {
    uint64_t frame = 0;
    uint64_t holder = 0;  // what kThreadCFrame led to
  };
  std::optional<std::vector<ThreadHead>> TryThreads() const;
  std::optional<Anchor> AnchorOf(uint64_t state) const;
  bool Unchanged(uint64_t state, const Anchor& anchor, const std::vector<uint64_t>& addresses,
                 const std::vector<StructBuffer>& frames) const;
  bool IsShown(const StructBuffer& frame, RawFrame* raw, bool* sound) const;

  const Memory& memory_;
  const InterpreterView& view_;
  CodeReader& codes_;
};

}  // namespace stirbar
