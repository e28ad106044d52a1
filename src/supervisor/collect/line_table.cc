#include "supervisor/collect/line_table.h"

namespace stirbar {
namespace {

constexpr uint32_t kUnitBytes = 2;

uint32_t Positive(int64_t line) {
  return line > 0 && line <= INT32_MAX ? static_cast<uint32_t>(line) : 0;
}

// Pairs of (length of code, difference of line); -128: these instructions have no line.
uint32_t LineInPairs(std::span<const uint8_t> table, uint32_t first_line, uint32_t offset_bytes) {
  int64_t line = first_line;
  uint64_t end = 0;
  for (size_t i = 0; i + 1 < table.size(); i += 2) {
    const auto difference = static_cast<int8_t>(table[i + 1]);
    const bool has_line = difference != -128;
    if (has_line) line += difference;
    end += table[i];
    if (offset_bytes < end) return has_line ? Positive(line) : 0;
  }
  return 0;
}

// A number in groups of six bits, the lowest first; bit 6 says that more follow.
uint64_t TakeVarint(std::span<const uint8_t>* rest) {
  uint64_t value = 0;
  for (unsigned shift = 0; !rest->empty() && shift < 36; shift += 6) {
    const uint8_t byte = rest->front();
    *rest = rest->subspan(1);
    value |= static_cast<uint64_t>(byte & 63U) << shift;
    if ((byte & 64U) == 0) break;
  }
  return value;
}

// The sign is in the lowest bit.
int64_t TakeSignedVarint(std::span<const uint8_t>* rest) {
  const uint64_t value = TakeVarint(rest);
  const auto size = static_cast<int64_t>(value >> 1U);
  return (value & 1U) != 0 ? -size : size;
}

// Entries begin with a byte whose highest bit is set: 4 bits of form, 3 of length less one.
uint32_t LineInLocations(std::span<const uint8_t> table, uint32_t first_line,
                         uint32_t offset_bytes) {
  int64_t line = first_line;
  uint64_t end = 0;
  while (!table.empty()) {
    const unsigned form = table.front() >> 3U & 15U;
    end += ((table.front() & 7U) + 1) * kUnitBytes;
    table = table.subspan(1);
    const bool has_line = form != 15;
    if (form == 13 || form == 14) line += TakeSignedVarint(&table);
    if (form >= 10 && form <= 12) line += form - 10;
    if (offset_bytes < end) return has_line ? Positive(line) : 0;
    while (!table.empty() && (table.front() & 128U) == 0) table = table.subspan(1);
  }
  return 0;
}

}  // namespace

uint32_t LineAt(LineTableFormat format, std::span<const uint8_t> table, uint32_t first_line,
                uint32_t offset_bytes) {
  return format == LineTableFormat::kPairs ? LineInPairs(table, first_line, offset_bytes)
                                           : LineInLocations(table, first_line, offset_bytes);
}

}  // namespace stirbar
