// Which request the running thread works for, so that what the app does in between (a statement, a
// call to another host, a garbage collection) can be put to its account.
//
// Threads: all with the interpreter lock held. Time: a few instructions; where several greenlets
// share a thread, a look at Flask's own context.
#pragma once

#include <cstdint>

struct _object;  // PyObject

namespace stirbar {

// The running thread enters the app with the request `in_flight` (kMaxInFlight: one that has no
// in-flight slot). Returns what it worked for before, for LeaveRequest().
uint32_t EnterRequest(uint32_t in_flight) noexcept;
// The app call is over.
void LeaveRequest(uint32_t before) noexcept;

// The in-flight index; kMaxInFlight when the thread works for no request that is seen in flight, or
// where several greenlets share it and the running one has no context of Flask (which a stream that
// is being read has only with stream_with_context).
uint32_t CurrentRequest() noexcept;

// As CurrentRequest() where this thread is in one app call only; else kMaxInFlight, at no cost.
uint32_t SoleRequest() noexcept;

// From now on greenlets share each thread: only Flask's context tells for whom one works.
void ShareThreads() noexcept;
bool ThreadsAreShared() noexcept;
// Where Flask keeps the context of a request (a ContextVar).
void SetRequestContext(_object* variable) noexcept;

}  // namespace stirbar
