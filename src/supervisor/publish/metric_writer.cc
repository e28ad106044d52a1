#include "supervisor/publish/metric_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "supervisor/publish/utf8.h"

namespace stirbar {
namespace {

constexpr std::string_view kTotal = "_total";

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "unknown";
}

// Text of a number in `buffer`.
template <size_t kSize, typename T>
std::string_view Digits(char (&buffer)[kSize], T value) {
  const auto result = std::to_chars(buffer, buffer + kSize, value);
  return {buffer, static_cast<size_t>(result.ptr - buffer)};
}

}  // namespace

std::string MetricLabel(std::string_view name, std::string_view value) {
  std::string label(name);
  label += "=\"";
  while (!value.empty()) {
    const size_t length = Utf8Length(value);
    if (length == 0) {
      label += kReplacementCharacter;
    } else if (value.front() == '\n') {
      label += "\\n";
    } else {
      if (value.front() == '"' || value.front() == '\\') label += '\\';
      label += value.substr(0, length);
    }
    value.remove_prefix(std::max<size_t>(length, 1));
  }
  label += '"';
  return label;
}

void MetricWriter::Family(std::string_view name, MetricType type, std::string_view help) {
  name_ = "stirbar_";
  name_ += name;
  std::string_view family = name_;
  if (format_ == MetricsFormat::kOpenMetrics && type == MetricType::kCounter) {
    family.remove_suffix(kTotal.size());
  }
  text_ += "# HELP ";
  text_ += family;
  text_ += ' ';
  text_ += help;
  text_ += "\n# TYPE ";
  text_ += family;
  text_ += ' ';
  text_ += TypeName(type);
  text_ += '\n';
}

void MetricWriter::Sample(std::string_view labels, double value) { Sample({}, labels, value); }

void MetricWriter::Sample(std::string_view labels, uint64_t value) { Sample({}, labels, value); }

void MetricWriter::Sample(std::string_view suffix, std::string_view labels, double value) {
  if (!std::isfinite(value)) return;
  char buffer[32];
  Line(suffix, labels, Digits(buffer, value));
}

void MetricWriter::Sample(std::string_view suffix, std::string_view labels, uint64_t value) {
  char buffer[24];
  Line(suffix, labels, Digits(buffer, value));
}

std::string MetricWriter::Take() {
  if (format_ == MetricsFormat::kOpenMetrics) text_ += "# EOF\n";
  return std::move(text_);
}

void MetricWriter::Line(std::string_view suffix, std::string_view labels, std::string_view value) {
  text_ += name_;
  text_ += suffix;
  if (!labels.empty()) {
    text_ += '{';
    text_ += labels;
    text_ += '}';
  }
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

}  // namespace stirbar
