#include "supervisor/collect/request_threads.h"

#include <algorithm>
#include <utility>

namespace stirbar {
namespace {

bool WorksAt(const ThreadStack& thread, const InFlightSample& request) {
  if (request.python_thread != 0) return request.python_thread == thread.python_thread;
  return request.thread != 0 && request.thread == thread.thread;
}

// Smaller comes first.
std::pair<int, double> Rank(const ThreadStack& thread) {
  if (thread.request) return {0, -thread.request->age_seconds};
  return {thread.holds_lock ? 1 : 2, 0};
}

}  // namespace

void AssignRequests(const std::vector<InFlightSample>& in_flight, WorkerStacks* stacks) {
  for (ThreadStack& thread : stacks->threads) {
    size_t requests = 0;
    for (const InFlightSample& request : in_flight) {
      if (request.slot != stacks->slot || request.pid != stacks->pid) continue;
      if (!WorksAt(thread, request)) continue;
      if (++requests == 1) thread.request = request;
    }
    if (requests > 1) {
      thread.request.reset();
      if (!thread.reason.empty()) thread.reason += "; ";
      thread.reason += std::to_string(requests) + " requests share this thread";
    } else if (requests == 1 && thread.thread == 0) {
      thread.thread = thread.request->thread;
      if (thread.holds_lock) stacks->lock_holder = thread.thread;
    }
  }
  std::stable_sort(stacks->threads.begin(), stacks->threads.end(),
                   [](const auto& a, const auto& b) { return Rank(a) < Rank(b); });
}

}  // namespace stirbar
