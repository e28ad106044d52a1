// From the place of an instruction to its line, by the table that a code object brings.
#pragma once

#include <cstdint>
#include <span>

namespace stirbar {

enum class LineTableFormat {
  kPairs,      // 3.10: Objects/lnotab_notes.txt of CPython (PEP 626)
  kLocations,  // 3.11 and later: Objects/locations.md of CPython (PEP 657)
};

// The line of the instruction that begins `offset_bytes` into the code; 0 when it has none, or when
// the table does not reach so far.
uint32_t LineAt(LineTableFormat format, std::span<const uint8_t> table, uint32_t first_line,
                uint32_t offset_bytes);

}  // namespace stirbar
