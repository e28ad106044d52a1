// What the supervisor tells besides its pages, made of its options: where the history is kept,
// where else it goes, and whom alerts are told to.
//
// What these make has threads and files: only for the one that has the segment (segment_claim.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "supervisor/publish/alert_desk.h"
#include "supervisor/publish/history_export.h"
#include "supervisor/publish/history_store.h"
#include "supervisor/run_loop.h"

namespace stirbar {

std::string AppNameOf(const Segment& segment);

HistoryOptions HistoryOptionsOf(const SupervisorOptions& options, const Segment& segment);

std::vector<std::unique_ptr<HistoryExport>> ExportsOf(const SupervisorOptions& options,
                                                      const Segment& segment);

AlertDeskOptions AlertDeskOptionsOf(const SupervisorOptions& options, const Segment& segment,
                                    RecordSink* history);

}  // namespace stirbar
