// Stands between the app and the server's start_response, and notes status and Content-Length.
#pragma once

#include <Python.h>

#include "probe/tracked_request.h"

namespace stirbar {

inline constexpr uint32_t kNoStatus = UINT32_MAX;  // start_response was not called
inline constexpr uint64_t kNoLength = UINT64_MAX;

struct StartResponse {
  PyObject_HEAD vectorcallfunc call;
  PyObject* next;   // the server's start_response; null when the request is over
  uint32_t status;  // 200; 0 for what is none; kNoStatus until called
  uint64_t length;  // Content-Length; kNoLength: none
};

// False with a Python exception: out of memory.
bool InitialiseStartResponse();

// An object that passes on to `next`. No allocation where the one of this in-flight index is free
// again. New reference; null with an exception: out of memory.
StartResponse* TakeStartResponse(const Request& request, PyObject* next);

// The request is over, nothing can be answered any more: lets the server's objects go at once, and
// not when the next request of this index comes. Takes the reference.
void ReleaseStartResponse(StartResponse* object);

}  // namespace stirbar
