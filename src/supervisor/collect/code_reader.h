// Names, files and lines of code objects in another process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "supervisor/collect/interpreter_view.h"
#include "supervisor/collect/remote_memory.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Longest name shown of a function or a file. Longer names lose their end, file names their begin.
inline constexpr size_t kLongestName = 240;

// What a code object says, copied.
struct CodeText {
  std::string function;
  std::string file;
  uint32_t first_line = 0;
  std::vector<uint8_t> line_table;
  uint64_t instructions = 0;     // address; 0: frames tell the number of the instruction (3.10)
  uint32_t units = 0;            // how many instructions; 0: not known
  uint32_t first_traceable = 0;  // a frame in front of it has not begun to run Python code
};

// Each object is read once between two calls of Forget(), which shall be a millisecond apart: code
// objects are freed, and their addresses used again. What is at the address must be a code object
// by its type, and its names strings.
//
// Time: 4 us for an object that was not met before.
class CodeReader {
 public:
  // Both must outlive it.
  CodeReader(const Memory& memory, const InterpreterView& view) : memory_(memory), view_(view) {}

  // Null: there is no code object at `address`. Good until Forget().
  const CodeText* Get(uint64_t address);
  void Forget() { known_.clear(); }

  // The frame that executes `code` at `instruction`: a pointer, or a number in 3.10.
  FrameSample Describe(const CodeText& code, uint64_t instruction) const;
  // The same where the place is known as the offset of the instruction in the code.
  FrameSample DescribeAt(const CodeText& code, uint32_t offset_bytes) const;

 private:
  std::optional<CodeText> Read(uint64_t address) const;
  enum class Keep { kBegin, kEnd };
  std::optional<std::string> ReadString(uint64_t address, Keep keep) const;
  std::optional<std::vector<uint8_t>> ReadBytes(uint64_t address) const;

  const Memory& memory_;
  const InterpreterView& view_;
  std::unordered_map<uint64_t, CodeText> known_;  // by address
};

}  // namespace stirbar
