// The statements of each request in flight, so that a slow one can say which took its time. Only
// references to the texts are kept; a text is copied when a record of the request is written.
//
// Threads: with the interpreter lock held. Time: a few pointer comparisons a statement: SQLAlchemy
// uses the same str object for a statement each time it is executed.
#pragma once

#include <Python.h>

#include <array>

#include "base/statement_text.h"
#include "segment/layout.h"

namespace stirbar {

// The request `started_ns` with the index `in_flight` has executed `text` (a str; anything else is
// ignored). Of more than eight different ones the slowest are kept.
void NoteStatement(uint32_t in_flight, uint64_t started_ns, PyObject* text, SqlDialect dialect,
                   uint64_t duration_ns) noexcept;

// The slowest of that request, without their literals; empty where it has executed none.
void CopySlowest(uint32_t in_flight, uint64_t started_ns,
                 std::array<SlowRequest::Statement, 3>* slowest) noexcept;

// Gives the references back.
void ForgetStatements(uint32_t in_flight) noexcept;

}  // namespace stirbar
