// One frame of a Python stack.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stirbar {

struct FrameSample {
  std::string function;  // qualified where the interpreter has it (3.11 and later)
  std::string file;
  uint32_t line = 0;  // 0: not known
};

// The innermost frame of the app's own: neither of an installed package nor of Python's library;
// where there is none, the innermost one. Null: the stack is empty.
const FrameSample* AppFrameOf(const std::vector<FrameSample>& frames);

}  // namespace stirbar
