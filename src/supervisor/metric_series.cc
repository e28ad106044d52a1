#include "supervisor/metric_series.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace stirbar {
namespace {

std::vector<std::string_view> Fields(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  std::vector<std::string_view> fields;
  for (;;) {
    const size_t comma = line.find(',');
    std::string_view field = line.substr(0, comma);
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
      field = field.substr(1, field.size() - 2);
    }
    fields.push_back(field);
    if (comma == line.npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

class CsvSeries : public MetricSeries {
 public:
  CsvSeries(std::string path, std::ifstream file)
      : path_(std::move(path)), file_(std::move(file)) {}

  // Failure: the head is none.
  std::optional<Error> ReadHead() {
    if (!ReadLine()) return Wrong("the file is empty");
    const std::vector<std::string_view> names = Fields(text_);
    if (names.front() != "time") return Wrong("the first column is not 'time'");
    size_t known = 0;
    for (const std::string_view name : names) {
      const MetricSpec* const spec = FindMetric(name);
      columns_.push_back(spec != nullptr ? std::optional(spec->id) : std::nullopt);
      if (spec != nullptr) ++known;
    }
    if (known == 0) return Wrong("no column is a figure; docs/rules.md lists them");
    return std::nullopt;
  }

  Result<std::optional<MetricPoint>> Next() override {
    do {
      if (!ReadLine()) return std::optional<MetricPoint>();
    } while (text_.empty() || text_ == "\r");
    const std::vector<std::string_view> fields = Fields(text_);
    if (fields.size() != columns_.size()) {
      return Wrong(std::to_string(fields.size()) + " fields, the head has " +
                   std::to_string(columns_.size()));
    }
    MetricPoint point;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (i > 0 && (!columns_[i] || fields[i].empty() || fields[i] == "null")) continue;
      double value = 0;
      const char* const end = fields[i].data() + fields[i].size();
      const auto read = std::from_chars(fields[i].data(), end, value);
      if (read.ec != std::errc() || read.ptr != end) {
        return Wrong("'" + std::string(fields[i].substr(0, 40)) + "' in column " +
                     std::to_string(i + 1) + " is no number");
      }
      if (i == 0) {
        point.time = value;
      } else {
        point.values[*columns_[i]] = value;
      }
    }
    if (!std::isfinite(point.time) || point.time < 0 || point.time > 1e11) {
      return Wrong("the time is no number of seconds since 1970");
    }
    if (point.time < newest_) return Wrong("the time lies before that of the line before");
    newest_ = point.time;
    return std::optional(point);
  }

 private:
  bool ReadLine() {
    ++line_;
    return static_cast<bool>(std::getline(file_, text_));
  }
  Error Wrong(const std::string& what) const {
    return Error{path_ + ":" + std::to_string(line_) + ": " + what};
  }

  const std::string path_;
  std::ifstream file_;
  std::string text_;
  uint64_t line_ = 0;
  double newest_ = 0;
  std::vector<std::optional<MetricId>> columns_;
};

}  // namespace

Result<std::unique_ptr<MetricSeries>> OpenCsv(const std::string& path) {
  std::ifstream file(path);
  if (!file) return ErrnoError("open " + path, errno);
  auto series = std::make_unique<CsvSeries>(path, std::move(file));
  if (std::optional<Error> error = series->ReadHead()) return *error;
  return std::unique_ptr<MetricSeries>(std::move(series));
}

}  // namespace stirbar
