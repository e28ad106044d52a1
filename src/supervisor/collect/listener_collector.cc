#include "supervisor/collect/listener_collector.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "supervisor/collect/socket_inodes.h"

namespace stirbar {
namespace {

constexpr Nanoseconds kLookEvery = std::chrono::seconds(10);

// Whether overload control wants the depths at every tick; of the traffic of the tick before.
bool IsLoaded(const Sample& sample) {
  const TrafficSample& traffic = sample.traffic;
  const bool full =
      traffic.capacity > 0 && 2 * (traffic.busy + traffic.streams) >= traffic.capacity;
  return full || traffic.waiting > 0 || traffic.backlog > 0 || traffic.shed_level > 0;
}

SocketFamily FamilyOf(const ListenerSample& listener) {
  if (listener.kind == ListenerKind::kUnix) return SocketFamily::kUnix;
  return listener.address.starts_with('[') ? SocketFamily::kTcp6 : SocketFamily::kTcp4;
}

}  // namespace

ListenerCollector::ListenerCollector(std::vector<uint64_t> left_out, std::string proc)
    : left_out_(std::move(left_out)), proc_(std::move(proc)) {}

void ListenerCollector::Collect(const Tick& tick, Sample* sample) {
  if (tick.full) {
    if (UpdateHeld(tick, sample->processes)) UpdateInodes();
    AskDepths();
  } else if (IsLoaded(*sample)) {
    RenewDepths();
  }
  sample->listeners = listeners_;
  if (!failure_.empty()) sample->unavailable[std::string(name())] = failure_;
}

bool ListenerCollector::UpdateHeld(const Tick& tick, const std::vector<ProcessSample>& processes) {
  const bool look_at_all = listeners_.empty() || AgeOf(looked_ns_, tick.now_ns) >= kLookEvery;
  if (look_at_all) looked_ns_ = tick.now_ns;
  bool changed = look_at_all;
  std::map<uint32_t, Held> held_now;
  for (const ProcessSample& process : processes) {
    const auto before = held_.find(process.pid);
    if (!look_at_all && before != held_.end() &&
        before->second.start_ticks == process.start_ticks) {
      held_now.insert(held_.extract(before));
      continue;
    }
    changed = true;
    auto inodes = SocketInodes(proc_, process.pid);
    Held& held = held_now[process.pid];
    held.start_ticks = process.start_ticks;
    if (inodes) {
      held.inodes = *std::move(inodes);
    } else if (process.state != 'Z') {
      held.failure = inodes.error();
    }
  }
  changed = changed || !held_.empty();  // what is left there has ended
  held_ = std::move(held_now);
  return changed;
}

void ListenerCollector::UpdateInodes() {
  inodes_.clear();
  for (const auto& [pid, held] : held_) {
    inodes_.insert(inodes_.end(), held.inodes.begin(), held.inodes.end());
  }
  for (const uint64_t inode : left_out_) std::erase(inodes_, inode);
  std::sort(inodes_.begin(), inodes_.end());
  inodes_.erase(std::unique(inodes_.begin(), inodes_.end()), inodes_.end());
}

void ListenerCollector::AskDepths() {
  listeners_.clear();
  failure_.clear();
  for (const SocketFamily family :
       {SocketFamily::kTcp4, SocketFamily::kTcp6, SocketFamily::kUnix}) {
    auto answered = sock_diag_.Listening(family, inodes_);
    if (!answered) {
      failure_ = answered.error();
      continue;
    }
    listeners_.insert(listeners_.end(), answered->begin(), answered->end());
  }
  std::sort(listeners_.begin(), listeners_.end(),
            [](const ListenerSample& a, const ListenerSample& b) {
              return std::tie(a.kind, a.address, a.inode) < std::tie(b.kind, b.address, b.inode);
            });
  if (!listeners_.empty() || !failure_.empty()) return;
  for (const auto& [pid, held] : held_) {
    if (!held.failure.empty()) failure_ = held.failure;
  }
}

void ListenerCollector::RenewDepths() {
  for (const SocketFamily family :
       {SocketFamily::kTcp4, SocketFamily::kTcp6, SocketFamily::kUnix}) {
    const bool known =
        std::any_of(listeners_.begin(), listeners_.end(),
                    [&](const ListenerSample& one) { return FamilyOf(one) == family; });
    if (!known) continue;
    const auto answered = sock_diag_.Listening(family, inodes_);
    if (!answered) continue;  // the next full tick says so, if it lasts
    for (const ListenerSample& newest : *answered) {
      for (ListenerSample& listener : listeners_) {
        if (listener.inode == newest.inode) listener = newest;
      }
    }
  }
}

}  // namespace stirbar
