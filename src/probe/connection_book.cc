#include "probe/connection_book.h"

#include <string_view>

#include "base/clock.h"
#include "probe/connection_leaks.h"
#include "probe/connection_table.h"
#include "probe/current_request.h"
#include "probe/probe.h"
#include "probe/thread_id.h"
#include "segment/counters.h"
#include "segment/names.h"
#include "segment/pools.h"

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
// A record's number is its place and how many have been handed out before: one that is not valid
// any more (closed, of another segment, of the process before the fork) is told by that.
constexpr uint32_t kPlaceBits = 8;
constexpr uint32_t kPlaceMask = (1U << kPlaceBits) - 1;
constexpr uint32_t kSerialMask = UINT32_MAX >> kPlaceBits;
static_assert(kMaxConnections == 1U << kPlaceBits);

// Guarded by the interpreter lock.
struct Table {
  Attachment* attachment = nullptr;
  std::array<BookedConnection, kMaxConnections> booked;
  std::array<uint16_t, kMaxConnections> free;  // the one used last is used next
  uint32_t free_count = 0;
  uint32_t held = 0;
  uint32_t serial = 0;
  uint64_t number = 0;
  std::array<uint16_t, kHoldLists> first;
};
Table g_table;

uint16_t PlaceOf(const BookedConnection& booked) {
  return static_cast<uint16_t>(&booked - g_table.booked.data());
}

void MakeAllFree(Attachment* attachment) {
  g_table.attachment = attachment;
  g_table.held = 0;
  g_table.first.fill(kNobody);
  g_table.free_count = kMaxConnections;
  for (uint16_t i = 0; i < kMaxConnections; ++i) {
    g_table.free[i] = static_cast<uint16_t>(kMaxConnections - 1 - i);
  }
}

// References that are given up last: whatever their end runs finds the table whole.
struct Released {
  PyObject* reference = nullptr;
  size_t count = 0;
  std::array<PyCodeObject*, kStackFrames> codes;

  void Add(PyCodeObject* code) { codes[count++] = code; }
  void Release() {
    Py_XDECREF(reference);
    for (size_t i = 0; i < count; ++i) Py_DECREF(codes[i]);
  }
};

void TakeReferences(BookedConnection* booked, Released* released) {
  released->reference = booked->holder_reference;
  booked->holder_reference = nullptr;
  for (size_t i = 0; i < booked->frames; ++i) released->Add(booked->stack[i].code);
  booked->frames = 0;
}

// Another segment: records of the former one are nobody's any more.
void Follow(Attachment* attachment) {
  for (BookedConnection& booked : g_table.booked) {
    if (booked.record == kNoRecord) continue;
    Released released;
    TakeReferences(&booked, &released);
    booked = {};
    released.Release();
  }
  MakeAllFree(attachment);
}

Attachment* Present() {
  Attachment* const attachment = Probe::Current();
  if (attachment != g_table.attachment && attachment != nullptr) [[unlikely]]
    Follow(attachment);
  return attachment;
}

// Null where `record` is not valid (any more).
BookedConnection* Find(uint32_t record) {
  if (record == kNoRecord || Present() == nullptr) return nullptr;
  BookedConnection& booked = g_table.booked[record & kPlaceMask];
  return booked.record == record ? &booked : nullptr;
}

void Link(BookedConnection* booked, uint16_t list) {
  const uint16_t place = PlaceOf(*booked);
  booked->list = list;
  booked->previous = kNobody;
  booked->next = g_table.first[list];
  if (booked->next != kNobody) g_table.booked[booked->next].previous = place;
  g_table.first[list] = place;
}

void Unlink(BookedConnection* booked) {
  if (booked->previous != kNobody) {
    g_table.booked[booked->previous].next = booked->next;
  } else {
    g_table.first[booked->list] = booked->next;
  }
  if (booked->next != kNobody) g_table.booked[booked->next].previous = booked->previous;
  booked->list = booked->previous = booked->next = kNobody;
}

// The request's own word: since when it holds one. A list has the newest hold first.
void ShowOldestHold(const Attachment& attachment, const BookedConnection& of) {
  if (of.in_flight >= kMaxInFlight) return;
  InFlight& request = attachment.slot().in_flight[of.in_flight];
  if (request.started_ns.load(kRelaxed) != of.request_started_ns) return;
  uint64_t oldest = 0;
  for (const BookedConnection* held = FirstOf(static_cast<uint16_t>(of.in_flight)); held != nullptr;
       held = NextOf(*held)) {
    oldest = held->since_ns;
  }
  if (request.connection_since_ns.load(kRelaxed) != oldest) {
    request.connection_since_ns.store(oldest, kRelaxed);
  }
}

// The request or task holds it no more.
uint64_t EndHolding(BookedConnection* booked, bool by_collector) {
  const auto held_ns = static_cast<uint64_t>(AgeOf(booked->since_ns, MonotonicNs()).count());
  EndHold(booked, held_ns, by_collector);
  --g_table.held;
  Unlink(booked);
  booked->running = false;
  ShowOldestHold(*g_table.attachment, *booked);
  return held_ns;
}

void SetState(Connection& row, ConnectionState state, uint64_t now_ns) {
  BeginChange(row);
  row.state.store(static_cast<uint32_t>(state), kRelaxed);
  row.since_ns.store(now_ns, kRelaxed);
  EndChange(row);
}

void ClearHold(Connection& row) {
  row.leak.store(0, kRelaxed);
  row.transaction_since_ns.store(0, kRelaxed);
  row.statements.store(0, kRelaxed);
}

// Whether the garbage collector is giving a connection back, and not its user: SQLAlchemy's
// _finalize_fairy() is called by its _checkin(), else by a weak reference's callback.
bool IsByCollector() {
  static PyObject* const finalize = PyUnicode_InternFromString("_finalize_fairy");
  static PyObject* const checkin = PyUnicode_InternFromString("_checkin");
  CapturedStack stack;
  const size_t count = CaptureStack(&stack, 8);
  for (size_t i = 0; i + 1 < count; ++i) {
    // Names of functions are interned.
    if (stack[i].code->co_name == finalize) return stack[i + 1].code->co_name != checkin;
  }
  return false;
}

// The stack is stored where it differs: most checkouts are of the same place as those before.
void StoreStack(BookedConnection* booked, Connection& row, const CapturedStack& stack, size_t count,
                Released* released) {
  for (size_t i = 0; i < count; ++i) {
    const CapturedFrame& frame = stack[i];
    CapturedFrame& known = booked->stack[i];
    const bool was = i < booked->frames;
    if (was && known == frame) continue;
    if (!was || known.code != frame.code) {
      Py_INCREF(frame.code);
      if (was) released->Add(known.code);
      row.stack[i].code.store(reinterpret_cast<uintptr_t>(frame.code), kRelaxed);
    }
    row.stack[i].instruction.store(frame.instruction, kRelaxed);
    known = frame;
  }
  for (size_t i = count; i < booked->frames; ++i) released->Add(booked->stack[i].code);
  if (count < kStackFrames) row.stack[count].code.store(0, kRelaxed);
  booked->frames = count;
}

// Weakly, made once for each record of SQLAlchemy's. Returns the reference of before, to be given
// up.
PyObject* ReferTo(BookedConnection* booked, PyObject* holder) {
  if (booked->holder == holder && booked->holder_reference != nullptr) return nullptr;
  PyObject* const before = booked->holder_reference;
  booked->holder_reference = holder != nullptr ? PyWeakref_NewRef(holder, nullptr) : nullptr;
  if (booked->holder_reference == nullptr) PyErr_Clear();
  booked->holder = holder;
  return before;
}

// Whose it is from now on: `booked` as it will be, still outside of every list.
void NoteHolder(BookedConnection* booked, uint32_t in_flight, const WorkerSlot& slot) {
  booked->in_flight = in_flight;
  booked->thread = ThreadId();
  booked->route = kRouteUnknown;
  booked->request_started_ns = 0;
  if (in_flight < kMaxInFlight) {
    const InFlight& request = slot.in_flight[in_flight];
    booked->route = request.route.load(kRelaxed);
    booked->request_started_ns = request.started_ns.load(kRelaxed);
  }
}

}  // namespace

BookedConnection& Booked(size_t index) { return g_table.booked[index]; }

Connection& RowOf(const BookedConnection& booked) {
  const Attachment& attachment = *g_table.attachment;
  return attachment.segment().pools[attachment.slot_index()].connections[PlaceOf(booked)];
}

bool AnyIsHeld() { return g_table.held != 0; }

Attachment* BookAttachment() { return Present(); }

PyObject* HolderOf(const BookedConnection& booked) {
  if (booked.holder_reference == nullptr) return nullptr;
#if PY_VERSION_HEX >= 0x030D0000
  PyObject* holder = nullptr;
  if (PyWeakref_GetRef(booked.holder_reference, &holder) < 0) PyErr_Clear();
  return holder;
#else
  PyObject* const holder = PyWeakref_GetObject(booked.holder_reference);
  return holder != Py_None ? Py_NewRef(holder) : nullptr;
#endif
}

uint32_t PoolOfRecord(uint32_t record) {
  const BookedConnection* const booked = Find(record);
  return booked != nullptr ? booked->pool : kPoolOther;
}

BookedConnection* FirstOf(uint16_t list) {
  const uint16_t place = g_table.first[list];
  return place != kNobody ? &g_table.booked[place] : nullptr;
}

BookedConnection* NextOf(const BookedConnection& booked) {
  return booked.next != kNobody ? &g_table.booked[booked.next] : nullptr;
}

void MoveToLeaked(BookedConnection* booked) {
  Unlink(booked);
  Link(booked, kLeaked);
}

uint32_t BookPool(const char* name, bool fair) noexcept {
  Attachment* const attachment = Present();
  if (attachment == nullptr) return kPoolOther;
  const uint32_t pool = InternName(PoolNames(attachment->segment()), name);
  PoolStats* const stats = StatsOfPool(pool);
  if (stats == nullptr) return kPoolOther;
  if (fair) stats->fair.store(1, kRelaxed);
  stats->used.store(1, std::memory_order_release);
  return pool;
}

PoolStats* StatsOfPool(uint32_t pool) noexcept {
  Attachment* const attachment = Present();
  if (attachment == nullptr || pool == kPoolOther || pool >= kMaxPools) return nullptr;
  return &attachment->segment().pools[attachment->slot_index()].pools[pool];
}

uint32_t BookConnecting(uint32_t pool) noexcept {
  Attachment* const attachment = Present();
  if (attachment == nullptr) return kNoRecord;
  if (g_table.free_count == 0) {
    HalfWord& overflow = attachment->segment().pools[attachment->slot_index()].connection_overflow;
    overflow.store(overflow.load(kRelaxed) + 1, kRelaxed);
    return kNoRecord;
  }
  const uint16_t place = g_table.free[--g_table.free_count];
  BookedConnection& booked = g_table.booked[place];
  g_table.serial = (g_table.serial + 1) % kSerialMask;  // never all ones: that is kNoRecord
  booked.record = g_table.serial << kPlaceBits | place;
  booked.pool = pool < kMaxPools ? pool : kPoolOther;
  booked.number = ++g_table.number;

  Connection& row = RowOf(booked);
  const uint64_t now_ns = MonotonicNs();
  BeginChange(row);
  ClearHold(row);
  row.target.store(0, kRelaxed);
  row.number.store(booked.number, kRelaxed);
  row.created_ns.store(now_ns, kRelaxed);
  row.since_ns.store(now_ns, kRelaxed);
  row.request_started_ns.store(0, kRelaxed);
  row.pool.store(booked.pool, kRelaxed);
  row.in_flight.store(kMaxInFlight, kRelaxed);
  row.route.store(kRouteUnknown, kRelaxed);
  row.thread.store(0, kRelaxed);
  row.lane.store(0, kRelaxed);
  row.stack[0].code.store(0, kRelaxed);
  row.state.store(static_cast<uint32_t>(ConnectionState::kConnecting), kRelaxed);
  EndChange(row);
  return booked.record;
}

void BookOpened(uint32_t record, uint32_t target) noexcept {
  BookedConnection* const booked = Find(record);
  if (booked == nullptr) return;
  Connection& row = RowOf(*booked);
  row.target.store(target < kMaxTargets ? target : 0, kRelaxed);
  if (!booked->held()) SetState(row, ConnectionState::kIdle, MonotonicNs());
}

void BookClosed(uint32_t record) noexcept {
  BookedConnection* const booked = Find(record);
  if (booked == nullptr) return;
  if (booked->held()) EndHolding(booked, false);
  SetState(RowOf(*booked), ConnectionState::kFree, 0);
  Released released;
  TakeReferences(booked, &released);
  const uint16_t place = PlaceOf(*booked);
  booked->record = kNoRecord;
  g_table.free[g_table.free_count++] = place;
  released.Release();
}

void BookCheckout(uint32_t record, PoolLane lane, PyObject* holder) noexcept {
  // First: where greenlets share a thread, it asks Flask, and whatever that runs may use the book.
  const uint32_t in_flight = CurrentRequest();
  BookedConnection* const booked = Find(record);
  if (booked == nullptr) return;
  // Its former holder has lost it, and the pool gives it to another one (StaticPool does).
  if (booked->held()) EndHolding(booked, false);
  Released released;
  // To make one may run the garbage collector, which gives back other connections.
  released.reference = ReferTo(booked, holder);
  CapturedStack stack;
  const size_t count = CaptureStack(&stack);
  const uint64_t now_ns = MonotonicNs();
  booked->since_ns = now_ns;
  booked->leak = LeakKind::kNone;
  booked->leak_number = 0;
  booked->reclaim = 0;
  NoteHolder(booked, in_flight, g_table.attachment->slot());

  Connection& row = RowOf(*booked);
  BeginChange(row);
  row.state.store(static_cast<uint32_t>(ConnectionState::kActive), kRelaxed);
  ClearHold(row);
  row.since_ns.store(now_ns, kRelaxed);
  row.request_started_ns.store(booked->request_started_ns, kRelaxed);
  row.in_flight.store(in_flight, kRelaxed);
  row.route.store(booked->route, kRelaxed);
  row.thread.store(booked->thread, kRelaxed);
  row.lane.store(static_cast<uint32_t>(lane), kRelaxed);
  StoreStack(booked, row, stack, count, &released);
  EndChange(row);

  Link(booked, in_flight < kMaxInFlight ? static_cast<uint16_t>(in_flight) : kHeldByTasks);
  ++g_table.held;
  if (in_flight < kMaxInFlight) {
    InFlight& request = g_table.attachment->slot().in_flight[in_flight];
    if (request.connection_since_ns.load(kRelaxed) == 0) {
      request.connection_since_ns.store(now_ns, kRelaxed);
    }
  }
  released.Release();
  if (IsTimeToLook(now_ns)) LookForLeaks(now_ns);
}

uint64_t BookCheckin(uint32_t record) noexcept {
  BookedConnection* booked = Find(record);
  if (booked == nullptr || !booked->held()) return 0;
  const uint64_t held_ns = EndHolding(booked, IsByCollector());
  Connection& row = RowOf(*booked);
  BeginChange(row);
  row.state.store(static_cast<uint32_t>(ConnectionState::kIdle), kRelaxed);
  ClearHold(row);
  row.since_ns.store(MonotonicNs(), kRelaxed);
  EndChange(row);
  return held_ns;
}

void EndRequestOfConnections(uint32_t in_flight, uint64_t started_ns) noexcept {
  if (g_table.held == 0 || in_flight >= kMaxInFlight || Present() == nullptr) return;
  BookedConnection* next = nullptr;
  for (BookedConnection* held = FirstOf(static_cast<uint16_t>(in_flight)); held != nullptr;
       held = next) {
    next = NextOf(*held);
    // A request of the segment before this one may have had the same index.
    if (held->request_started_ns == started_ns) ConfirmLeak(held);
  }
}

void ForgetConnections() noexcept {
  // References are not given up: who forked may not hold the interpreter lock (uWSGI), and what
  // they are of is the parent's: to close its connection would end the parent's session.
  for (BookedConnection& booked : g_table.booked) booked = {};
  MakeAllFree(nullptr);
  ForgetLeaks();
}

}  // namespace stirbar
