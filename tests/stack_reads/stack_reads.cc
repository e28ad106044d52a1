// Reads the stacks of all workers of a segment as fast as it can, and prints what it finds:
//
//   stack_reads SEGMENT STACKS SECONDS
//
// Ends after so many stacks, or so many seconds. A line for each thread, innermost frame first:
//
//   PID THREAD STATE QUALITY HOLDS WAITS_FOR(with _) FUNCTION@LINE FUNCTION@LINE ...
//   PID - - unavailable REASON...
//
// and at the end "reads N seconds S".
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/clock.h"
#include "segment/identity.h"
#include "segment/mapping.h"
#include "supervisor/collect/stack_reader.h"

namespace {

using stirbar::MonotonicNs;

// What SegmentCollector finds of workers, as far as stacks need it.
stirbar::Sample Workers(const stirbar::Segment& segment) {
  stirbar::Sample sample;
  for (uint32_t index = 0; index < stirbar::kMaxWorkers; ++index) {
    const stirbar::WorkerSlot& slot = segment.workers[index];
    const stirbar::ProcessIdentity owner = slot.owner.load(std::memory_order_acquire);
    if (owner == 0 || !stirbar::IsRunning(owner)) continue;
    // Claimed a moment ago: the supervisor shows such a worker as starting.
    if (slot.state.load(std::memory_order_acquire) !=
        static_cast<uint32_t>(stirbar::WorkerState::kServing)) {
      continue;
    }
    stirbar::WorkerSample worker;
    worker.slot = index;
    worker.pid = stirbar::PidOf(owner);
    sample.workers.push_back(worker);
  }
  return sample;
}

std::string WithoutBlanks(std::string text) {
  for (char& character : text) {
    if (character == ' ') character = '_';
  }
  return text.empty() ? "-" : text;
}

// How many stacks that were.
size_t Print(const stirbar::WorkerStacks& worker) {
  if (!worker.unavailable.empty()) {
    std::printf("%u - - unavailable %s\n", worker.pid, worker.unavailable.c_str());
    return 0;
  }
  for (const stirbar::ThreadStack& thread : worker.threads) {
    std::printf("%u %u %c %s %d %s", worker.pid, thread.thread, thread.state,
                std::string(Name(thread.quality)).c_str(), thread.holds_lock ? 1 : 0,
                WithoutBlanks(thread.waits_for).c_str());
    for (const stirbar::FrameSample& frame : thread.frames) {
      std::printf(" %s@%u", WithoutBlanks(frame.function).c_str(), frame.line);
    }
    std::printf("\n");
  }
  return worker.threads.size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: stack_reads SEGMENT STACKS SECONDS\n");
    return 2;
  }
  const auto mapping = stirbar::SegmentMapping::Open(argv[1]);
  if (!mapping) {
    std::fprintf(stderr, "%s\n", mapping.error().c_str());
    return 1;
  }
  const auto wanted = static_cast<size_t>(std::atol(argv[2]));
  const uint64_t begin = MonotonicNs();
  const uint64_t end = begin + static_cast<uint64_t>(std::atof(argv[3]) * 1e9);
  const stirbar::Segment& segment = (*mapping)->segment();
  stirbar::StackReader reader(segment);
  size_t stacks = 0;
  size_t reads = 0;
  double slowest = 0;
  while (stacks < wanted && MonotonicNs() < end) {
    const stirbar::Sample sample = Workers(segment);
    const uint64_t began = MonotonicNs();
    const auto workers = reader.Read(sample, std::nullopt);
    slowest = std::max(slowest, static_cast<double>(MonotonicNs() - began) * 1e-9);
    ++reads;
    for (const stirbar::WorkerStacks& worker : workers) stacks += Print(worker);
  }
  std::printf("reads %zu stacks %zu seconds %.3f slowest %.4f\n", reads, stacks,
              static_cast<double>(MonotonicNs() - begin) * 1e-9, slowest);
  return 0;
}
