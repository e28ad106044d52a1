#include "supervisor/collect/connection_reader.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "segment/names.h"
#include "supervisor/collect/checkout_stack.h"
#include "supervisor/collect/remote_memory.h"
#include "supervisor/collect/slow_request_reader.h"
#include "supervisor/collect/target_name.h"

namespace stirbar {
namespace {

constexpr uint64_t kBudgetNs = 50'000'000;

ConnectionSample SampleOf(const Segment& segment, const WorkerSample& worker,
                          const ConnectionCopy& copy, uint64_t now_ns) {
  ConnectionSample sample;
  sample.slot = worker.slot;
  sample.pid = worker.pid;
  sample.pool = copy.pool;
  sample.pool_name = std::string(NameOf(PoolNames(segment), copy.pool));
  sample.number = copy.number;
  sample.state = copy.state;
  sample.leak = copy.leak;
  sample.lane = copy.lane;
  sample.age_seconds = Seconds(AgeOf(copy.created_ns, now_ns));
  sample.state_seconds = Seconds(AgeOf(copy.since_ns, now_ns));
  if (copy.transaction_since_ns != 0) {
    sample.transaction_seconds = Seconds(AgeOf(copy.transaction_since_ns, now_ns));
  }
  const bool held = copy.state == ConnectionState::kActive;
  sample.statements = held ? copy.statements : 0;
  if (held && copy.in_flight < kMaxInFlight) {
    sample.route = copy.route;
    sample.route_label = LabelOfRoute(segment, HttpMethod::kOther, copy.route);
  }
  sample.thread = held ? copy.thread : 0;
  const PoolTarget& target = segment.pools[worker.slot].pools[copy.pool].targets[copy.target];
  if (target.used.load(std::memory_order_acquire) == 1) sample.target = NameOfTarget(target);
  return sample;
}

// What is held comes before what is not, and of both what has been so longest.
auto Order(const FoundConnection& found) {
  return std::make_tuple(found.sample.state != ConnectionState::kActive,
                         -found.sample.state_seconds, found.sample.slot, found.sample.number);
}

}  // namespace

bool HasPools(const Segment& segment, uint32_t slot) {
  if (slot >= kMaxWorkers) return false;
  const uint32_t count = UsedEntries(PoolNames(segment));
  for (uint32_t pool = 0; pool < count; ++pool) {
    if (segment.pools[slot].pools[pool].used.load(std::memory_order_acquire) == 1) return true;
  }
  return false;
}

std::vector<FoundConnection> FindConnections(const Segment& segment, const Sample& sample) {
  const uint64_t now_ns = sample.tick.now_ns;
  std::vector<FoundConnection> found;
  for (const WorkerSample& worker : sample.workers) {
    if (!worker.alive || !HasPools(segment, worker.slot)) continue;
    for (const Connection& connection : segment.pools[worker.slot].connections) {
      if (connection.state.load(std::memory_order_relaxed) == 0) continue;  // free: the most
      if (const auto copy = ReadConnection(connection)) {
        found.push_back({SampleOf(segment, worker, *copy, now_ns), *copy});
      }
    }
  }
  std::sort(found.begin(), found.end(),
            [](const auto& left, const auto& right) { return Order(left) < Order(right); });
  if (found.size() > kConnectionsShown) found.resize(kConnectionsShown);
  return found;
}

std::vector<ConnectionSample> ConnectionReader::ReadConnections(const Sample& sample) {
  struct Worker {
    Worker(std::unique_ptr<Memory> of_worker, const InterpreterMap& map)
        : memory(std::move(of_worker)), stacks(*memory, map) {}
    std::unique_ptr<Memory> memory;
    CheckoutStackReader stacks;
  };
  std::map<uint32_t, std::unique_ptr<Worker>> workers;
  const uint64_t end_ns = MonotonicNs() + kBudgetNs;
  std::vector<ConnectionSample> connections;
  for (FoundConnection& found : FindConnections(segment_, sample)) {
    ConnectionSample& connection = connections.emplace_back(std::move(found.sample));
    if (connection.state != ConnectionState::kActive || MonotonicNs() >= end_ns) continue;
    auto& worker = workers[connection.slot];
    if (worker == nullptr) {
      const InterpreterMap& map = segment_.workers[connection.slot].interpreter;
      worker = std::make_unique<Worker>(open_memory_(connection.pid), map);
    }
    CheckoutStack stack = worker->stacks.Read(found.copy.stack);
    connection.stack = std::move(stack.frames);
    connection.holder = stack.holder;
  }
  return connections;
}

}  // namespace stirbar
