// Answers that Stirbar gives in the app's place: 503 for a refused request, 504 for an interrupted
// one.
//
// Threads: with the interpreter lock held. Time: a few microseconds; objects are made, since an
// answer is.
#pragma once

#include <Python.h>

#include <cstddef>
#include <span>

#include "segment/layout.h"

namespace stirbar {

// The body of refusals, and its type. Called before requests come, else by the app's start only.
// False with a Python exception: out of memory.
bool SetRefusalBody(const char* body, size_t bytes, const char* content_type) noexcept;

// 503 with Retry-After; HEAD gets no body. New reference, or null with the exception of
// `start_response`.
PyObject* Refuse(PyObject* start_response, HttpMethod method, uint32_t retry_after_seconds);

// The same as the bytes of an HTTP/1.1 response that ends its connection, for where no server
// stands between. Returns how many; 0: `buffer` is too small for the app's body.
size_t WriteRefusal(std::span<char> buffer, HttpMethod method,
                    uint32_t retry_after_seconds) noexcept;

// 504. `exc_info`: what ended the app, as start_response takes it where headers may have been sent;
// null: it was not called yet. New reference, or null with an exception.
PyObject* AnswerInterrupted(PyObject* start_response, HttpMethod method, PyObject* exc_info);

}  // namespace stirbar
