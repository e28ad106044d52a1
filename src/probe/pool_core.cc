#include "probe/pool_core.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "probe/pool_wait.h"
#include "probe/python_type.h"
#include "segment/counters.h"
#include "segment/pools.h"

namespace stirbar {
namespace {

PyTypeObject* g_token_type = nullptr;
PyObject* g_token_name = nullptr;

void FreeToken(PyObject* self) {
  auto* const token = reinterpret_cast<PoolToken*>(self);
  if (token->entry != nullptr) token->core->Lose(token->entry);
  FreeObject(self);
}

void Add(HalfWord& word, uint32_t more) {
  word.store(word.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

void Raise(Word& word, uint64_t value) {
  if (word.load(std::memory_order_relaxed) < value) word.store(value, std::memory_order_relaxed);
}

// Of no use to anybody who would guess it.
uint64_t Chance() {
  static uint64_t state = MonotonicNs() | 1U;
  state ^= state << 13U;
  state ^= state >> 7U;
  state ^= state << 17U;
  return state;
}

}  // namespace

bool InitialisePoolToken() {
  Probe::Get();  // counts forks from now on, which pools look at also where nothing is monitored
  PyType_Slot slots[] = {{Py_tp_dealloc, Slot(FreeToken)}, {0, nullptr}};
  g_token_type = MakeType("stirbar.PoolToken", sizeof(PoolToken), Py_TPFLAGS_DEFAULT, slots);
  g_token_name = PyUnicode_InternFromString("_stirbar_token");
  return g_token_type != nullptr && g_token_name != nullptr;
}

void PoolCore::SetName(const std::string& name) {
  for (auto& [record, entry] : entries_) {
    if (entry->book != kNoRecord) BookClosed(entry->book);
    entry->book = kNoRecord;
  }
  Show({});
  name_ = name;
  attachment_ = nullptr;
  stats_ = nullptr;
  shown_ = {};
}

void PoolCore::SetTimeout(uint64_t value_ns) {
  timeout_ns = value_ns;
  PublishLimits();
}

void PoolCore::SetLimits(const PoolLimits& limits) {
  queue_.SetLimits(limits);
  PublishLimits();
}

void PoolCore::SetLifetime(uint64_t value_ns) {
  lifetime_ns = value_ns;
  PublishLimits();
}

void PoolCore::FollowSlowly() {
  if (epoch_ != Probe::Epoch()) {
    // The parent's connections: neither used, nor closed, which some drivers do with a farewell to
    // the server on the socket that the parent still uses. Their records stay for ever.
    for (auto& [record, entry] : entries_) {
      if (entry->token != nullptr) entry->token->entry = nullptr;
    }
    entries_.clear();
    queue_.Forget();
    surplus.Forget();
    epoch_ = Probe::Epoch();
    stats_ = nullptr;
    shown_ = {};
  }
  attachment_ = Probe::Current();
  shown_ = {};
  const bool seen = attachment_ != nullptr && connects_;
  pool_ = seen ? BookPool(name_.c_str(), true) : kPoolOther;
  stats_ = StatsOfPool(pool_);
  for (auto& [record, entry] : entries_) {
    entry->book = kNoRecord;
    if (stats_ == nullptr || !entry->open) continue;
    entry->book = BookConnecting(pool_);
    BookOpened(entry->book, entry->target);
  }
  PublishLimits();
  Publish();
}

PoolEntry* PoolCore::Add(PyObject* record) {
  auto* const token = reinterpret_cast<PoolToken*>(g_token_type->tp_alloc(g_token_type, 0));
  if (token == nullptr) return nullptr;
  if (PyObject_SetAttr(record, g_token_name, reinterpret_cast<PyObject*>(token)) != 0) {
    Py_DECREF(token);
    return nullptr;
  }
  auto entry = std::make_unique<PoolEntry>();
  entry->record = record;
  entry->token = token;
  token->core = this;
  token->entry = entry.get();
  token->epoch = epoch_;
  Py_DECREF(token);  // the record's now
  std::unique_ptr<PoolEntry>& place = entries_[record];
  place = std::move(entry);
  return place.get();
}

void PoolCore::Erase(PoolEntry* entry) {
  NoteClosed(entry);
  if (entry->token != nullptr) entry->token->entry = nullptr;
  if (entry->state != PooledConnection::State::kOut) queue_.Remove(*entry);
  entries_.erase(entries_.find(entry->record));
}

void PoolCore::Lose(PoolEntry* entry) {
  if (entry->open) BookCheckin(entry->book);
  Erase(entry);
  Publish();
  WakeGranted(queue_);
}

void PoolCore::FindLost() {
  std::vector<uint32_t> lost;
  for (const auto& [record, entry] : entries_) {
    const bool out = entry->state == PooledConnection::State::kActive && entry->book != kNoRecord;
    if (out && Py_REFCNT(record) == 1) lost.push_back(entry->book);
  }
  // Where the one reference is not the book's after all, this only ends the holding in the books.
  for (const uint32_t book : lost) BookCheckin(book);
}

void PoolCore::NoteConnecting(PoolEntry* entry) {
  NoteClosed(entry);
  if (!connects_) {
    connects_ = true;
    FollowSlowly();
  }
  if (stats_ != nullptr) entry->book = BookConnecting(pool_);
}

void PoolCore::NoteOpened(PoolEntry* entry, uint32_t target) {
  const uint64_t now_ns = MonotonicNs();
  entry->open = true;
  entry->target = target;
  entry->times = {.expires_ns = ExpiryOf(now_ns, lifetime_ns, Chance()),
                  .idle_since_ns = now_ns,
                  .last_sign_ns = now_ns};
  BookOpened(entry->book, target);
  Count(PoolCounter::created);
}

void PoolCore::NoteClosed(PoolEntry* entry) {
  if (entry->book != kNoRecord) BookClosed(entry->book);
  entry->book = kNoRecord;
  if (!entry->open) return;
  entry->open = false;
  Count(PoolCounter::closed);
}

void PoolCore::NoteCheckout(PoolEntry* entry, PoolLane lane, uint64_t waited_ns) {
  BookCheckout(entry->book, lane, entry->record);
  if (stats_ == nullptr) return;
  Count(lane == PoolLane::kTask ? PoolCounter::task_checkouts : PoolCounter::checkouts);
  stirbar::Add(stats_->wait_histogram[HistogramBucket(waited_ns)], 1);
  if (waited_ns == 0) return;
  Count(PoolCounter::wait_ns, waited_ns);
  Raise(stats_->wait_max_ns, waited_ns);
}

void PoolCore::NoteCheckin(PoolEntry* entry) {
  const uint64_t held_ns = BookCheckin(entry->book);
  if (stats_ == nullptr) return;
  Count(PoolCounter::hold_ns, held_ns);
  Raise(stats_->hold_max_ns, held_ns);
}

void PoolCore::Count(PoolCounter counter, uint64_t more) {
  if (stats_ != nullptr) AddTo(Counter(*stats_, counter), more);
}

void PoolCore::Show(const Shown& now) {
  if (stats_ == nullptr) return;
  stirbar::Add(stats_->idle, now.idle - shown_.idle);
  stirbar::Add(stats_->active, now.active - shown_.active);
  if (now.connecting != shown_.connecting) {
    stirbar::Add(stats_->connecting, now.connecting - shown_.connecting);
  }
  if (now.waiting != shown_.waiting) {
    for (size_t lane = 0; lane < kPoolLanes; ++lane) {
      stirbar::Add(stats_->waiting[lane], now.waiting[lane] - shown_.waiting[lane]);
    }
    stats_->oldest_wait_since_ns.store(queue_.oldest_wait_since_ns(), std::memory_order_relaxed);
  }
  shown_ = now;
}

void PoolCore::Publish() {
  Show({.idle = queue_.idle(),
        .active = queue_.active(),
        .connecting = queue_.connecting(),
        .waiting = {queue_.waiting(PoolLane::kRequest), queue_.waiting(PoolLane::kTask)}});
}

void PoolCore::PublishLimits() {
  if (stats_ == nullptr) return;
  const PoolLimits& limits = queue_.limits();
  stats_->size.store(limits.size, std::memory_order_relaxed);
  stats_->max_overflow.store(limits.size != 0 ? limits.max_overflow : kUnlimited,
                             std::memory_order_relaxed);
  stats_->timeout_ns.store(timeout_ns, std::memory_order_relaxed);
  stats_->lifetime_ns.store(lifetime_ns, std::memory_order_relaxed);
}

void PoolCore::Close() {
  Follow();
  for (auto& [record, entry] : entries_) {
    if (entry->book != kNoRecord) BookClosed(entry->book);
    entry->book = kNoRecord;
    if (entry->token != nullptr) entry->token->entry = nullptr;
    entry->token = nullptr;
  }
  Show({});
  while (!entries_.empty()) {
    const std::unique_ptr<PoolEntry> entry = std::move(entries_.begin()->second);
    entries_.erase(entries_.begin());
    const bool owned = entry->state == PooledConnection::State::kIdle;
    if (entry->state != PooledConnection::State::kOut) queue_.Remove(*entry);
    if (owned) Py_DECREF(entry->record);
  }
}

}  // namespace stirbar
