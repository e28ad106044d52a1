#include "supervisor/collect/leak_collector.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "segment/names.h"
#include "segment/pools.h"
#include "supervisor/collect/checkout_stack.h"
#include "supervisor/collect/slow_request_reader.h"

namespace stirbar {
namespace {

constexpr size_t kPlaces = 50;
// More are counted, and not looked after.
constexpr size_t kMostHeld = 4096;
// What may lie between a record's look at the clocks and this one.
constexpr uint64_t kLaterNs = 50'000'000;

uint64_t Before(uint64_t ns, uint64_t duration_ns) { return ns - std::min(ns, duration_ns); }

template <typename Enum>
Enum Checked(uint32_t value, Enum last) {
  return value <= static_cast<uint32_t>(last) ? static_cast<Enum>(value) : Enum{};
}

// What all leaks of one place have in common.
std::string KeyOf(const LeakSample& leak) {
  std::string key = leak.pool_name + '\n' + leak.route_label + '\n';
  const FrameSample* const frame = AppFrameOf(leak.stack);
  if (frame == nullptr) return key + std::string(Name(leak.holder));
  return key + frame->file + ':' + std::to_string(frame->line) + ' ' + frame->function;
}

}  // namespace

LeakCollector::LeakCollector(const Segment& segment, OpenMemory open_memory)
    : segment_(segment), open_memory_(std::move(open_memory)) {}

void LeakCollector::Collect(const Tick& tick, Sample* sample) {
  bool changed = LookAfter(*sample);
  for (const WorkerSample& worker : sample->workers) {
    if (worker.slot >= kMaxWorkers) continue;
    const WorkerPools& pools = segment_.pools[worker.slot];
    ring_.Fetch(worker, pools.leaks, pools.next_leak,
                [&](const LeakRecord& record, uint64_t number) {
                  Note(tick, worker, record, number);
                  changed = true;
                });
  }
  if (!changed) return;
  sample->leaks.clear();
  for (const auto& [key, leak] : places_) sample->leaks.push_back(leak);
  std::sort(sample->leaks.begin(), sample->leaks.end(),
            [](const LeakSample& left, const LeakSample& right) {
              return left.last_wall_ns < right.last_wall_ns;
            });
}

void LeakCollector::Note(const Tick& tick, const WorkerSample& worker, const LeakRecord& record,
                         uint64_t number) {
  LeakSample leak = Describe(worker, record);
  const std::string place = KeyOf(leak);
  const auto [entry, is_new] = places_.try_emplace(place);
  LeakSample& row = entry->second;
  leak.first_wall_ns = is_new ? leak.last_wall_ns : row.first_wall_ns;
  leak.count = row.count + 1;
  leak.returned = row.returned;
  leak.reclaimed = row.reclaimed + (record.reclaimed != 0 ? 1 : 0);
  row = std::move(leak);
  if (record.reclaimed == 0 && row.kind != LeakKind::kCollected && held_.size() < kMostHeld) {
    const uint64_t age_ns = Before(tick.wall_ns, record.wall_ns);
    held_.push_back({.place = place,
                     .slot = worker.slot,
                     .incarnation = worker.incarnation,
                     .connection = record.connection,
                     .record = number,
                     .taken_ns = Before(Before(tick.now_ns, age_ns), record.held_ns)});
  }
  if (places_.size() <= kPlaces) return;
  places_.erase(
      std::min_element(places_.begin(), places_.end(), [](const auto& left, const auto& right) {
        return left.second.last_wall_ns < right.second.last_wall_ns;
      }));
}

LeakSample LeakCollector::Describe(const WorkerSample& worker, const LeakRecord& record) const {
  LeakSample leak;
  leak.last_wall_ns = record.wall_ns;
  leak.kind = Checked(record.kind, LeakKind::kCollected);
  leak.holder = Checked(record.holder, HolderKind::kFlaskSession);
  leak.pool_name =
      std::string(NameOf(PoolNames(segment_), record.pool < kMaxPools ? record.pool : kPoolOther));
  if (record.route < kMaxRoutes) {
    leak.route_label = LabelOfRoute(segment_, HttpMethod::kOther, record.route);
  }
  leak.held_seconds = Seconds(AgeOf(0, record.held_ns));
  leak.slot = worker.slot;
  leak.pid = worker.pid;
  const std::unique_ptr<Memory> memory = open_memory_(worker.pid);
  CheckoutStackReader reader(*memory, segment_.workers[worker.slot].interpreter);
  CheckoutStack stack = reader.Read(record.stack);
  leak.stack = std::move(stack.frames);
  if (leak.holder == HolderKind::kUnknown) leak.holder = stack.holder;
  return leak;
}

bool LeakCollector::LookAfter(const Sample& sample) {
  const size_t before = held_.size();
  bool changed = false;
  std::erase_if(held_, [&](Held& held) {
    const bool lives =
        std::any_of(sample.workers.begin(), sample.workers.end(), [&](const WorkerSample& worker) {
          return worker.alive && worker.slot == held.slot && worker.incarnation == held.incarnation;
        });
    if (!lives) return true;  // gone with its worker
    const auto place = places_.find(held.place);
    if (place == places_.end()) return true;
    LeakSample& leak = place->second;
    const LeakKind kind = leak.kind;
    const Look look = LookAt(&held);
    changed = changed || leak.kind != kind;
    if (look == Look::kHeld) return false;
    if (look == Look::kCollected) {
      leak.kind = LeakKind::kCollected;
    } else if (IsReclaimed(held)) {
      ++leak.reclaimed;
    } else {
      ++leak.returned;
    }
    return true;
  });
  return changed || held_.size() != before;
}

LeakCollector::Look LeakCollector::LookAt(Held* held) {
  for (const Connection& connection : segment_.pools[held->slot].connections) {
    if (connection.number.load(std::memory_order_relaxed) != held->connection) continue;
    const auto copy = ReadConnection(connection);
    if (!copy || copy->number != held->connection) continue;
    if (copy->state != ConnectionState::kActive) {
      return copy->leak == LeakKind::kCollected ? Look::kCollected : Look::kReturned;
    }
    if (held->since_ns == 0) {
      const bool later =
          copy->since_ns > held->taken_ns && copy->since_ns - held->taken_ns > kLaterNs;
      if (later) return Look::kReturned;  // and taken once more
      held->since_ns = copy->since_ns;
    }
    if (held->since_ns != copy->since_ns) return Look::kReturned;
    if (copy->leak == LeakKind::kConfirmed) places_[held->place].kind = LeakKind::kConfirmed;
    return Look::kHeld;
  }
  return Look::kReturned;  // closed
}

bool LeakCollector::IsReclaimed(const Held& held) const {
  const LeakRecord& record = segment_.pools[held.slot].leaks[held.record % kMaxLeaks];
  if (record.sequence.load(std::memory_order_acquire) != held.record + 1) return false;
  LeakRecord copy{};
  constexpr size_t kBegin = sizeof(Word);
  LoadShared(reinterpret_cast<char*>(&copy) + kBegin,
             reinterpret_cast<const char*>(&record) + kBegin, sizeof copy - kBegin);
  return record.sequence.load(std::memory_order_relaxed) == held.record + 1 && copy.reclaimed != 0;
}

}  // namespace stirbar
