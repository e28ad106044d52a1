// What the supervisor leaves in the segment for the workers' pages: the newest snapshot and the
// history of the last 15 minutes. One writer, the supervisor; a new one goes on where the old
// ended.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "segment/layout.h"

namespace stirbar {

// False: `text` is longer than kSnapshotBytes and was not written; the one before stays.
bool WriteSnapshot(Segment& segment, std::string_view text);

// The newest snapshot. Absent: none has been written, or five reads met a writer. Time: a copy.
std::optional<std::string> ReadSnapshot(const Segment& segment);

void AppendHistory(Segment& segment, const HistoryValues& values);

// The newest points, oldest first, at most `most`.
std::vector<HistoryValues> ReadHistory(const Segment& segment, size_t most);

}  // namespace stirbar
