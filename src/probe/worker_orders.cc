#include "probe/worker_orders.h"

#include <algorithm>
#include <bit>

#include "base/clock.h"
#include "segment/config.h"

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

uint64_t Ns(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }

}  // namespace

bool SupervisorIsThere(const SupervisorBlock& supervisor, uint64_t now_ns) noexcept {
  const uint64_t heartbeat = supervisor.heartbeat_ns.load(kRelaxed);
  // One from the far future is noise in a damaged segment, and must not count as just now.
  return heartbeat != 0 && heartbeat < now_ns + kSupervisorGoneNs &&
         AgeOf(heartbeat, now_ns) < Nanoseconds(kSupervisorGoneNs);
}

void RefreshOrders(const Segment& segment, uint64_t now_ns, WorkerOrders* orders) noexcept {
  const Settings settings = ReadSettings(segment).values;
  orders->slow_after_ns.store(Ns(settings.slow_request_threshold), kRelaxed);
  orders->deadline_ns.store(Ns(settings.request_deadline), kRelaxed);
  orders->delay_target_ns.store(Ns(settings.queue_delay_target), kRelaxed);
  orders->stuck_limit_ns.store(Ns(settings.stuck_request_limit), kRelaxed);
  orders->admission_mode.store(
      static_cast<uint32_t>(EffectiveMode(settings.admission, settings.observe_only)), kRelaxed);
  orders->concurrency_limit.store(static_cast<uint32_t>(settings.concurrency_limit), kRelaxed);
  orders->long_lived_limit.store(static_cast<uint32_t>(settings.long_lived_limit), kRelaxed);
  orders->address_bits.store(static_cast<uint32_t>(settings.client_address_bits), kRelaxed);
  orders->observe_only.store(settings.observe_only != 0 ? 1 : 0, kRelaxed);
  orders->database_breaker_mode.store(
      static_cast<uint32_t>(EffectiveMode(settings.database_breaker, settings.observe_only)),
      kRelaxed);
  orders->pool_throttle_mode.store(
      static_cast<uint32_t>(EffectiveMode(settings.pool_throttle, settings.observe_only)),
      kRelaxed);
  orders->pool_full_ratio.store(settings.pool_utilization_warning_threshold, kRelaxed);
  orders->leak_after_ns.store(Ns(settings.pool_leak_threshold), kRelaxed);
  orders->leak_reclaim_mode.store(
      static_cast<uint32_t>(EffectiveMode(settings.pool_leak_reclaim, settings.observe_only)),
      kRelaxed);
  orders->leak_close.store(settings.pool_leak_close != 0 ? 1 : 0, kRelaxed);
  orders->slow_query_ns.store(Ns(settings.slow_query_threshold), kRelaxed);

  const SupervisorBlock& supervisor = segment.supervisor;
  const bool there = SupervisorIsThere(supervisor, now_ns);
  const bool by_operator = settings.shed_level >= 0;
  // What no supervisor orders is noise, and orders nothing.
  const uint32_t level = supervisor.shed_level.load(kRelaxed);
  const uint32_t ordered = there && level < kCriticalities ? level : 0;
  orders->shed_level.store(by_operator ? static_cast<uint32_t>(settings.shed_level) : ordered,
                           kRelaxed);
  orders->shed_by_operator.store(by_operator ? 1 : 0, kRelaxed);
  orders->backlog.store(there ? supervisor.backlog.load(kRelaxed) : 0, kRelaxed);
  const double pressure = std::bit_cast<double>(supervisor.pressure.load(kRelaxed));
  // Not a number, or noise in a damaged segment, is no pressure.
  orders->pressure.store(there && pressure >= 0 && pressure <= 1 ? pressure : 0, kRelaxed);
}

}  // namespace stirbar
