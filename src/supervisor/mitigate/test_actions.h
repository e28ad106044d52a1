// Keeps all actions: for tests of mitigators.
#pragma once

#include <utility>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

class TestActions : public ActionSink {
 public:
  uint64_t Add(ActionSample action) override {
    action.number = actions_.size() + 1;
    actions_.push_back(std::move(action));
    return actions_.size();
  }
  void Update(const ActionSample& action) override { actions_.at(action.number - 1) = action; }
  // Newest last.
  const std::vector<ActionSample>& Newest() const { return actions_; }

 private:
  std::vector<ActionSample> actions_;
};

}  // namespace stirbar
