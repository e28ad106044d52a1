// The file of a history, for commands that read it themselves: with or without a supervisor.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "supervisor/cli/commands.h"
#include "supervisor/metric_series.h"
#include "supervisor/publish/history_reader.h"

namespace stirbar {

struct OpenHistoryFile {
  std::string path;
  std::unique_ptr<HistoryReader> reader;
};

// The one that is meant. Failure: there is none, it cannot be read, or there are several: says
// which.
Result<OpenHistoryFile> OpenHistory(const HistoryFileOptions& options);

// What was recorded from `from` to `until` (seconds since 1970), the means of each row, as fine as
// it is kept that far back. All of it is in memory: 400 bytes a row, at most 43,200 rows of one
// resolution. Failure: the file cannot be read.
Result<std::unique_ptr<MetricSeries>> RecordedSeries(const HistoryFileOptions& options, double from,
                                                     double until);

}  // namespace stirbar
