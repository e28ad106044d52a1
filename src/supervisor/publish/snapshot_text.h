// The text of the newest snapshot, made once for all who show it: the HTTP server's clients and the
// segment, where the pages in the Flask app read it.
#pragma once

#include <memory>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// Makes the text of a snapshot once, on first demand, for all who want it.
//
// Threads: the event loop's.
class SnapshotText {
 public:
  std::shared_ptr<const std::string> Get(const std::shared_ptr<const Snapshot>& snapshot);

 private:
  std::shared_ptr<const Snapshot> snapshot_;  // kept, so that its address is not used again
  std::shared_ptr<const std::string> text_;
};

}  // namespace stirbar
