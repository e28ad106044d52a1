#include "supervisor/publish/json_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "supervisor/publish/utf8.h"

namespace stirbar {
namespace {

// How many bytes at the front of `text` stand for themselves in JSON.
size_t PlainLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    const auto byte = static_cast<unsigned char>(text[length]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') break;
    ++length;
  }
  return length;
}

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (;;) {
    // Nearly all is plain: copied in one piece, not byte by byte.
    const size_t plain = PlainLength(text);
    out->append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const size_t length = Utf8Length(text);
    const char first = text.front();
    if (length == 0) {
      *out += kReplacementCharacter;
    } else if (length > 1) {
      *out += text.substr(0, length);
    } else if (first == '"' || first == '\\') {
      *out += {'\\', first};
    } else if (first == '\n') {
      *out += "\\n";
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(first));
      *out += escape;
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  out->push_back('"');
}

}  // namespace

std::string Rfc3339(uint64_t wall_ns) {
  const auto seconds = static_cast<time_t>(wall_ns / 1'000'000'000U);
  const auto milliseconds = static_cast<unsigned>(wall_ns / 1'000'000U % 1'000U);
  tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + length, sizeof text - length, ".%03uZ", milliseconds);
  return text;
}

void JsonWriter::Value(std::string_view text) {
  Comma();
  AppendQuoted(text.substr(0, longest_text_), &text_);
}

void JsonWriter::Value(double value) {
  if (!std::isfinite(value)) return Raw("null");
  const double size = std::fabs(value);
  const int magnitude = size > 0 ? static_cast<int>(std::floor(std::log10(size))) : 0;
  const int decimals = magnitude >= 6 ? 0 : std::clamp(3 - magnitude, 1, 6);
  char text[336];  // the largest double has 309 digits before the point
  const auto result =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  std::string_view digits(text, static_cast<size_t>(result.ptr - text));
  if (decimals > 0) {
    while (digits.ends_with('0')) digits.remove_suffix(1);
    if (digits.ends_with('.')) digits.remove_suffix(1);
  }
  Raw(digits == "-0" ? "0" : digits);
}

void JsonWriter::Value(Exact value) {
  if (!std::isfinite(value.value)) return Raw("null");
  char text[336];
  const auto result =
      std::to_chars(text, text + sizeof text, value.value, std::chars_format::fixed);
  Raw({text, static_cast<size_t>(result.ptr - text)});
}

void JsonWriter::Raw(std::string_view text) {
  Comma();
  text_ += text;
}

void JsonWriter::Key(std::string_view key) {
  Comma();
  AppendQuoted(key, &text_);
  text_.push_back(':');
  comma_ = false;
}

void JsonWriter::Begin(char bracket) {
  Comma();
  text_.push_back(bracket);
  comma_ = false;
}

void JsonWriter::End(char bracket) {
  text_.push_back(bracket);
  comma_ = true;
}

void JsonWriter::Comma() {
  if (comma_) text_.push_back(',');
  comma_ = true;
}

}  // namespace stirbar
