// How a worker's interpreter is laid out, as the worker has published it.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "base/result.h"
#include "segment/interpreter_offsets.h"
#include "segment/layout.h"

namespace stirbar {

// A copy of an InterpreterMap whose values have been checked: no offset leads out of the buffers
// below, whatever has happened to the segment.
struct InterpreterView {
  uint32_t version = 0;  // PY_VERSION_HEX
  uint64_t runtime = 0;
  uint64_t interpreter = 0;
  std::array<uint32_t, kInterpreterOffsetCount> offsets{};

  uint32_t operator[](StirbarInterpreterOffset name) const { return offsets[name]; }
  bool Has(StirbarInterpreterOffset name) const { return offsets[name] != STIRBAR_OFFSET_ABSENT; }
  // The address of the type object that lies `difference` from _PyRuntime.
  uint64_t TypeAt(StirbarInterpreterOffset difference) const {
    return runtime +
           static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(offsets[difference])));
  }
  bool minor_is(uint32_t minor) const { return (version >> 16U & 0xFFU) == minor; }
};

// The largest struct that is read whole (PyThreadState, PyCodeObject, a frame).
inline constexpr size_t kStructBytes = 512;
using StructBuffer = std::array<unsigned char, kStructBytes>;

// The value at `offset`, which the view has checked to lie within.
template <typename T>
T FieldOf(const StructBuffer& buffer, uint32_t offset) {
  T value{};
  if (offset <= kStructBytes - sizeof(T)) std::memcpy(&value, buffer.data() + offset, sizeof(T));
  return value;
}

// Failure: the worker has published nothing (yet), nothing usable, or not what this build expects;
// says so in words for the operator.
Result<InterpreterView> ViewOf(const InterpreterMap& map);

// "3.11" of PY_VERSION_HEX.
std::string PythonVersion(uint32_t version);

}  // namespace stirbar
