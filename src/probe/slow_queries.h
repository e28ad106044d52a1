// The ring of statements that took longer than slow_query_threshold.
#pragma once

#include <Python.h>

#include <cstdint>

#include "base/statement_text.h"
#include "probe/attachment.h"

namespace stirbar {

struct SlowStatement {
  PyObject* text = nullptr;  // what the driver got; anything but a str is shown as "?"
  SqlDialect dialect = SqlDialect::kStandard;
  uint64_t duration_ns = 0;
  uint32_t pool = kPoolOther;
  uint32_t route = kRouteUnknown;
};

// Writes it to the ring, without its literals, and an event of it, of those at most one a second.
// Threads: with the interpreter lock held. Leaves no Python exception, and spares one that is on
// its way.
void RecordSlowQuery(const Attachment& attachment, const SlowStatement& statement) noexcept;

}  // namespace stirbar
