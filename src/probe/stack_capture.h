// The Python stack of the running thread as pairs (code object, place in it), without a frame
// object and without a text: the interpreter's own frames are followed by the offsets that
// interpreter_map.h has learnt and checked.
//
// Threads: with the interpreter lock held. Time: about 5 ns a frame, no allocation. Where the
// layout is not known (a free-threaded build, a later Python, a container that forbids
// process_vm_readv), Python's public functions are asked, which make frame objects: 0.1 us a frame.
#pragma once

#include <Python.h>

#include <array>
#include <cstdint>

#include "segment/pool_layout.h"

namespace stirbar {

struct CapturedFrame {
  PyCodeObject* code = nullptr;
  uint32_t instruction = 0;  // byte offset in its code

  friend bool operator==(const CapturedFrame&, const CapturedFrame&) = default;
};
using CapturedStack = std::array<CapturedFrame, kStackFrames>;

// Writes up to `most` frames to `stack`, innermost first, and returns how many. The references are
// borrowed: of frames that run, as long as they do.
size_t CaptureStack(CapturedStack* stack, size_t most = kStackFrames) noexcept;

// The line of `frame`; 0 where there is none. Time: decodes the line table.
inline int LineOf(const CapturedFrame& frame) {
  const int line = PyCode_Addr2Line(frame.code, static_cast<int>(frame.instruction));
  return line > 0 ? line : 0;
}

}  // namespace stirbar
