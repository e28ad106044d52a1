// The Python stacks of the workers, from their memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "segment/layout.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Reads all workers at once in up to five rounds, 1 ms apart. A thread's stack is exact when two
// rounds have found the same one: the same frames at the same instructions; where the thread has
// run in between, three must. What no two rounds agree about is approximate, and says so. Nothing
// is kept between two calls, so nothing can be stale.
//
// Measured with an app that runs, allocates, forks and ends at full speed (20,000 stacks each of
// Python 3.10, 3.11, 3.12 and 3.13, tests/integration/test_stack_torture.py): no exact one wrong,
// 84 to 91 % exact, 0.1 % unreadable; of what hangs all exact.
//
// Threads: the event loop's. Time: 0.1 ms a worker and round for 10 threads of 10 frames, and the
// pauses: 1 ms where nothing runs, 4 ms where something does, however many workers there are; after
// 10 ms a worker and 60 ms in all, the rest is taken as it is; after 100 ms nothing more is read.
// Failure: WorkerStacks::unavailable, ThreadStack::reason.
class StackReader : public StackSource {
 public:
  // `segment` must outlive it.
  explicit StackReader(const Segment& segment, std::string proc = "/proc");

  std::vector<WorkerStacks> Read(const Sample& sample, std::optional<uint32_t> pid) override;

 private:
  const Segment& segment_;
  const std::string proc_;
};

}  // namespace stirbar
