// The ring of events: what happened, newest overwriting oldest.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "segment/layout.h"

namespace stirbar {

// What an event says; see layout.h for the fields.
struct EventFields {
  EventKind kind = EventKind::kNone;
  Severity severity = Severity::kInfo;
  uint32_t slot = kMaxWorkers;
  uint32_t pid = 0;
  uint32_t route = kRouteUnknown;
  double value = 0;
  double value2 = 0;
};

// Appends an event; `text` is cut at 191 bytes. Threads and processes: any. Time: never waits.
void AppendEvent(Segment& segment, const EventFields& fields, std::string_view text) noexcept;

struct EventRecord {
  uint64_t number = 0;
  uint64_t wall_ns = 0;
  EventFields fields;
  char text[sizeof(Event::text)] = {};
};

// The newest events that are whole, oldest first, at most `most` of them. Left out: ones that are
// being written, or whose writer died in the middle.
std::vector<EventRecord> ReadEvents(const Segment& segment, size_t most);

}  // namespace stirbar
