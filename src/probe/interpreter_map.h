// Tells the supervisor where it finds this worker's interpreter in memory, and lets it read there.
#pragma once

#include <cstdint>

#include "segment/layout.h"

namespace stirbar {

// Learns where the interpreter lies and how it is laid out, once in each process. Threads: with the
// interpreter lock held, before the first Attachment is published. Time: 20 us.
void LearnInterpreter() noexcept;

// What was learnt, by StirbarInterpreterOffset; null where nothing was, or nothing that agrees.
const uint32_t* InterpreterOffsets() noexcept;

// Writes what was learnt into `slot`, `ready` last. Any thread.
void PublishInterpreter(WorkerSlot& slot) noexcept;

// Allows the present supervisor to read this process where Yama restricts that to ancestors
// (PR_SET_PTRACER); without Yama nothing needs to be allowed. For the beat thread, about once a
// second: a system call only when the supervisor is another than before.
class ReaderPermission {
 public:
  void Renew(const SupervisorBlock& supervisor, WorkerSlot& slot) noexcept;

 private:
  ProcessIdentity allowed_ = 0;
  const WorkerSlot* noted_in_ = nullptr;
};

}  // namespace stirbar
