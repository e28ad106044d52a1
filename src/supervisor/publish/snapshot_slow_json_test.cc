#include "supervisor/publish/snapshot_slow_json.h"

#include <gtest/gtest.h>

#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

namespace json = boost::json;

class Written {
 public:
  Written(const Sample& sample, size_t most_bytes) {
    JsonWriter writer;
    writer.BeginObject();
    left_out = WriteSlowRequests(sample, most_bytes, SIZE_MAX, &writer);
    writer.EndObject();
    text = writer.Take();
    rows = json::parse(text).at("slow_requests").as_array();
  }

  SlowLeftOut left_out;
  std::string text;
  json::array rows;
};

Sample DeepStacks(size_t requests, size_t frames) {
  Sample sample;
  for (size_t i = 0; i < requests; ++i) {
    SlowRequestSample& request = sample.slow_requests.emplace_back(MakeSlowRequest(i + 1));
    request.stack.clear();
    for (size_t frame = 0; frame < frames; ++frame) {
      request.stack.push_back({"f" + std::to_string(frame), "/srv/shop/app.py", 1});
    }
  }
  return sample;
}

TEST(SnapshotSlowJson, ShowsAllThatIsKnown) {
  const Written made(MakeTestSnapshot()->sample, 100'000);
  ASSERT_EQ(made.rows.size(), 1U);
  const json::value& row = made.rows.front();
  EXPECT_EQ(row.at("id").as_string(), "1:3:81210567890123");
  EXPECT_EQ(row.at("status").as_int64(), 200);
  EXPECT_NEAR(row.at("parts").at("sql").as_double(), 5.1, 1e-9);
  EXPECT_EQ(row.at("calls").at("sql").as_int64(), 12);
  EXPECT_EQ(row.at("statements").at(0).at("text").as_string(), "SELECT * FROM item WHERE id = ?");
  EXPECT_EQ(row.at("stack").at(0).at("line").as_int64(), 41);
  EXPECT_EQ(row.at("lock_holder").as_int64(), 4712);
}

TEST(SnapshotSlowJson, RaisedAndRunningOnesHaveNoStatus) {
  Sample sample = DeepStacks(1, 1);
  sample.slow_requests[0].status = 0;
  sample.slow_requests[0].running = true;
  sample.slow_requests[0].response_bytes.reset();
  sample.slow_requests[0].lock_holder.reset();
  const Written made(sample, 100'000);
  EXPECT_TRUE(made.rows[0].at("status").is_null());
  EXPECT_TRUE(made.rows[0].at("response_bytes").is_null());
  EXPECT_TRUE(made.rows[0].at("lock_holder").is_null());
}

TEST(SnapshotSlowJson, ADeepStackLosesItsMiddle) {
  const Written made(DeepStacks(1, 1000), 100'000);
  const json::array& stack = made.rows[0].at("stack").as_array();
  ASSERT_EQ(stack.size(), kFramesShown);
  EXPECT_EQ(stack.front().at("function").as_string(), "f0");
  EXPECT_EQ(stack.back().at("function").as_string(), "f999");
  const json::value& gap = stack[kFramesShown - 17];
  EXPECT_EQ(gap.at("function").as_string(), "(937 frames left out)");
  EXPECT_EQ(gap.at("file").as_string(), "");
  const Written whole(DeepStacks(1, kFramesShown), 100'000);
  EXPECT_EQ(whole.rows[0].at("stack").as_array().back().at("function").as_string(), "f63");
}

TEST(SnapshotSlowJson, TheOldestLoseTheirStacksFirstAndThenTheirPlace) {
  const Sample sample = DeepStacks(100, 60);
  const Written made(sample, 64 * 1024);
  EXPECT_LT(made.text.size(), 65U * 1024);
  EXPECT_GT(made.left_out.details, 0U);
  EXPECT_GT(made.left_out.requests, 0U);
  EXPECT_EQ(made.rows.size() + made.left_out.requests, 100U);
  EXPECT_EQ(made.rows.back().at("id").as_string(), "1:3:100");  // the newest
  EXPECT_EQ(made.rows.back().at("stack").as_array().size(), 60U);
  EXPECT_TRUE(made.rows.front().at("stack").as_array().empty());
  bool whole = false;
  for (const json::value& row : made.rows) {
    const bool has_stack = !row.at("stack").as_array().empty();
    EXPECT_TRUE(has_stack || !whole) << "an older one is shown better than a newer one";
    whole = has_stack;
  }
}

TEST(SnapshotSlowJson, NothingIsLeftOutOfFew) {
  const Written made(DeepStacks(5, 20), 64 * 1024);
  EXPECT_EQ(made.left_out.details, 0U);
  EXPECT_EQ(made.left_out.requests, 0U);
  EXPECT_TRUE(Written(Sample{}, 1000).rows.empty());
}

}  // namespace
}  // namespace stirbar
