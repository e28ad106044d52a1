#include "supervisor/collect/lock_state.h"

#include <array>

namespace stirbar {

std::optional<LockState> ReadLock(const Memory& memory, const InterpreterView& view) {
  LockState lock;
  if (view.Has(kRuntimeGil)) {
    lock.address = view.runtime + view[kRuntimeGil];
  } else if (!view.Has(kInterpreterGil) ||
             !memory.Get(view.interpreter + view[kInterpreterGil], &lock.address)) {
    return std::nullopt;
  }
  lock.bytes = view[kGilBytes];
  int32_t locked = 0;
  uint32_t drop_request = 0;
  std::array<MemoryPiece, 4> pieces{
      MemoryPiece{lock.address + view[kGilLocked], &locked, sizeof locked},
      MemoryPiece{lock.address + view[kGilLastHolder], &lock.last_holder, sizeof(uint64_t)},
      MemoryPiece{lock.address + view[kGilSwitchNumber], &lock.switch_number, sizeof(uint64_t)}};
  const bool asks_interpreter = view.Has(kInterpreterDropRequest);
  if (asks_interpreter) {
    pieces[3] = {view.interpreter + view[kInterpreterDropRequest], &drop_request,
                 sizeof drop_request};
  }
  if (!memory.Read(std::span(pieces).first(asks_interpreter ? 4 : 3))) return std::nullopt;
  lock.locked = locked > 0;  // -1 before the interpreter has made it
  lock.drop_requested = drop_request != 0;
  if (!asks_interpreter && lock.locked && view.Has(kThreadEvalBreaker)) {
    uint64_t breaker = 0;
    if (memory.Get(lock.last_holder + view[kThreadEvalBreaker], &breaker)) {
      lock.drop_requested = (breaker & 1U) != 0;
    }
  }
  return lock;
}

}  // namespace stirbar
