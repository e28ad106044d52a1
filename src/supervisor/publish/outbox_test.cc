#include "supervisor/publish/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

namespace stirbar {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

AlertNews MakeNews(NewsKind kind, const std::string& id) {
  AlertNews news;
  news.kind = kind;
  news.id = id;
  news.finding.rule = id;
  news.finding.component = "memory";
  news.finding.message = id + " is bad";
  return news;
}

AlertNotice MakeNotice(NewsKind kind, const std::string& id) {
  AlertNotice notice;
  notice.app = "shop";
  notice.group = "memory";
  notice.wall_ns = 1'800'000'000'000'000'000;
  notice.news = {MakeNews(kind, id)};
  return notice;
}

// What a receiver has got. It can be told to be down, or to refuse.
struct Receiver {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> got;  // ids
  std::vector<std::string> keys;
  std::vector<uint64_t> dropped;
  std::vector<uint32_t> attempts;
  SinkOutcome::Kind answer = SinkOutcome::Kind::kDelivered;
  bool holds = false;  // does not answer
  uint32_t asked = 0;

  void Answer(SinkOutcome::Kind kind) {
    const std::lock_guard lock(mutex);
    answer = kind;
  }
  void WaitForAttempts(uint32_t count) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, seconds(30), [&] { return asked >= count; }));
  }
};

class FakeSink : public AlertSink {
 public:
  explicit FakeSink(Receiver& receiver) : receiver_(receiver) {}
  SinkOutcome Send(const AlertNotice& notice, const SinkAttempt& attempt) override {
    std::unique_lock lock(receiver_.mutex);
    ++receiver_.asked;
    receiver_.changed.notify_all();
    while (receiver_.holds && !attempt.stop) receiver_.changed.wait_for(lock, milliseconds(5));
    if (attempt.stop) return {SinkOutcome::Kind::kFailed, "ends", {}};
    if (receiver_.answer != SinkOutcome::Kind::kDelivered) {
      return {receiver_.answer, "it is down", {}};
    }
    receiver_.got.push_back(notice.news.front().id);
    receiver_.keys.push_back(notice.key);
    receiver_.dropped.push_back(attempt.dropped);
    receiver_.attempts.push_back(attempt.number);
    return {};
  }

 private:
  Receiver& receiver_;
};

class OutboxTest : public testing::Test {
 protected:
  OutboxTest() { fs::remove_all(options_.folder); }
  ~OutboxTest() override {
    box_.reset();
    fs::remove_all(options_.folder);
  }

  void Start() {
    box_.reset();
    std::vector<OutboxSink> sinks;
    for (auto& [name, receiver] : receivers_) {
      OutboxSink sink;
      sink.options.name = name;
      sink.options.longest_pause = milliseconds(20);
      sink.sink = std::make_unique<FakeSink>(*receiver);
      sinks.push_back(std::move(sink));
    }
    box_ = std::make_unique<Outbox>(options_, std::move(sinks));
  }

  std::vector<AlertNotice> Tell(NewsKind kind, const std::string& id) {
    return box_->Commit({{"newest", id}}, {MakeNotice(kind, id)});
  }

  OutboxOptions options_{testing::TempDir() + "stirbar-outbox-" + std::to_string(getpid()), "shop"};
  Receiver ops_;
  std::map<std::string, Receiver*> receivers_{{"ops", &ops_}};
  std::unique_ptr<Outbox> box_;
};

TEST_F(OutboxTest, DeliversInOrder) {
  Start();
  for (int i = 0; i < 50; ++i) Tell(NewsKind::kFiring, "a" + std::to_string(i));
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  ASSERT_THAT(ops_.got, SizeIs(50));
  for (size_t i = 0; i < 50; ++i) EXPECT_EQ(ops_.got[i], "a" + std::to_string(i));
  const std::set<std::string> keys(ops_.keys.begin(), ops_.keys.end());
  EXPECT_THAT(keys, SizeIs(50));
  AlertingSample sample;
  box_->Fill(&sample);
  EXPECT_EQ(sample.sinks[0].delivered, 50U);
  EXPECT_EQ(sample.outbox_messages, 0U);
  EXPECT_EQ(sample.outbox_trouble, "");
}

TEST_F(OutboxTest, WhatASinkMissesItGetsLaterAndOthersAtOnce) {
  Receiver mail;
  receivers_["mail"] = &mail;
  ops_.Answer(SinkOutcome::Kind::kFailed);
  Start();
  for (const char* const id : {"a", "b", "c"}) Tell(NewsKind::kFiring, id);
  ops_.WaitForAttempts(3);
  AlertingSample sample;
  for (int i = 0; i < 1000 && sample.outbox_messages != 3; ++i) {
    box_->Fill(&sample);
    usleep(1000);
  }
  EXPECT_EQ(sample.sinks[1].name, "ops");
  EXPECT_EQ(sample.sinks[1].waiting, 3U);
  EXPECT_EQ(sample.sinks[1].last_error, "it is down");
  EXPECT_GT(sample.sinks[1].failing_seconds, 0);
  EXPECT_EQ(sample.sinks[0].waiting, 0U);
  EXPECT_THAT(mail.got, ElementsAre("a", "b", "c"));
  ops_.Answer(SinkOutcome::Kind::kDelivered);
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  EXPECT_THAT(ops_.got, ElementsAre("a", "b", "c"));
  box_->Fill(&sample);
  EXPECT_EQ(sample.sinks[1].failing_seconds, 0);
  EXPECT_EQ(sample.sinks[1].last_error, "");
}

TEST_F(OutboxTest, TheNextSupervisorGoesOnWithTheSameKeys) {
  ops_.Answer(SinkOutcome::Kind::kFailed);
  Start();
  std::vector<std::string> keys;
  for (const char* const id : {"a", "b", "c"}) {
    keys.push_back(Tell(NewsKind::kFiring, id)[0].key);
  }
  ops_.WaitForAttempts(2);
  ops_.Answer(SinkOutcome::Kind::kDelivered);
  Start();
  EXPECT_EQ(box_->restored(), (boost::json::object{{"newest", "c"}}));
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  EXPECT_THAT(ops_.got, ElementsAre("a", "b", "c"));
  EXPECT_EQ(ops_.keys, keys);
  EXPECT_GE(ops_.attempts[0], 3U);  // those of before count
  // And with other keys for what is new.
  const std::string key = Tell(NewsKind::kFiring, "d")[0].key;
  EXPECT_THAT(keys, testing::Not(testing::Contains(key)));
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  Start();
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  EXPECT_THAT(ops_.got, SizeIs(4));  // nothing twice
}

// A supervisor that ends while the receiver thinks: the message may or may not have been taken.
TEST_F(OutboxTest, WhatWasOnTheWireIsSentAgainUnderItsKey) {
  ops_.holds = true;
  Start();
  const std::string key = Tell(NewsKind::kFiring, "a")[0].key;
  ops_.WaitForAttempts(1);
  box_.reset();
  ops_.holds = false;
  Start();
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  EXPECT_THAT(ops_.keys, ElementsAre(key));
  EXPECT_THAT(ops_.attempts, ElementsAre(2U));
}

TEST_F(OutboxTest, WhatIsNeverTakenIsGivenUpAndHoldsUpNobody) {
  ops_.Answer(SinkOutcome::Kind::kRefused);
  Start();
  Tell(NewsKind::kFiring, "a");
  ops_.WaitForAttempts(kRefusedAttempts);
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  ops_.Answer(SinkOutcome::Kind::kDelivered);
  Tell(NewsKind::kFiring, "b");
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  EXPECT_THAT(ops_.got, ElementsAre("b"));
  const std::vector<Delivery> deliveries = box_->TakeDeliveries();
  std::vector<std::string> ends;
  for (const Delivery& delivery : deliveries) ends.emplace_back(Name(delivery.outcome));
  EXPECT_THAT(ends, ElementsAre("waiting", "refused", "waiting", "delivered"));
  AlertingSample sample;
  box_->Fill(&sample);
  EXPECT_EQ(sample.sinks[0].refused, 1U);
}

TEST_F(OutboxTest, TooMuchCollapsesFirstAndIsDroppedThenAndSaidSo) {
  options_.most_messages = 4;
  ops_.Answer(SinkOutcome::Kind::kFailed);
  Start();
  Tell(NewsKind::kFiring, "a");
  ops_.WaitForAttempts(1);
  Tell(NewsKind::kFiring, "b");
  Tell(NewsKind::kResolved, "b");
  for (const char* const id : {"c", "d", "e", "f"}) Tell(NewsKind::kFiring, id);
  AlertingSample sample;
  for (int i = 0; i < 3000 && sample.sinks.empty(); ++i) {
    box_->Fill(&sample);
    if (sample.sinks[0].dropped == 0) sample.sinks.clear();
    usleep(1000);
  }
  ASSERT_THAT(sample.sinks, SizeIs(1));
  EXPECT_EQ(sample.collapsed, 1U);
  EXPECT_EQ(sample.sinks[0].dropped, 1U);
  ops_.Answer(SinkOutcome::Kind::kDelivered);
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  EXPECT_THAT(ops_.got, SizeIs(4));
  EXPECT_EQ(ops_.got.back(), "f");
  EXPECT_EQ(std::count(ops_.got.begin(), ops_.got.end(), "b"), 0);
  // Said once.
  EXPECT_EQ(std::count(ops_.dropped.begin(), ops_.dropped.end(), 1U), 1);
}

TEST_F(OutboxTest, WithoutAFileItGoesOnInMemoryAndSaysSo) {
  options_.folder = "/proc/self/nothing";
  Start();
  EXPECT_THAT(box_->remark(), testing::HasSubstr("in memory only"));
  Tell(NewsKind::kFiring, "a");
  ASSERT_TRUE(box_->WaitUntilEmpty(seconds(30)));
  EXPECT_THAT(ops_.got, ElementsAre("a"));
  AlertingSample sample;
  box_->Fill(&sample);
  EXPECT_THAT(sample.outbox_trouble, testing::HasSubstr("/proc/self/nothing"));
  options_.folder = testing::TempDir() + "stirbar-outbox-none";
}

TEST_F(OutboxTest, OnlyWhatASinkWantsGoesToIt) {
  box_.reset();
  SinkOptions options;
  options.severities = {Status::kCritical};
  options.components = {"mem*"};
  options.send_resolved = false;
  AlertNews news = MakeNews(NewsKind::kFiring, "a");
  EXPECT_FALSE(Wants(options, news));
  news.finding.severity = Status::kCritical;
  EXPECT_TRUE(Wants(options, news));
  news.finding.component = "cpu";
  EXPECT_FALSE(Wants(options, news));
  news.finding.component = "memory";
  news.kind = NewsKind::kResolved;
  EXPECT_FALSE(Wants(options, news));
  options.send_resolved = true;
  EXPECT_TRUE(Wants(options, news));
  news.finding.severity = Status::kWarning;
  EXPECT_FALSE(Wants(options, news));
  news.worst = Status::kCritical;
  EXPECT_TRUE(Wants(options, news));
  news.kind = NewsKind::kTest;
  news.finding.component = "test";
  EXPECT_TRUE(Wants(options, news));
}

TEST(OutboxQueue, WhatCameAndWentCollapses) {
  const auto message = [](std::vector<AlertNews> news, uint64_t number) {
    auto notice = std::make_shared<AlertNotice>();
    notice->news = std::move(news);
    notice->number = number;
    return OutboxMessage{notice, 0, 100};
  };
  OutboxQueue queue{
      message({MakeNews(NewsKind::kFiring, "a")}, 1),
      message({MakeNews(NewsKind::kFiring, "b"), MakeNews(NewsKind::kFiring, "c")}, 2),
      message({MakeNews(NewsKind::kResolved, "a"), MakeNews(NewsKind::kRepeat, "b")}, 3),
      message({MakeNews(NewsKind::kResolved, "b")}, 4)};
  std::vector<uint64_t> emptied;
  EXPECT_EQ(CollapseEpisodes(&queue, 1, &emptied), 1U);  // a's beginning is on the wire
  EXPECT_THAT(emptied, ElementsAre(4U));
  ASSERT_THAT(queue, SizeIs(3));
  EXPECT_THAT(queue[1].notice->news, SizeIs(1));
  EXPECT_EQ(queue[1].notice->news[0].id, "c");
  EXPECT_EQ(queue[2].notice->news[0].id, "a");
  EXPECT_EQ(CollapseEpisodes(&queue, 1, &emptied), 0U);
}

TEST(OutboxQueue, PausesDoubleUpToTheLongest) {
  const milliseconds longest{300'000};
  EXPECT_EQ(OutboxPause(1, longest, 0, seconds(0)), seconds(1));
  EXPECT_EQ(OutboxPause(2, longest, 0, seconds(0)), seconds(2));
  EXPECT_EQ(OutboxPause(9, longest, 0, seconds(0)), seconds(256));
  EXPECT_EQ(OutboxPause(10, longest, 0, seconds(0)), seconds(300));
  EXPECT_EQ(OutboxPause(4'000'000'000, longest, 0, seconds(0)), seconds(300));
  EXPECT_EQ(OutboxPause(1, longest, 1, seconds(0)), milliseconds(750));
  EXPECT_EQ(OutboxPause(1, longest, 0, seconds(30)), seconds(30));
  EXPECT_EQ(OutboxPause(1, longest, 0, seconds(86'400)), seconds(3600));
}

}  // namespace
}  // namespace stirbar
