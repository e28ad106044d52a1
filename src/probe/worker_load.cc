#include "probe/worker_load.h"

#include <algorithm>
#include <bit>

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint64_t kIdleNs = 1'000'000'000;

}  // namespace

void WorkerLoad::NoteQueue(uint64_t now_ns, uint64_t queue_ns, uint64_t target_ns,
                           AdmissionState& published) noexcept {
  last_ns_.store(now_ns, kRelaxed);
  admission.delay.Add(now_ns, queue_ns, target_ns);
  published.queue_delay_ns.store(admission.delay.delay_ns(), kRelaxed);
  published.overloaded_since_ns.store(admission.delay.overloaded_since_ns(), kRelaxed);
  // Overload refuses background and part of the sheddable requests, and late normal ones.
  published.level.store(admission.delay.overloaded() ? 2 : 0, kRelaxed);
}

void WorkerLoad::NoteServed(const Served& served, AdmissionState& published) noexcept {
  const auto taken =
      static_cast<uint32_t>(std::min<uint64_t>(served.duration_ns / 1000U + 1, UINT32_MAX / 2));
  uint32_t& expected = expected_us_[served.route];
  if (expected == 0) {
    expected = taken;
  } else if (taken > expected) {
    expected += expected / 16 + 1;
  } else {
    expected -= expected / 16;
  }
  limit_.Add(served.now_ns, served.duration_ns, running_ + 1, served.late);
  published.concurrency_limit.store(std::bit_cast<uint64_t>(limit_.limit()), kRelaxed);
}

uint32_t WorkerLoad::Limit(uint32_t capacity) const noexcept {
  if (capacity == 1) return 0;
  const auto limit = static_cast<uint32_t>(limit_.limit());
  // Fewer than half of the server's threads would refuse what they could have served: how long a
  // request takes while threads share one lock says little of what they can serve.
  return std::max(limit, (capacity + 1) / 2);
}

void WorkerLoad::ForgetIdle(uint64_t now_ns, AdmissionState& published) const noexcept {
  const uint64_t last = last_ns_.load(kRelaxed);
  if (now_ns < last + kIdleNs) return;
  if (published.queue_delay_ns.load(kRelaxed) == 0) return;
  published.queue_delay_ns.store(0, kRelaxed);
  published.overloaded_since_ns.store(0, kRelaxed);
  published.level.store(0, kRelaxed);
}

}  // namespace stirbar
