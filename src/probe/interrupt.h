// Interrupts one request that is stuck: raises stirbar.RequestInterrupted in its thread, and turns
// it into an answer when it reaches the middleware.
//
// The exception is asynchronous: it reaches Python code at its next bytecode, a call that waits in
// C when it returns. So the app may have returned before it is delivered; it is withdrawn then. The
// interpreter lock orders all of this: an interrupt is ordered while the app call runs, and
// withdrawn by the middleware before any Python code but the app's can run.
//
// Threads: all with the interpreter lock held.
#pragma once

#include <Python.h>

#include "probe/attachment.h"

namespace stirbar {

// Makes the exception. False with a Python exception set: out of memory.
bool InitialiseInterrupt();
// A BaseException, so that `except Exception` in a loop does not swallow it. Borrowed.
PyObject* RequestInterrupted();

// For the knock thread. False, and nothing is done, where that request is not in the app any more,
// or shares its thread with others (greenlets): then the exception could hit another.
bool Interrupt(const Attachment& attachment, uint32_t in_flight, uint64_t started_ns);

// Whether an interrupt was ordered for the request.
bool WasInterrupted(uint32_t in_flight);

// The app call of an interrupted request is over, in the thread that made it. Withdraws what has
// not been delivered. True: `raised`, the exception that ended the call or null, is ours to answer.
bool SettleInterrupt(uint32_t in_flight, PyObject* raised);

}  // namespace stirbar
