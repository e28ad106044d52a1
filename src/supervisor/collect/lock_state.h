// The words of the interpreter lock, from outside.
#pragma once

#include <cstdint>
#include <optional>

#include "supervisor/collect/interpreter_view.h"
#include "supervisor/collect/remote_memory.h"

namespace stirbar {

// A moment of the lock. Who asks twice and finds it locked by the same thread with the same switch
// number, while the drop was requested, has seen a thread that does not give it up.
struct LockState {
  uint64_t address = 0;  // of the lock
  uint64_t bytes = 0;
  bool locked = false;
  uint64_t last_holder = 0;  // PyThreadState that has it, or had it last
  uint64_t switch_number = 0;
  bool drop_requested = false;  // somebody waits

  bool Contains(uint64_t place) const { return place - address < bytes; }
};

// Time: 3 us. Absent: the memory cannot be read.
std::optional<LockState> ReadLock(const Memory& memory, const InterpreterView& view);

}  // namespace stirbar
