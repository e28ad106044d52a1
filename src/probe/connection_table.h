// The inside of the connection book: what this process knows of each record that it has in the
// segment. For connection_book.cc and the files that read the book (connection_leaks.cc,
// connection_texts.cc).
//
// Threads: with the interpreter lock held.
#pragma once

#include <Python.h>

#include <array>
#include <cstdint>

#include "probe/attachment.h"
#include "probe/connection_book.h"
#include "probe/stack_capture.h"

namespace stirbar {

// Which connections are looked at together: those held by one request, by tasks, by nobody any
// more (their request or task has ended).
inline constexpr uint16_t kHeldByTasks = kMaxInFlight;
inline constexpr uint16_t kLeaked = kMaxInFlight + 1;
inline constexpr uint16_t kHoldLists = kMaxInFlight + 2;
inline constexpr uint16_t kNobody = UINT16_MAX;

struct BookedConnection {
  uint32_t record = kNoRecord;  // kNoRecord: this place is free
  uint32_t pool = kPoolOther;
  uint64_t number = 0;
  // While it is held; `list` is kNobody while it is not.
  uint16_t list = kNobody;
  uint16_t previous = kNobody;
  uint16_t next = kNobody;
  uint32_t in_flight = kMaxInFlight;
  uint32_t route = kRouteUnknown;
  uint32_t thread = 0;
  uint64_t request_started_ns = 0;
  uint64_t since_ns = 0;
  const PyObject* holder = nullptr;      // SQLAlchemy's record; only compared
  PyObject* holder_reference = nullptr;  // owned: a weak one to SQLAlchemy's record
  LeakKind leak = LeakKind::kNone;
  uint64_t leak_number = 0;  // in the ring, + 1; 0: not written
  uint32_t reclaim = 0;  // 0, or the way in which it is being taken back (LeakRecord::reclaimed)
  bool running = false;  // a statement
  // Of its newest checkout; owned.
  size_t frames = 0;
  CapturedStack stack;

  bool held() const { return list != kNobody; }
};

// The place `index` of kMaxConnections, and its words in the segment.
BookedConnection& Booked(size_t index);
Connection& RowOf(const BookedConnection& booked);
// Whether any connection is held.
bool AnyIsHeld();
// Null while there is no segment. All places are free where it is not the one they are of.
Attachment* BookAttachment();

// New reference to SQLAlchemy's record; null where it has died.
PyObject* HolderOf(const BookedConnection& booked);

// Of a valid record; else kPoolOther.
uint32_t PoolOfRecord(uint32_t record);

// The first of `list`, or null; the one after.
BookedConnection* FirstOf(uint16_t list);
BookedConnection* NextOf(const BookedConnection& booked);
// From its list to that of the leaked ones.
void MoveToLeaked(BookedConnection* booked);

}  // namespace stirbar
