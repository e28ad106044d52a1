// What is done on held connections: statements, transactions.
//
// Threads: with the interpreter lock held. Time: where a request or thread holds one connection, no
// attribute is asked for. No Python exception is left behind; none may be on its way.
#pragma once

#include <Python.h>

#include <cstdint>

namespace stirbar {

// The record of the connection that a call of a dialect's method goes to: of
// do_execute(self, cursor, statement, parameters, context) and its like, or of
// do_commit(self, connection) and do_rollback. kNoRecord: none that is known. `in_flight`: the
// request that the running thread works for.
uint32_t RecordOfStatement(uint32_t in_flight, PyObject* const* arguments,
                           Py_ssize_t count) noexcept;
uint32_t RecordOfTransaction(uint32_t in_flight, PyObject* connection) noexcept;

// A statement begins on it, and ends. The first opens a transaction. False: nothing is known of the
// connection, or a statement runs on it already.
bool BookStatement(uint32_t record, uint64_t now_ns) noexcept;
void BookStatementEnd(uint32_t record) noexcept;
// A commit or rollback is done.
void BookTransactionEnd(uint32_t record) noexcept;

}  // namespace stirbar
