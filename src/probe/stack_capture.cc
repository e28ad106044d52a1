#include "probe/stack_capture.h"

#include <frameobject.h>

#include <algorithm>
#include <cstring>

#include "probe/interpreter_map.h"
#include "segment/interpreter_offsets.h"

namespace stirbar {
namespace {

constexpr int kMaxForeignFrames = 1000;  // of frames that run no Python code, in a broken chain

template <typename Value>
Value At(const char* base, uint32_t offset) {
  Value value;
  std::memcpy(&value, base + offset, sizeof value);
  return value;
}

const char* NewestFrame(const uint32_t* offsets) {
  const auto* const thread = reinterpret_cast<const char*>(PyThreadState_Get());
  if (offsets[kThreadFrame] != STIRBAR_OFFSET_ABSENT) {
    return At<const char*>(thread, offsets[kThreadFrame]);
  }
  const char* const holder = At<const char*>(thread, offsets[kThreadCFrame]);
  return holder != nullptr ? At<const char*>(holder, offsets[kCFrameFrame]) : nullptr;
}

// A frame of the interpreter itself: entered from C, or not yet begun.
bool IsForeign(const char* frame, const uint32_t* offsets) {
  return offsets[kFrameOwner] != STIRBAR_OFFSET_ABSENT &&
         offsets[kFrameForeignOwner] != STIRBAR_OFFSET_ABSENT &&
         At<unsigned char>(frame, offsets[kFrameOwner]) >= offsets[kFrameForeignOwner];
}

// False: the frame has not begun: its code has not come to its first line.
bool ReadInstruction(const char* frame, const uint32_t* offsets, CapturedFrame* read) {
  if (offsets[kFrameInstruction] == STIRBAR_OFFSET_ABSENT) {
    const int units = At<int>(frame, offsets[kFrameLastIndex]);  // 3.10
    read->instruction = units > 0 ? static_cast<uint32_t>(units) * 2 : 0;
    return true;
  }
  const auto* const code = reinterpret_cast<const char*>(read->code);
  const auto* const begin = code + offsets[kCodeInstructions];
  const auto offset = At<const char*>(frame, offsets[kFrameInstruction]) - begin;
  const auto first = ptrdiff_t{At<int>(code, offsets[kCodeFirstTraceable])} * 2;
  const bool generator = At<unsigned char>(frame, offsets[kFrameOwner]) == offsets[kFrameGenerator];
  if (offset < first && !generator) return false;
  read->instruction = offset > 0 ? static_cast<uint32_t>(offset) : 0;
  return true;
}

size_t WalkFrames(const uint32_t* offsets, CapturedStack* stack, size_t most) {
  size_t count = 0;
  int foreign = 0;
  const uintptr_t tag = offsets[kFrameCodeTagBits];
  for (const char* frame = NewestFrame(offsets); frame != nullptr && count < most;
       frame = At<const char*>(frame, offsets[kFramePrevious])) {
    auto* const code =
        reinterpret_cast<PyObject*>(At<uintptr_t>(frame, offsets[kFrameCode]) & ~tag);
    CapturedFrame read;
    if (!IsForeign(frame, offsets) && code != nullptr && PyCode_Check(code)) {
      read.code = reinterpret_cast<PyCodeObject*>(code);
      if (ReadInstruction(frame, offsets, &read)) {
        (*stack)[count++] = read;
        continue;
      }
    }
    if (++foreign > kMaxForeignFrames) break;
  }
  return count;
}

// By public functions alone. The code objects stay alive: their frames run.
size_t AskFrames(CapturedStack* stack, size_t most) {
  size_t count = 0;
  PyFrameObject* frame = PyEval_GetFrame();
  Py_XINCREF(frame);
  while (frame != nullptr && count < most) {
    PyCodeObject* const code = PyFrame_GetCode(frame);
#if PY_VERSION_HEX >= 0x030B0000
    const int instruction = PyFrame_GetLasti(frame);
#else
    const int instruction = frame->f_lasti * 2;
#endif
    (*stack)[count++] = {code, instruction > 0 ? static_cast<uint32_t>(instruction) : 0};
    Py_DECREF(code);
    PyFrameObject* const caller = PyFrame_GetBack(frame);
    Py_DECREF(frame);
    frame = caller;
  }
  Py_XDECREF(frame);
  return count;
}

}  // namespace

size_t CaptureStack(CapturedStack* stack, size_t most) noexcept {
  most = std::min(most, stack->size());
  const uint32_t* const offsets = InterpreterOffsets();
  return offsets != nullptr ? WalkFrames(offsets, stack, most) : AskFrames(stack, most);
}

}  // namespace stirbar
