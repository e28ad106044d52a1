#include "probe/hosts.h"

#include <algorithm>
#include <map>
#include <random>

#include "base/clock.h"
#include "probe/breaker.h"
#include "probe/current_request.h"
#include "probe/probe.h"
#include "probe/time_parts.h"
#include "segment/config.h"
#include "segment/counters.h"
#include "segment/names.h"

namespace stirbar {
namespace {

// Guarded by the interpreter lock; never destroyed: threads of the app may outlive static
// destructors.
std::map<std::string, Breaker, std::less<>>& Breakers() {
  static auto* const breakers = new std::map<std::string, Breaker, std::less<>>();
  return *breakers;
}

Breaker* FindBreaker(const std::string& host) {
  const auto found = Breakers().find(host);
  return found != Breakers().end() ? &found->second : nullptr;
}

// Of [0, 1). Seeded by the address space layout and the clock: workers forked from one master must
// not draw alike, which `now_ns` sees to.
double Random(uint64_t now_ns) {
  std::minstd_rand generator(static_cast<uint32_t>(now_ns ^ (now_ns >> 32U)));
  generator.discard(3);
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

// Null in a process without a segment.
HostStats* StatsOf(const std::string& host) {
  Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return nullptr;
  return &attachment->slot().hosts[InternName(HostNames(attachment->segment()), host)];
}

void Publish(const std::string& host, const Breaker& breaker) {
  if (HostStats* const stats = StatsOf(host); stats != nullptr) {
    stats->breaker_open_until_ns.store(breaker.open_until_ns(), std::memory_order_relaxed);
  }
}

}  // namespace

int HttpBegin() {
  const uint32_t in_flight = CurrentRequest();
  Attachment* const attachment = Probe::Current();
  if (in_flight >= kMaxInFlight || attachment == nullptr) return -1;
  return BeginPart(attachment->slot(), in_flight, Part::kHttp, MonotonicNs())
             ? static_cast<int>(in_flight)
             : -1;
}

void HttpEnd(int token, int calls) {
  Attachment* const attachment = Probe::Current();
  if (token < 0 || token >= static_cast<int>(kMaxInFlight) || attachment == nullptr) return;
  EndPart(attachment->slot(), static_cast<uint32_t>(token), Part::kHttp, calls != 0 ? 1 : 0,
          MonotonicNs());
}

void CallEnded(const std::string& host, long long duration_ns, const std::string& outcome) {
  const bool failed = outcome != "ok";
  if (HostStats* const stats = StatsOf(host); stats != nullptr) {
    const auto duration = static_cast<uint64_t>(std::max(duration_ns, 0LL));
    AddTo(stats->calls, 1);
    if (failed) AddTo(stats->failures, 1);
    if (outcome == "timeout") AddTo(stats->timeouts, 1);
    AddTo(stats->duration_sum_ns, duration);
    if (duration > stats->duration_max_ns.load(std::memory_order_relaxed)) {
      stats->duration_max_ns.store(duration, std::memory_order_relaxed);
    }
  }
  if (Breaker* const breaker = FindBreaker(host); breaker != nullptr) {
    const uint64_t now_ns = MonotonicNs();
    breaker->Ended(failed, now_ns, Random(now_ns));
    Publish(host, *breaker);
  }
}

void CountDefaulted(const std::string& host) {
  if (HostStats* const stats = StatsOf(host); stats != nullptr) AddTo(stats->defaulted, 1);
}

void CountFault() {
  // The native threads count there too.
  if (const Attachment* const attachment = Probe::Current(); attachment != nullptr) {
    attachment->slot().probe_faults.fetch_add(1, std::memory_order_relaxed);
  }
}

std::tuple<int, double, double> OutgoingTimeouts() {
  const Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return {0, 0, 0};
  const Settings settings = ReadSettings(attachment->segment()).values;
  return {static_cast<int>(EffectiveMode(settings.outgoing_timeouts, settings.observe_only)),
          settings.outgoing_connect_timeout, settings.outgoing_read_timeout};
}

void Protect(const std::string& host, int failures, double cooldown_seconds) {
  const BreakerOptions options{.failures = static_cast<uint32_t>(std::max(failures, 1)),
                               .cooldown_ns = static_cast<uint64_t>(cooldown_seconds * 1e9)};
  const auto [found, added] = Breakers().try_emplace(host, options);
  if (!added) found->second.set_options(options);
}

double SecondsUntilAdmitted(const std::string& host) {
  Breaker* const breaker = FindBreaker(host);
  if (breaker == nullptr) return 0;
  const uint64_t wait_ns = breaker->Admit(MonotonicNs());
  if (wait_ns == 0) return 0;
  if (HostStats* const stats = StatsOf(host); stats != nullptr) {
    AddTo(stats->breaker_refusals, 1);
  }
  return static_cast<double>(wait_ns) * 1e-9;
}

}  // namespace stirbar
