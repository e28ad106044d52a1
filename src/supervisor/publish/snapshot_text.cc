#include "supervisor/publish/snapshot_text.h"

#include "supervisor/publish/snapshot_json.h"

namespace stirbar {

std::shared_ptr<const std::string> SnapshotText::Get(
    const std::shared_ptr<const Snapshot>& snapshot) {
  if (snapshot != snapshot_ || text_ == nullptr) {
    text_ = std::make_shared<const std::string>(SnapshotJson(*snapshot));
    snapshot_ = snapshot;
  }
  return text_;
}

}  // namespace stirbar
