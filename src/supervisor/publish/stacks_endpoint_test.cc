#include "supervisor/publish/stacks_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

constexpr uint64_t kMs = 1'000'000;

class FakeStacks : public StackSource {
 public:
  std::vector<WorkerStacks> Read(const Sample& sample, std::optional<uint32_t> pid) override {
    ++reads;
    std::vector<WorkerStacks> stacks;
    for (const WorkerSample& worker : sample.workers) {
      if (pid && worker.pid != *pid) continue;
      WorkerStacks of_worker;
      of_worker.slot = worker.slot;
      of_worker.pid = worker.pid;
      of_worker.lock_locked = true;
      of_worker.lock_holder = worker.pid;
      ThreadStack thread;
      thread.thread = worker.pid;
      thread.name = "gunicorn";
      thread.state = 'S';
      thread.holds_lock = true;
      thread.waits_for = "sleep";
      thread.quality = StackQuality::kExact;
      thread.frames = {{"hang", "/srv/app.py", 42}, {"<module>", "/srv/app.py", 0}};
      thread.request = sample.in_flight.front();
      thread.route = "GET /item/<int:id>";
      ThreadStack other;
      other.quality = StackQuality::kApproximate;
      other.reason = "the thread runs: no two reads agreed";
      of_worker.threads = {thread, other};
      stacks.push_back(of_worker);
    }
    return stacks;
  }
  int reads = 0;
};

class StacksEndpointTest : public testing::Test {
 protected:
  HttpResponse Get(const std::string& query = "", uint64_t now_ms = 0) {
    return endpoint_.Answer("/api/v1/stacks" + query, *snapshot_, (1000 + now_ms) * kMs);
  }

  std::shared_ptr<Snapshot> snapshot_ = MakeTestSnapshot();
  FakeStacks stacks_;
  StacksEndpoint endpoint_{&stacks_};
};

TEST_F(StacksEndpointTest, ShowsThreadsFramesAndRequests) {
  snapshot_->sample.in_flight.front().index = 3;
  snapshot_->sample.in_flight.front().started_ns = 77;
  const HttpResponse response = Get("?pid=4712");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Type"), "application/json");
  EXPECT_EQ(response.Header("Cache-Control"), "no-store");
  const auto root = boost::json::parse(std::string(response.body)).as_object();
  EXPECT_TRUE(root.contains("time"));
  ASSERT_EQ(root.at("workers").as_array().size(), 1U);
  const auto& worker = root.at("workers").as_array()[0].as_object();
  EXPECT_EQ(worker.at("slot"), 1);
  EXPECT_EQ(worker.at("pid"), 4712);
  EXPECT_EQ(worker.at("unavailable"), "");
  EXPECT_EQ(worker.at("lock_locked"), true);
  EXPECT_EQ(worker.at("lock_holder"), 4712);
  const auto expected = boost::json::parse(R"([
    {"thread": 4712, "name": "gunicorn", "state": "S", "holds_lock": true, "waits_for": "sleep",
     "quality": "exact", "reason": "",
     "frames": [{"function": "hang", "file": "/srv/app.py", "line": 42},
                {"function": "<module>", "file": "/srv/app.py", "line": null}],
     "request": {"id": "1:3:77", "route": "GET /item/<int:id>", "age_seconds": 3.2,
                 "phase": "handling", "activity": "sql"}},
    {"thread": null, "name": "", "state": "?", "holds_lock": false, "waits_for": "",
     "quality": "approximate", "reason": "the thread runs: no two reads agreed", "frames": [],
     "request": null}])");
  EXPECT_EQ(worker.at("threads"), expected);
}

TEST_F(StacksEndpointTest, NamesValueAndRangeOfABadPid) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"0", "0"},
                                                       {"-1", "-1"},
                                                       {"x", "x"},
                                                       {"4194305", "4194305"},
                                                       {"9999999999", "9999999999"},
                                                       {"1.0", "1.0"},
                                                       {"1%20", "1 "},
                                                       {"+1", " 1"},
                                                       {"%2B1", "+1"}};
  for (const auto& [sent, bad] : cases) {
    const HttpResponse response = Get(std::string("?pid=") + sent);
    EXPECT_EQ(response.status, 400) << sent;
    EXPECT_THAT(std::string(response.body), HasSubstr("pid: '" + std::string(bad) + "'"));
    EXPECT_THAT(std::string(response.body), HasSubstr("whole number from 1 to 4194304"));
  }
  EXPECT_EQ(stacks_.reads, 0);
}

TEST_F(StacksEndpointTest, ListsTheWorkersWhereThePidIsNone) {
  const HttpResponse response = Get("?pid=1");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(std::string(response.body), HasSubstr("the workers are 4711, 4712"));
  snapshot_->sample.workers.clear();
  EXPECT_THAT(std::string(Get("?pid=1").body), HasSubstr("there is no worker"));
}

TEST_F(StacksEndpointTest, RepeatsTheAnswerFor250Ms) {
  const std::string first(Get().body);
  EXPECT_EQ(Get("", 249).body, first);
  EXPECT_EQ(Get("?x=1", 249).body, first);
  EXPECT_EQ(stacks_.reads, 1);
  Get("", 250);
  EXPECT_EQ(stacks_.reads, 2);
}

TEST_F(StacksEndpointTest, ReadsAtMostFourTimesASecond) {
  EXPECT_EQ(Get("", 0).status, 200);
  EXPECT_EQ(Get("?pid=4711", 1).status, 200);
  EXPECT_EQ(Get("?pid=4712", 2).status, 200);
  EXPECT_EQ(Get("", 300).status, 200);
  const HttpResponse refused = Get("?pid=4711", 310);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Header("Retry-After"), "1");
  EXPECT_EQ(Get("", 311).status, 200) << "what is kept is still given";
  EXPECT_EQ(stacks_.reads, 4);
  EXPECT_EQ(Get("?pid=4711", 1000).status, 200);
}

TEST_F(StacksEndpointTest, WithoutASourceThereAreNone) {
  StacksEndpoint none(nullptr);
  EXPECT_EQ(none.Answer("/api/v1/stacks", *snapshot_, kMs).status, 503);
}

}  // namespace
}  // namespace stirbar
