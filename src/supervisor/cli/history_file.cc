#include "supervisor/cli/history_file.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "supervisor/state_folder.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;

Result<std::string> FindHistory(const HistoryFileOptions& options) {
  const HistoryPlace place = HistoryPlaceOf(options.path, options.view.name);
  if (place.path.empty()) return Error{"the history is switched off ($STIRBAR_HISTORY)"};
  if (!place.is_default || !options.view.name.empty()) return place.path;
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(HistoryFolder(), ignored)) {
    if (entry.path().extension() == ".sqlite") files.push_back(entry.path().string());
  }
  if (files.empty()) return Error{"there is no history in " + HistoryFolder()};
  if (files.size() == 1) return files.front();
  std::string listed;
  for (const std::string& file : files) listed += "\n  --name " + fs::path(file).stem().string();
  return Error{"there are several histories in " + HistoryFolder() +
               "; choose one by --name or --history:" + listed};
}

class Recorded : public MetricSeries {
 public:
  Result<std::optional<MetricPoint>> Next() override {
    if (points_.empty()) return std::optional<MetricPoint>();
    std::optional<MetricPoint> point(points_.front());
    points_.pop_front();
    return point;
  }

  void Add(int64_t time, const HistoryFigures& figures) {
    MetricPoint& point = points_.emplace_back();
    point.time = static_cast<double>(time);
    for (const MetricSpec& spec : kMetricSpecs) {
      point.values[spec.id] = figures.metrics[static_cast<size_t>(spec.id)].Mean();
    }
  }

 private:
  std::deque<MetricPoint> points_;
};

}  // namespace

Result<OpenHistoryFile> OpenHistory(const HistoryFileOptions& options) {
  const Result<std::string> path = FindHistory(options);
  if (!path) return Error{path.error()};
  Result<std::unique_ptr<HistoryReader>> reader = HistoryReader::Open(*path);
  if (!reader) return Error{reader.error()};
  return OpenHistoryFile{*path, std::move(*reader)};
}

Result<std::unique_ptr<MetricSeries>> RecordedSeries(const HistoryFileOptions& options, double from,
                                                     double until) {
  Result<OpenHistoryFile> file = OpenHistory(options);
  if (!file) return Error{file.error()};
  const double now = static_cast<double>(WallNs()) * 1e-9 + 1;
  HistoryRange range;
  range.from = static_cast<int64_t>(std::max(from, 0.0));
  range.until = static_cast<int64_t>(std::min(until, now)) + 1;
  range.step = 1;
  auto series = std::make_unique<Recorded>();
  const Result<uint32_t> read = file->reader->ForEach(
      range, [&](int64_t time, const HistoryFigures& figures) { series->Add(time, figures); });
  if (!read) return Error{read.error()};
  return std::unique_ptr<MetricSeries>(std::move(series));
}

}  // namespace stirbar
