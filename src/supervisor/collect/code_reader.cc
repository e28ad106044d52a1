#include "supervisor/collect/code_reader.h"

#include <algorithm>
#include <array>

#include "supervisor/collect/line_table.h"

namespace stirbar {
namespace {

// Of a function of 10,000 lines; a table that claims more is none.
constexpr size_t kLongestTable = size_t{256} << 10U;
constexpr uint64_t kMostCharacters = 4096;

void AppendUtf8(uint32_t character, std::string* text) {
  if (character < 0x20 || character == 0x7F || (character >= 0xD800 && character < 0xE000) ||
      character > 0x10FFFF) {
    *text += '?';
  } else if (character < 0x80) {
    *text += static_cast<char>(character);
  } else if (character < 0x800) {
    *text += static_cast<char>(0xC0U | character >> 6U);
    *text += static_cast<char>(0x80U | (character & 0x3FU));
  } else if (character < 0x10000) {
    *text += static_cast<char>(0xE0U | character >> 12U);
    *text += static_cast<char>(0x80U | (character >> 6U & 0x3FU));
    *text += static_cast<char>(0x80U | (character & 0x3FU));
  } else {
    *text += static_cast<char>(0xF0U | character >> 18U);
    *text += static_cast<char>(0x80U | (character >> 12U & 0x3FU));
    *text += static_cast<char>(0x80U | (character >> 6U & 0x3FU));
    *text += static_cast<char>(0x80U | (character & 0x3FU));
  }
}

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

std::string Shortened(const std::string& text, bool keep_end) {
  if (text.size() <= kLongestName) return text;
  const size_t room = kLongestName - 3;
  if (keep_end) {
    size_t begin = text.size() - room;
    while (begin < text.size() && IsContinuation(text[begin])) ++begin;
    return "..." + text.substr(begin);
  }
  size_t end = room;
  while (end > 0 && IsContinuation(text[end])) --end;
  return text.substr(0, end) + "...";
}

}  // namespace

const CodeText* CodeReader::Get(uint64_t address) {
  const auto place = known_.find(address);
  if (place != known_.end()) return &place->second;
  std::optional<CodeText> code = Read(address);
  return code ? &known_.emplace(address, std::move(*code)).first->second : nullptr;
}

std::optional<CodeText> CodeReader::Read(uint64_t address) const {
  StructBuffer head{};
  if (!memory_.Read(address, head.data(), view_[kCodeBytes])) return std::nullopt;
  if (FieldOf<uint64_t>(head, view_[kObjectType]) != view_.TypeAt(kRuntimeToCodeType)) {
    return std::nullopt;
  }
  CodeText code;
  code.first_line = FieldOf<uint32_t>(head, view_[kCodeFirstLine]);
  const auto name = view_.Has(kCodeQualifiedName) ? kCodeQualifiedName : kCodeName;
  auto function = ReadString(FieldOf<uint64_t>(head, view_[name]), Keep::kBegin);
  auto file = ReadString(FieldOf<uint64_t>(head, view_[kCodeFileName]), Keep::kEnd);
  auto table = ReadBytes(FieldOf<uint64_t>(head, view_[kCodeLineTable]));
  if (!function || !file || !table) return std::nullopt;
  // Freed meanwhile and used for another one: the names above are a mix.
  StructBuffer again{};
  if (!memory_.Read(address, again.data(), view_[kCodeBytes])) return std::nullopt;
  for (const auto field : {kObjectType, name, kCodeFileName, kCodeLineTable}) {
    if (FieldOf<uint64_t>(head, view_[field]) != FieldOf<uint64_t>(again, view_[field])) {
      return std::nullopt;
    }
  }
  code.function = std::move(*function);
  code.file = std::move(*file);
  code.line_table = std::move(*table);
  if (view_.Has(kCodeInstructions)) {
    code.instructions = address + view_[kCodeInstructions];
    const auto units = FieldOf<uint64_t>(head, view_[kCodeUnits]);
    code.units = units <= UINT32_MAX ? static_cast<uint32_t>(units) : 0;
    code.first_traceable = FieldOf<uint32_t>(head, view_[kCodeFirstTraceable]);
  }
  return code;
}

std::optional<std::string> CodeReader::ReadString(uint64_t address, Keep keep) const {
  StructBuffer head{};
  const size_t head_bytes = std::max(view_[kStringAsciiBytes], view_[kStringState] + 4);
  if (address == 0 || !memory_.Read(address, head.data(), head_bytes)) return std::nullopt;
  if (FieldOf<uint64_t>(head, view_[kObjectType]) != view_.TypeAt(kRuntimeToStringType)) {
    return std::nullopt;
  }
  const auto length = FieldOf<uint64_t>(head, view_[kStringLength]);
  const auto state = FieldOf<uint32_t>(head, view_[kStringState]);
  const uint32_t kind = state >> view_[kStringKindShift] & 7U;
  const bool compact = (state >> view_[kStringCompactShift] & 1U) != 0;
  const bool ascii = (state >> view_[kStringAsciiShift] & 1U) != 0;
  if (!compact || (kind != 1 && kind != 2 && kind != 4) || length > kMostCharacters) {
    return std::nullopt;
  }
  // Every character has a byte at least.
  const uint64_t shown = std::min<uint64_t>(length, kLongestName + 1);
  const uint64_t skipped = keep == Keep::kEnd ? length - shown : 0;
  const uint64_t data =
      address + (ascii ? view_[kStringAsciiBytes] : view_[kStringCompactBytes]) + skipped * kind;
  std::array<unsigned char, 4 * (kLongestName + 1)> characters;
  if (!memory_.Read(data, characters.data(), shown * kind)) return std::nullopt;
  std::string text;
  for (uint64_t i = 0; i < shown; ++i) {
    uint32_t character = 0;
    std::memcpy(&character, characters.data() + i * kind, kind);  // the machine is little-endian
    AppendUtf8(character, &text);
  }
  return Shortened(text, keep == Keep::kEnd);
}

std::optional<std::vector<uint8_t>> CodeReader::ReadBytes(uint64_t address) const {
  StructBuffer head{};
  const size_t head_bytes = view_[kBytesLength] + sizeof(uint64_t);
  if (address == 0 || !memory_.Read(address, head.data(), head_bytes)) return std::nullopt;
  if (FieldOf<uint64_t>(head, view_[kObjectType]) != view_.TypeAt(kRuntimeToBytesType)) {
    return std::nullopt;
  }
  const auto length = FieldOf<uint64_t>(head, view_[kBytesLength]);
  if (length > kLongestTable) return std::nullopt;
  std::vector<uint8_t> bytes(length);
  if (!memory_.Read(address + view_[kBytesData], bytes.data(), length)) return std::nullopt;
  return bytes;
}

FrameSample CodeReader::Describe(const CodeText& code, uint64_t instruction) const {
  FrameSample frame{.function = code.function, .file = code.file};
  if (code.instructions == 0) {
    // -1 before the first instruction: the line of the function itself.
    const auto index = static_cast<int32_t>(static_cast<uint32_t>(instruction));
    frame.line = index < 0 ? code.first_line
                           : LineAt(LineTableFormat::kPairs, code.line_table, code.first_line,
                                    static_cast<uint32_t>(index) * 2);
  } else if (instruction >= code.instructions && instruction - code.instructions <= UINT32_MAX) {
    frame.line = LineAt(LineTableFormat::kLocations, code.line_table, code.first_line,
                        static_cast<uint32_t>(instruction - code.instructions));
  }
  return frame;
}

FrameSample CodeReader::DescribeAt(const CodeText& code, uint32_t offset_bytes) const {
  const auto format =
      code.instructions == 0 ? LineTableFormat::kPairs : LineTableFormat::kLocations;
  return {.function = code.function,
          .file = code.file,
          .line = LineAt(format, code.line_table, code.first_line, offset_bytes)};
}

}  // namespace stirbar
