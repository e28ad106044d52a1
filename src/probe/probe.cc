#include <Python.h>
// First, because CPython asks for it.

#include <pthread.h>

#include <cmath>
#include <limits>
#include <new>

#include "base/clock.h"
#include "probe/cache_counters.h"
#include "probe/cleanup.h"
#include "probe/connection_book.h"
#include "probe/interpreter_map.h"
#include "probe/native_threads.h"
#include "probe/probe.h"
#include "segment/config.h"

namespace stirbar {

std::atomic<Attachment*> Probe::current_{nullptr};
std::atomic<uint32_t> Probe::epoch_{0};

Probe& Probe::Get() {
  static Probe* const probe = [] {
    pthread_atfork(nullptr, nullptr, AfterForkInChild);
    return new Probe();
  }();
  return *probe;
}

Probe::Probe() {
  for (std::atomic<double>& value : settings_)
    value.store(std::numeric_limits<double>::quiet_NaN());
}

void Probe::AfterForkInChild() {
  current_.store(nullptr, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_relaxed);
  Probe& probe = Get();
  probe.started_.store(false, std::memory_order_relaxed);
  ForgetConnections();
  ForgetCleanup();
  ForgetCacheCounts();
  NativeThreads::ForgetAfterFork();
}

bool Probe::Configure(ProbeOptions options, uint32_t python_version) {
  python_version_ = python_version;
  if (configured_ && options.segment_path != options_.segment_path) return false;
  for (const auto& [id, value] : options.settings) {
    settings_[static_cast<size_t>(id)].store(value, std::memory_order_relaxed);
  }
  if (configured_) {
    if (Attachment* const present = Current(); present != nullptr) {
      WriteSettings(present->segment());
    }
    return true;
  }
  options_ = std::move(options);
  configured_ = true;
  return true;
}

void Probe::WriteSettings(Segment& segment) const {
  for (const SettingSpec& spec : kSettingSpecs) {
    const double value = settings_[static_cast<size_t>(spec.id)].load(std::memory_order_relaxed);
    if (!std::isnan(value)) WriteApplicationSetting(segment, spec, value);
  }
}

void Probe::SetTrouble(const std::string& reason) noexcept {
  try {
    const std::string* const known = trouble_.load(std::memory_order_acquire);
    if (known != nullptr ? *known == reason : reason.empty()) return;
    trouble_.store(new std::string(reason), std::memory_order_release);
  } catch (const std::bad_alloc&) {
    // No memory to say it: the reason known before stays.
  }
}

std::string Probe::Trouble() const {
  const std::string* const reason = trouble_.load(std::memory_order_acquire);
  return reason != nullptr ? *reason : std::string();
}

bool Probe::Start(const Server& server) noexcept {
  if (!configured_) return false;
  if (started_.exchange(true)) return Current() != nullptr;
  server_kind_.store(server.kind, std::memory_order_relaxed);
  lock_probe_.store(server.lock_probe, std::memory_order_relaxed);
  capacity_.store(server.capacity, std::memory_order_relaxed);
  backlog_.Watch(server.listeners, server.backlog);
  LearnInterpreter();
  try {
    Reattach();
    if (!NativeThreads::Start(server.lock_probe))
      SetTrouble("the native threads could not be started");
  } catch (const std::exception& fault) {
    SetTrouble(fault.what());
  }
  return Current() != nullptr;
}

void Probe::Reattach() noexcept {
  try {
    const Attachment* const present = Current();
    std::string defect;
    if (present != nullptr) {
      defect = present->mapping().Defect();
      if (defect.empty() && present->OwnsSlot()) return;
    }
    auto mapping = options_.app_name.empty()
                       ? SegmentMapping::Open(options_.segment_path)
                       : SegmentMapping::CreateOrOpen(options_.segment_path, options_.app_name);
    Result<Attachment*> made =
        Attachment::Make(std::move(mapping), server_kind_.load(std::memory_order_relaxed));
    if (made) {
      (*made)->slot().lock_probe.store(
          static_cast<uint32_t>(lock_probe_.load(std::memory_order_relaxed)),
          std::memory_order_relaxed);
      (*made)->slot().state.store(static_cast<uint32_t>(WorkerState::kServing),
                                  std::memory_order_relaxed);
      (*made)->slot().python_version.store(python_version_, std::memory_order_relaxed);
      (*made)->slot().admission.capacity.store(capacity_.load(std::memory_order_relaxed),
                                               std::memory_order_relaxed);
      WriteSettings((*made)->segment());
      RefreshOrders((*made)->segment(), MonotonicNs(), &(*made)->orders);
      PublishInterpreter((*made)->slot());
      current_.store(*made, std::memory_order_release);
      SetTrouble("");
    } else {
      // Stays on a mapping that is bad but harmless until a good one appears.
      SetTrouble(made.error());
    }
  } catch (const std::exception& fault) {
    SetTrouble(fault.what());
  }
}

void Probe::ObeyOrders(uint64_t now_ns) noexcept {
  Attachment* const attachment = Current();
  if (attachment == nullptr) return;
  RefreshOrders(attachment->segment(), now_ns, &attachment->orders);
  attachment->load.ForgetIdle(now_ns, attachment->slot().admission);
  backlog_.Apply(attachment->orders.backlog.load(std::memory_order_relaxed),
                 attachment->segment().supervisor.backlog_own.load(std::memory_order_relaxed),
                 now_ns);
}

void Probe::Shutdown() noexcept {
  Attachment* const attachment = Current();
  if (attachment != nullptr && started()) {
    attachment->slot().state.store(static_cast<uint32_t>(WorkerState::kExiting),
                                   std::memory_order_relaxed);
  }
  NativeThreads::Stop();
  if (attachment != nullptr) {
    backlog_.Apply(0, attachment->segment().supervisor.backlog_own.load(std::memory_order_relaxed),
                   MonotonicNs());
  }
}

}  // namespace stirbar
