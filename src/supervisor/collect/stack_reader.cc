#include "supervisor/collect/stack_reader.h"

#include <time.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "supervisor/collect/slow_request_reader.h"
#include "supervisor/collect/worker_stacks_reader.h"

namespace stirbar {
namespace {

constexpr int kRounds = 5;
constexpr uint64_t kPauseNs = 1'000'000;
constexpr uint64_t kBudgetPerWorkerNs = 10'000'000;
// A tick has 100 ms, and the pages are served by the same thread.
constexpr uint64_t kBudgetNs = 60'000'000;
// A read waits while its process forks or maps memory, as its own threads do: on a machine with
// more work than processors that adds up.
constexpr uint64_t kHardBudgetNs = 100'000'000;

void Pause() {
  const timespec pause{0, kPauseNs};
  nanosleep(&pause, nullptr);
}

}  // namespace

StackReader::StackReader(const Segment& segment, std::string proc)
    : segment_(segment), proc_(std::move(proc)) {}

std::vector<WorkerStacks> StackReader::Read(const Sample& sample, std::optional<uint32_t> pid) {
  const uint64_t begin = MonotonicNs();
  std::vector<std::unique_ptr<WorkerStacksReader>> readers;
  for (const WorkerSample& worker : sample.workers) {
    if (!worker.alive || worker.slot >= kMaxWorkers || (pid && worker.pid != *pid)) continue;
    readers.push_back(std::make_unique<WorkerStacksReader>(
        worker, segment_.workers[worker.slot].interpreter, proc_, begin + kHardBudgetNs));
  }
  const uint64_t end = begin + std::min(kBudgetNs, kBudgetPerWorkerNs * readers.size());
  for (int round = 0; round < kRounds; ++round) {
    bool more = false;
    for (const auto& reader : readers) more |= reader->Round();
    // Two in any case: what hangs is exact then, however busy the machine is.
    if (!more || (round > 0 && MonotonicNs() >= end)) break;
    if (round + 1 < kRounds) Pause();
  }
  std::vector<WorkerStacks> stacks;
  for (const auto& reader : readers) {
    stacks.push_back(reader->Finish(sample.in_flight));
    for (ThreadStack& thread : stacks.back().threads) {
      if (!thread.request) continue;
      thread.route = LabelOfRoute(segment_, thread.request->method, thread.request->route);
    }
  }
  return stacks;
}

}  // namespace stirbar
