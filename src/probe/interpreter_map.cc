#include "probe/interpreter_map.h"

#include <sys/prctl.h>

#include <cerrno>

#include "probe/interpreter_offsets.h"

namespace stirbar {
namespace {

static_assert(kInterpreterOffsetCount <= kMaxInterpreterOffsets);

// A fork's child learns again; the values are the same then.
StirbarInterpreterLayout g_layout{};

}  // namespace

void LearnInterpreter() noexcept { StirbarLearnInterpreter(&g_layout); }

const uint32_t* InterpreterOffsets() noexcept {
  return g_layout.count != 0 ? g_layout.offsets : nullptr;
}

void PublishInterpreter(WorkerSlot& slot) noexcept {
  InterpreterMap& map = slot.interpreter;
  map.ready.store(0, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  map.python_version.store(g_layout.version, std::memory_order_relaxed);
  map.runtime.store(g_layout.runtime, std::memory_order_relaxed);
  map.interpreter.store(g_layout.interpreter, std::memory_order_relaxed);
  map.offset_count.store(g_layout.count, std::memory_order_relaxed);
  for (size_t i = 0; i < kInterpreterOffsetCount; ++i) {
    map.offsets[i].store(g_layout.offsets[i], std::memory_order_relaxed);
  }
  // Release: whoever sees it sees all of the above.
  map.ready.store(1, std::memory_order_release);
}

void ReaderPermission::Renew(const SupervisorBlock& supervisor, WorkerSlot& slot) noexcept {
  const ProcessIdentity owner = supervisor.owner.load(std::memory_order_acquire);
  if (owner == 0 || (owner == allowed_ && noted_in_ == &slot)) return;
  allowed_ = owner;
  noted_in_ = &slot;
  // EINVAL: this kernel has no Yama.
  const bool allows =
      prctl(PR_SET_PTRACER, static_cast<unsigned long>(PidOf(owner)), 0, 0, 0) == 0 ||
      errno == EINVAL;
  slot.interpreter.allows_reading.store(allows ? 1 : 0, std::memory_order_relaxed);
}

}  // namespace stirbar
