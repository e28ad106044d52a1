// What is said of held connections in words: where in the app they were taken, and by what.
//
// Threads: with the interpreter lock held. Only for what is rare (a leak, a time-out, a question):
// line tables are decoded and text is made.
#pragma once

#include <Python.h>

#include <string>

#include "probe/stack_capture.h"

namespace stirbar {

// The innermost of `count` frames that is the app's: neither SQLAlchemy's, nor of what stands
// between the two. Null: there is none.
const CapturedFrame* FirstOfApp(const CapturedStack& stack, size_t count) noexcept;

// By the files that the connection came through.
HolderKind HolderKindOf(const CapturedStack& stack, size_t count) noexcept;

// "/srv/shop/views.py:41 in list_orders"; at most `capacity` bytes with the NUL.
void DescribeFrame(const CapturedFrame& frame, char* text, size_t capacity) noexcept;

// "GET /orders for 12.3 s (/srv/shop/views.py:41 in list_orders); ...": the three longest holders
// of the pool of that name in this worker, for the message of a time-out. Empty: nobody is known.
std::string HoldersText(const std::string& pool);

// New reference to a list of dicts, longest first, or null with an exception: "pool", "number",
// "leak", "route" (None: a task), "thread", "age_seconds", "statements", "in_transaction",
// "stack": (file, line, function), innermost first.
PyObject* HeldConnections();

}  // namespace stirbar
