#include "probe/connection_leaks.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/clock.h"
#include "probe/connection_table.h"
#include "probe/connection_texts.h"
#include "segment/counters.h"
#include "segment/events.h"
#include "segment/identity.h"
#include "segment/names.h"
#include "segment/pools.h"
#include "segment/shared_words.h"

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint64_t kLookEveryNs = 1'000'000'000;
// Without the knock thread for so long, a checkout looks.
constexpr uint64_t kLookOverdueNs = 3'000'000'000;
// One place in the code that leaks at each call shall not fill the ring of events: the counters and
// the ring of leaks say how often.
constexpr uint64_t kSameEventAfterNs = 60'000'000'000;

// What follows the sequence: plain words, copied as such.
constexpr size_t kPayloadOffset = offsetof(LeakRecord, wall_ns);
constexpr size_t kPayloadBytes = sizeof(LeakRecord) - kPayloadOffset;
static_assert(kPayloadOffset == sizeof(Word) && kPayloadBytes % sizeof(uint64_t) == 0);

struct Said {
  PyCodeObject* code = nullptr;  // only compared
  uint32_t instruction = 0;
  LeakKind kind = LeakKind::kNone;
  uint64_t at_ns = 0;
};

// Guarded by the interpreter lock.
struct Leaks {
  Attachment* attachment = nullptr;
  // The code objects of the records in the ring; owned.
  std::array<std::array<PyCodeObject*, kStackFrames>, kMaxLeaks> codes{};
  // Those of overwritten records, to be given up where whatever that runs does no harm.
  std::array<PyCodeObject*, kMaxLeaks * kStackFrames> discarded;
  size_t discarded_count = 0;
  std::array<Said, 16> said{};
  size_t next_said = 0;
  uint64_t looked_ns = 0;
  PyObject* reclaimer = nullptr;
  bool due = false;  // something may be taken back
};
Leaks g_leaks;

WorkerPools& PoolsOf(const Attachment& attachment) {
  return attachment.segment().pools[attachment.slot_index()];
}

double ReclaimMode(const Attachment& attachment) {
  return attachment.orders.leak_reclaim_mode.load(kRelaxed);
}

void CountFor(const BookedConnection& booked, PoolCounter counter) {
  if (PoolStats* const stats = StatsOfPool(booked.pool); stats != nullptr) {
    AddTo(Counter(*stats, counter), 1);
  }
}

void Discard(PyCodeObject* code) {
  // Never full: each checkout empties it, and no more records are written than connections taken.
  // If it were, a code object would outlive its use.
  if (g_leaks.discarded_count < g_leaks.discarded.size()) {
    g_leaks.discarded[g_leaks.discarded_count++] = code;
  }
}

void GiveUpDiscarded() {
  while (g_leaks.discarded_count > 0) {
    PyCodeObject* const code = g_leaks.discarded[--g_leaks.discarded_count];
    Py_DECREF(code);
  }
}

// In another segment the ring begins anew.
void Follow(Attachment* attachment) {
  if (g_leaks.attachment == attachment) return;
  g_leaks.attachment = attachment;
  for (auto& codes : g_leaks.codes) {
    for (PyCodeObject*& code : codes) {
      if (code != nullptr) Discard(code);
      code = nullptr;
    }
  }
}

// False: the same was said not long ago.
bool IsNews(const CapturedFrame& frame, LeakKind kind, uint64_t now_ns) {
  for (Said& said : g_leaks.said) {
    if (said.code == frame.code && said.instruction == frame.instruction && said.kind == kind) {
      if (now_ns - said.at_ns < kSameEventAfterNs && said.at_ns != 0) return false;
      said.at_ns = now_ns;
      return true;
    }
  }
  g_leaks.said[g_leaks.next_said++ % g_leaks.said.size()] = {frame.code, frame.instruction, kind,
                                                             now_ns};
  return true;
}

void Say(const BookedConnection& booked, EventKind event, uint64_t held_ns) {
  const CapturedFrame* const found = FirstOfApp(booked.stack, booked.frames);
  const CapturedFrame frame = found != nullptr ? *found : CapturedFrame{};
  // One of a pair, taken and come back, is said for each kind of the first.
  const LeakKind said = event == EventKind::kConnectionLeaked ? booked.leak : LeakKind::kNone;
  if (!IsNews(frame, said, MonotonicNs())) return;
  char place[160] = "?";
  if (frame.code != nullptr) DescribeFrame(frame, place, sizeof place);
  Attachment& attachment = *BookAttachment();
  const std::string_view pool = NameOf(PoolNames(std::as_const(attachment.segment())), booked.pool);
  const bool withheld = event == EventKind::kConnectionLeaked && said == LeakKind::kConfirmed &&
                        ReclaimMode(attachment) == kModeObserve;
  char text[sizeof(Event::text)];
  std::snprintf(text, sizeof text, "%.*s: %staken at %s",
                static_cast<int>(std::min<size_t>(pool.size(), 64)), pool.data(),
                withheld ? "would be taken back, " : "", place);
  AppendEvent(
      attachment.segment(),
      {.kind = event,
       .severity = event == EventKind::kConnectionLeaked ? Severity::kWarning : Severity::kInfo,
       .slot = attachment.slot_index(),
       .pid = static_cast<uint32_t>(getpid()),
       .route = booked.route,
       .value = Seconds(Nanoseconds(held_ns)),
       .value2 = static_cast<double>(booked.leak)},
      text);
}

void Fill(const BookedConnection& booked, uint64_t held_ns, LeakRecord* record) {
  record->wall_ns = WallNs();
  record->connection = booked.number;
  record->held_ns = held_ns;
  record->pool = booked.pool;
  record->route = booked.route;
  record->thread = booked.thread;
  record->kind = static_cast<uint32_t>(booked.leak);
  record->holder = static_cast<uint32_t>(HolderKindOf(booked.stack, booked.frames));
  record->statements = RowOf(booked).statements.load(kRelaxed);
  for (size_t i = 0; i < booked.frames; ++i) {
    record->stack[i] = {reinterpret_cast<uintptr_t>(booked.stack[i].code),
                        booked.stack[i].instruction};
  }
}

// Once for each time that a connection is held.
void Write(BookedConnection* booked, uint64_t held_ns) {
  if (booked->leak_number != 0) return;
  Attachment& attachment = *BookAttachment();
  Follow(&attachment);
  WorkerPools& pools = PoolsOf(attachment);
  const uint64_t number = pools.next_leak.load(kRelaxed);
  const size_t place = number % kMaxLeaks;
  LeakRecord record{};
  Fill(*booked, held_ns, &record);

  LeakRecord& target = pools.leaks[place];
  target.sequence.store(0, std::memory_order_release);
  StoreShared(reinterpret_cast<char*>(&target) + kPayloadOffset,
              reinterpret_cast<char*>(&record) + kPayloadOffset, kPayloadBytes);
  auto& codes = g_leaks.codes[place];
  for (size_t i = 0; i < kStackFrames; ++i) {
    if (codes[i] != nullptr) Discard(codes[i]);
    codes[i] = i < booked->frames ? booked->stack[i].code : nullptr;
    Py_XINCREF(codes[i]);
  }
  target.sequence.store(number + 1, std::memory_order_release);
  pools.next_leak.store(number + 1, std::memory_order_release);
  booked->leak_number = number + 1;
  Say(*booked, EventKind::kConnectionLeaked, held_ns);
}

// Says in the ring that it has been taken back, if its record still stands there.
void WriteReclaimed(const BookedConnection& booked) {
  LeakRecord& record = PoolsOf(*BookAttachment()).leaks[(booked.leak_number - 1) % kMaxLeaks];
  if (record.sequence.load(kRelaxed) != booked.leak_number) return;
  record.sequence.store(0, std::memory_order_release);
  // With its neighbour, which is reserved: the word that readers copy.
  const uint32_t words[2] = {booked.reclaim, 0};
  StoreShared(&record.reclaimed, words, sizeof words);
  record.sequence.store(booked.leak_number, std::memory_order_release);
}
static_assert(offsetof(LeakRecord, reclaimed) % sizeof(uint64_t) == 0);
static_assert(offsetof(LeakRecord, reserved) == offsetof(LeakRecord, reclaimed) + 4);

void Mark(BookedConnection* booked, LeakKind kind) {
  booked->leak = kind;
  RowOf(*booked).leak.store(static_cast<uint32_t>(kind), kRelaxed);
}

uint64_t HeldFor(const BookedConnection& booked, uint64_t now_ns) {
  return static_cast<uint64_t>(AgeOf(booked.since_ns, now_ns).count());
}

bool IsDead(const BookedConnection& booked) {
  PyObject* const holder = HolderOf(booked);
  Py_XDECREF(holder);  // with the interpreter lock held, it has others as long as it lives
  return holder == nullptr;
}

bool IsGone(uint32_t thread) {
  return syscall(SYS_tgkill, getpid(), thread, 0) != 0 && errno == ESRCH;
}

}  // namespace

void ConfirmLeak(BookedConnection* booked) noexcept {
  const Attachment& attachment = *BookAttachment();
  if (booked->route == kRouteUnknown && booked->in_flight < kMaxInFlight) {
    const InFlight& request = attachment.slot().in_flight[booked->in_flight];
    if (request.started_ns.load(kRelaxed) == booked->request_started_ns) {
      booked->route = request.route.load(kRelaxed);
    }
  }
  MoveToLeaked(booked);
  Mark(booked, LeakKind::kConfirmed);
  CountFor(*booked, PoolCounter::leaks_confirmed);
  Write(booked, HeldFor(*booked, MonotonicNs()));
  g_leaks.due = true;
}

void EndHold(BookedConnection* booked, uint64_t held_ns, bool by_collector) noexcept {
  if (by_collector) {
    Mark(booked, LeakKind::kCollected);
    CountFor(*booked, PoolCounter::leaks_collected);
    Write(booked, held_ns);
    return;
  }
  if (booked->leak == LeakKind::kNone) return;
  if (booked->reclaim != 0) {
    CountFor(*booked, PoolCounter::leaks_reclaimed);
    WriteReclaimed(*booked);
  } else {
    CountFor(*booked, PoolCounter::leaks_returned);
  }
  Say(*booked, EventKind::kConnectionReturned, held_ns);
}

bool IsTimeToLook(uint64_t now_ns) noexcept {
  if (g_leaks.discarded_count != 0) GiveUpDiscarded();
  return now_ns > g_leaks.looked_ns + kLookOverdueNs;
}

void LookForLeaks(uint64_t now_ns) noexcept {
  Attachment* const attachment = BookAttachment();
  if (attachment == nullptr || now_ns < g_leaks.looked_ns + kLookEveryNs) return;
  g_leaks.looked_ns = now_ns;
  const uint64_t threshold_ns = attachment->orders.leak_after_ns.load(kRelaxed);
  for (size_t i = 0; i < kMaxConnections; ++i) {
    BookedConnection& booked = Booked(i);
    if (booked.record == kNoRecord || !booked.held()) continue;
    if (booked.holder_reference != nullptr && IsDead(booked)) {
      BookClosed(booked.record);  // lost, and its connection with it
    } else if (booked.list == kLeaked) {
      g_leaks.due = true;
    } else if (booked.list == kHeldByTasks && IsGone(booked.thread)) {
      ConfirmLeak(&booked);
    } else if (booked.leak == LeakKind::kNone && HeldFor(booked, now_ns) > threshold_ns) {
      Mark(&booked, LeakKind::kSuspect);
      CountFor(booked, PoolCounter::leaks_suspect);
      Write(&booked, HeldFor(booked, now_ns));
    }
  }
  GiveUpDiscarded();
}

LeakReclaim ReclaimOrder() noexcept {
  const Attachment* const attachment = BookAttachment();
  if (attachment == nullptr || ReclaimMode(*attachment) != kModeOn) return LeakReclaim::kNone;
  return attachment->orders.leak_close.load(kRelaxed) != 0 ? LeakReclaim::kClose
                                                           : LeakReclaim::kReturn;
}

void SetReclaimer(PyObject* reclaimer) noexcept {
  Py_XINCREF(reclaimer);
  Py_XSETREF(g_leaks.reclaimer, reclaimer);
}

void ReclaimIfDue() noexcept {
  if (!g_leaks.due || g_leaks.reclaimer == nullptr) return;
  const LeakReclaim order = ReclaimOrder();
  if (order == LeakReclaim::kNone) return;
  g_leaks.due = false;
  // The app may have raised: what is on its way goes on.
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyObject* const reclaimer = Py_NewRef(g_leaks.reclaimer);
  PyObject* const result = PyObject_CallFunction(reclaimer, "I", static_cast<uint32_t>(order));
  if (result == nullptr) PyErr_WriteUnraisable(reclaimer);
  Py_XDECREF(result);
  Py_DECREF(reclaimer);
  PyErr_Restore(type, value, traceback);
}

PyObject* LeaksToReclaim(uint32_t order) noexcept {
  PyObject* const list = PyList_New(0);
  if (list == nullptr || BookAttachment() == nullptr) return list;
  for (BookedConnection* booked = FirstOf(kLeaked); booked != nullptr; booked = NextOf(*booked)) {
    PyObject* const holder = booked->running ? nullptr : HolderOf(*booked);
    if (holder == nullptr) continue;
    const int added = PyList_Append(list, holder);
    Py_DECREF(holder);  // not its last: the list has one
    if (added != 0) {
      Py_DECREF(list);
      return nullptr;
    }
    booked->reclaim = order;
  }
  return list;
}

void ForgetLeaks() noexcept {
  PyObject* const reclaimer = g_leaks.reclaimer;
  g_leaks = {};
  g_leaks.reclaimer = reclaimer;
}

}  // namespace stirbar
