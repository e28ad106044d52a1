#include "supervisor/cli/terminal_text.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <cstdint>
#include <cstdio>

namespace stirbar {

namespace json = boost::json;

namespace {

std::string Format(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "-";
}

std::optional<double> NumberOf(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

const json::array& RowsOf(const json::object& object, std::string_view name) {
  static const json::array empty;
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->as_array() : empty;
}

const json::object& PartOf(const json::object& object, std::string_view name) {
  static const json::object empty;
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->as_object() : empty;
}

std::string CountText(std::optional<double> value) { return value ? Format("%.0f", *value) : "-"; }
std::string RateText(std::optional<double> value) { return value ? Format("%.1f", *value) : "-"; }
std::string PercentText(std::optional<double> value) {
  return value ? Format("%.1f %%", *value) : "-";
}
std::string RatioText(std::optional<double> value) {
  return value ? Format("%.1f %%", *value * 100) : "-";
}
std::string MegabytesText(std::optional<double> bytes) {
  return bytes ? Format("%.1f MB", *bytes * 1e-6) : "-";
}
std::string DurationText(std::optional<double> seconds) {
  if (!seconds) return "-";
  if (*seconds < 1) return Format("%.1f ms", *seconds * 1e3);
  return Format(*seconds < 100 ? "%.1f s" : "%.0f s", *seconds);
}

std::string SafeText(std::string text, size_t width) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const auto next = static_cast<uint8_t>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte < 0x20 || byte == 0x7F) text[i] = '?';
    if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) text.replace(i, 2, "?");
  }
  return text.size() > width ? text.substr(0, width) : text;
}

std::vector<std::string> Table::Lines(unsigned text_columns) const {
  std::vector<size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      line += "  ";
      line += (text_columns >> i & 1U) != 0 ? row[i] + space : space + row[i];
    }
    lines.push_back(line.substr(0, line.find_last_not_of(' ') + 1));
  }
  return lines;
}

}  // namespace stirbar
