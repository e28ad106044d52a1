// One frame of a Python stack.
#pragma once

#include <cstdint>
#include <string>

namespace stirbar {

struct FrameSample {
  std::string function;  // qualified where the interpreter has it (3.11 and later)
  std::string file;
  uint32_t line = 0;  // 0: not known
};

}  // namespace stirbar
