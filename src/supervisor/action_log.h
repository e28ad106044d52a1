// What was done to the app: the newest for the pages, all for the history.
#pragma once

#include <deque>
#include <vector>

#include "supervisor/records.h"

namespace stirbar {

inline constexpr size_t kActionsShown = 50;

// Threads: one. Borrows the history, which must live longer.
class ActionLog : public ActionSink {
 public:
  explicit ActionLog(RecordSink& history) : history_(history) {}

  // An action goes to the history when it is over: at once, or by the Update() that ends it.
  uint64_t Add(ActionSample action) override;
  void Update(const ActionSample& action) override;

  // Newest last, at most kActionsShown.
  std::vector<ActionSample> Newest() const { return {actions_.begin(), actions_.end()}; }
  // Those that are over, by kind and state.
  std::vector<ActionCount> Counts() const { return counts_; }

 private:
  void Remember(const ActionSample& action);

  RecordSink& history_;
  std::deque<ActionSample> actions_;
  std::vector<ActionCount> counts_;
  uint64_t next_number_ = 1;
};

}  // namespace stirbar
