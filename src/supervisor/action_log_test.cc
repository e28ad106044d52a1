#include "supervisor/action_log.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

class Recorded : public RecordSink {
 public:
  void Record(const HistoryRecord& record) override { records.push_back(record); }
  std::vector<HistoryRecord> records;
};

TEST(ActionLog, ARunningActionIsRememberedOnceWhenItIsOver) {
  Recorded history;
  ActionLog log(history);
  ActionSample action{.kind = ActionKind::kCleanup, .state = ActionState::kRunning};
  action.reason = "memory 83 %";
  action.number = log.Add(action);
  EXPECT_TRUE(history.records.empty());
  action.state = ActionState::kDone;
  action.effect = "12 MB given back";
  log.Update(action);
  log.Update(action);
  ASSERT_EQ(history.records.size(), 1u);
  EXPECT_EQ(history.records[0].text, "done: memory 83 %; 12 MB given back");
  ASSERT_EQ(log.Newest().size(), 1u);
  EXPECT_EQ(log.Newest()[0].state, ActionState::kDone);
}

TEST(ActionLog, KeepsTheNewest) {
  Recorded history;
  ActionLog log(history);
  for (size_t i = 0; i < kActionsShown + 5; ++i) log.Add({.state = ActionState::kWithheld});
  EXPECT_EQ(history.records.size(), kActionsShown + 5);
  ASSERT_EQ(log.Newest().size(), kActionsShown);
  EXPECT_EQ(log.Newest().front().number, 6u);
}

}  // namespace
}  // namespace stirbar
