// How many requests the server has accepted and not yet begun (gunicorn's gthread, waitress): the
// kernel's accept queue shows none of them.
#pragma once

#include <cstdint>

struct _object;  // PyObject

namespace stirbar {

// A callable that returns the number, or null. Threads: with the interpreter lock held.
void SetDepthSource(_object* source) noexcept;

// 0 where there is no source, or it raises. Threads: with the lock held. Runs Python code.
uint32_t ExecutorDepth();

}  // namespace stirbar
