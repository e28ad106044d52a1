#include <Python.h>
// First, because CPython asks for it.

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <stdexcept>

#include "base/clock.h"
#include "base/settings.h"
#include "probe/connection_book.h"
#include "probe/database_targets.h"
#include "probe/probe.h"
#include "segment/counters.h"
#include "segment/events.h"
#include "segment/pools.h"

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// As the setting database_breaker is in effect; its default in a process without a segment.
uint32_t Mode() {
  const Attachment* const attachment = Probe::Current();
  return attachment != nullptr ? attachment->orders.database_breaker_mode.load(kRelaxed)
                               : static_cast<uint32_t>(kModeOn);
}

// The workers of an app lose their database together, and must not try it together: the process is
// part of the seed.
PoolTargets::Moment Now() {
  const uint64_t now_ns = MonotonicNs();
  std::minstd_rand generator(static_cast<uint32_t>(now_ns ^ (now_ns >> 32U)) ^
                             static_cast<uint32_t>(getpid()) * 2654435761U);
  generator.discard(3);
  return {.now_ns = now_ns, .random = std::uniform_real_distribution<double>(0, 1)(generator)};
}

double Seconds(uint64_t ns) { return static_cast<double>(ns) * 1e-9; }

template <size_t kSize>
void Copy(const std::string& from, char (&to)[kSize]) {
  const size_t length = std::min(from.size(), kSize - 1);
  std::memcpy(to, from.data(), length);
  std::memset(to + length, 0, kSize - length);
}

uint32_t CheckedCount(size_t count) {
  if (count >= 1 && count <= kMaxTargets) return static_cast<uint32_t>(count);
  throw std::invalid_argument("a pool has 1 to " + std::to_string(kMaxTargets) +
                              " servers of a kind; these are " + std::to_string(count));
}

}  // namespace

DatabaseTargets::DatabaseTargets(const std::vector<std::string>& names, bool readonly)
    : names_(names), readonly_(readonly), targets_(CheckedCount(names.size())) {}

void DatabaseTargets::SetName(uint32_t target, const std::string& name) {
  if (target < names_.size()) names_[target] = name;
}

std::pair<int, double> DatabaseTargets::Choose(uint32_t tried) {
  const uint32_t mode = Mode();
  if (mode != kModeOn) {
    if (mode == kModeOff) {
      targets_ = PoolTargets(targets_.count());
    } else if (tried == 0) {
      targets_.Choose(MonotonicNs(), 0);  // so that trials begin as they would
    }
    return {tried == 0 ? 0 : -1, 0};
  }
  const PoolTargets::Choice choice = targets_.Choose(MonotonicNs(), tried);
  if (choice.target != kNoTarget) return {static_cast<int>(choice.target), 0};
  if (tried == 0) {
    PoolStats* const stats = StatsOfPool(BookPool(pool_.c_str(), true));
    if (stats != nullptr) AddTo(Counter(*stats, PoolCounter::refused_unavailable), 1);
  }
  return {-1, Seconds(choice.wait_ns)};
}

std::pair<int, double> DatabaseTargets::Ended(uint32_t target, uint32_t outcome,
                                              int64_t duration_ns, const std::string& error) {
  if (target >= names_.size()) return {0, 0};
  const auto told = static_cast<ConnectOutcome>(outcome);
  if (PoolTarget* const published = Published(target); published != nullptr) {
    if (told == ConnectOutcome::kConnected) {
      AddTo(published->connects, 1);
      AddTo(published->connect_sum_ns, static_cast<uint64_t>(std::max<int64_t>(duration_ns, 0)));
    } else if (told != ConnectOutcome::kUnknown) {
      AddTo(published->failures, 1);
    }
  }
  if (Mode() == kModeOff) return Report(target, TargetChange::kNone, 0, error);
  const uint64_t since_ns = targets_.unavailable_since_ns(target);
  return Report(target, targets_.Ended(target, told, Now()), since_ns, error);
}

std::pair<int, double> DatabaseTargets::Broke(uint32_t target, const std::string& error) {
  if (target >= names_.size()) return {0, 0};
  if (PoolTarget* const published = Published(target); published != nullptr) {
    AddTo(published->failures, 1);
  }
  if (Mode() == kModeOff) return Report(target, TargetChange::kNone, 0, error);
  return Report(target, targets_.Broke(target, Now()), 0, error);
}

bool DatabaseTargets::FailsBack(uint32_t target) {
  return Mode() == kModeOn && targets_.FailsBack(target, MonotonicNs());
}

std::pair<int, double> DatabaseTargets::NextProbe() {
  if (Mode() != kModeOn) return {-1, 0};
  const uint64_t now_ns = MonotonicNs();
  const PoolTargets::Probe probe = targets_.NextProbe(now_ns);
  for (uint32_t i = 0; i < targets_.count(); ++i) {
    if (targets_.next_try_ns(i) != 0) Publish(i);
  }
  if (probe.target == kNoTarget) return {-1, 0};
  return {static_cast<int>(probe.target),
          probe.due_ns > now_ns ? Seconds(probe.due_ns - now_ns) : 0};
}

void DatabaseTargets::BeginProbe(uint32_t target) {
  if (target < names_.size()) targets_.BeginProbe(target, MonotonicNs());
}

double DatabaseTargets::UnavailableSeconds(uint32_t target) const {
  const uint64_t since_ns = target < names_.size() ? targets_.unavailable_since_ns(target) : 0;
  return since_ns != 0 ? Seconds(MonotonicNs() - since_ns) : 0;
}

std::pair<int, double> DatabaseTargets::Report(uint32_t target, TargetChange change,
                                               uint64_t unavailable_since_ns,
                                               const std::string& error) {
  if (PoolTarget* const published = Published(target); published != nullptr && !error.empty()) {
    Copy(error, published->last_error);
  }
  Publish(target);
  if (change == TargetChange::kNone) return {0, 0};
  const bool gone = change == TargetChange::kUnavailable;
  const double value = gone ? static_cast<double>(targets_.breaker(target).failures_in_a_row())
                            : Seconds(MonotonicNs() - unavailable_since_ns);
  if (Attachment* const attachment = Probe::Current(); attachment != nullptr) {
    const Severity bad = names_.size() > 1 || readonly_ ? Severity::kWarning : Severity::kCritical;
    AppendEvent(attachment->segment(),
                {.kind = gone ? EventKind::kDatabaseUnavailable : EventKind::kDatabaseAvailable,
                 .severity = gone ? bad : Severity::kInfo,
                 .slot = attachment->slot_index(),
                 .pid = static_cast<uint32_t>(getpid()),
                 .value = value},
                gone && !error.empty() ? names_[target] + ": " + error : names_[target]);
  }
  return {static_cast<int>(change), gone ? 0 : value};
}

void DatabaseTargets::Publish(uint32_t target) {
  PoolTarget* const published = Published(target);
  if (published == nullptr) return;
  published->breaker.store(static_cast<uint32_t>(targets_.breaker(target).state()), kRelaxed);
  published->open_until_ns.store(targets_.next_try_ns(target), kRelaxed);
  published->unavailable_since_ns.store(targets_.unavailable_since_ns(target), kRelaxed);
}

PoolTarget* DatabaseTargets::Published(uint32_t target) {
  if (pool_.empty()) return nullptr;
  PoolStats* const stats = StatsOfPool(BookPool(pool_.c_str(), true));
  if (stats == nullptr) return nullptr;
  PoolTarget& published = stats->targets[target];
  if (published.used.load(kRelaxed) == 0) {
    Copy(names_[target], published.name);
    published.readonly.store(readonly_ ? 1 : 0, kRelaxed);
    // Release: who sees it used sees its name.
    published.used.store(1, std::memory_order_release);
  }
  return &published;
}

}  // namespace stirbar
