// Leaves the newest snapshot and one history point a second in the segment: for the pages inside
// the Flask app, for the command line, and for the supervisor that comes after this one.
#pragma once

#include <functional>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// Makes the text of a snapshot (SnapshotText::Of, shared with the HTTP server).
using SnapshotFormatter =
    std::function<std::shared_ptr<const std::string>(const std::shared_ptr<const Snapshot>&)>;

class SegmentPublisher : public Publisher, public HistorySource {
 public:
  SegmentPublisher(Segment& segment, SnapshotFormatter format);

  // A snapshot of more than 512 KiB (about 1,500 busy routes) is not left; a warning says so once.
  void Publish(const std::shared_ptr<const Snapshot>& snapshot) override;

  std::vector<HistoryValues> Recent(size_t points) const override;

 private:
  // Seconds in SQL in each second, since the point before; counted when their request ends.
  double SqlRate(const Sample& sample);

  Segment& segment_;
  SnapshotFormatter format_;
  bool warned_ = false;
  uint64_t sql_ns_ = 0;     // of all requests that had ended
  uint64_t sql_at_ns_ = 0;  // at this tick; 0: none yet
};

}  // namespace stirbar
