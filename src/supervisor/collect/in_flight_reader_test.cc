#include "supervisor/collect/in_flight_reader.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cmath>
#include <cstring>

namespace stirbar {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kNow = 1'000 * kSecondNs;

std::array<uint64_t, 2> Words(const char* address) {
  in6_addr bytes{};
  EXPECT_EQ(inet_pton(AF_INET6, address, &bytes), 1);
  std::array<uint64_t, 2> words{};
  std::memcpy(words.data(), &bytes, sizeof bytes);
  return words;
}

TEST(InFlightReader, AFreeOneIsNone) {
  const InFlight request{};
  EXPECT_FALSE(ReadInFlight(request, kNow).has_value());
}

TEST(InFlightReader, ReadsAllThatIsKnown) {
  InFlight request{};
  request.started_ns = kNow - 3 * kSecondNs;
  request.phase = static_cast<uint32_t>(RequestPhase::kHandling);
  request.queue_ns = kSecondNs / 2;
  request.queue_source = static_cast<uint32_t>(QueueSource::kSocket);
  request.criticality = static_cast<uint32_t>(Criticality::kSheddable);
  request.deadline_ns = kNow - kSecondNs;
  request.limit_ns = 2 * kSecondNs;
  request.activity = static_cast<uint32_t>(Activity::kSql);
  request.activity_since_ns = kNow - kSecondNs / 4;
  request.connection_since_ns = kNow - 2 * kSecondNs;
  request.python_thread = 99;
  request.parts_ns[static_cast<size_t>(Part::kSql)] = kSecondNs;
  request.part_calls[static_cast<size_t>(Part::kSql)] = 4;
  request.stuck = kStuckRecorded;
  const auto client = Words("::ffff:192.0.2.0");
  request.client[0] = client[0];
  request.client[1] = client[1];
  const auto seen = ReadInFlight(request, kNow);
  ASSERT_TRUE(seen.has_value());
  EXPECT_DOUBLE_EQ(seen->age_seconds, 3);
  EXPECT_EQ(seen->started_ns, kNow - 3 * kSecondNs);
  EXPECT_DOUBLE_EQ(seen->queue_seconds, 0.5);
  EXPECT_EQ(seen->queue_source, QueueSource::kSocket);
  EXPECT_EQ(seen->criticality, Criticality::kSheddable);
  EXPECT_DOUBLE_EQ(seen->deadline_seconds, -1);
  EXPECT_DOUBLE_EQ(seen->limit_seconds, 2);
  EXPECT_EQ(seen->activity, Activity::kSql);
  EXPECT_DOUBLE_EQ(seen->activity_seconds, 0.25);
  EXPECT_DOUBLE_EQ(seen->connection_seconds, 2);
  EXPECT_EQ(seen->python_thread, 99U);
  EXPECT_DOUBLE_EQ(seen->part_seconds[0], 1.25);  // the statement that runs counts so far
  EXPECT_EQ(seen->part_calls[0], 5U);
  EXPECT_EQ(seen->stuck, kStuckRecorded);
  EXPECT_EQ(seen->client, "192.0.2.0");
}

TEST(InFlightReader, WhatIsNotKnownIsNotMeasured) {
  InFlight request{};
  request.started_ns = kNow;
  request.queue_ns = 7;
  const auto seen = ReadInFlight(request, kNow);
  ASSERT_TRUE(seen.has_value());
  EXPECT_TRUE(std::isnan(seen->queue_seconds));
  EXPECT_TRUE(std::isnan(seen->deadline_seconds));
  EXPECT_TRUE(std::isnan(seen->connection_seconds));
  EXPECT_EQ(seen->limit_seconds, 0);
  EXPECT_EQ(seen->client, "");
}

TEST(InFlightReader, ValuesOutOfRangeAreHarmless) {
  InFlight request{};
  request.started_ns = kNow;
  for (HalfWord* const word : {&request.method, &request.phase, &request.queue_source,
                               &request.criticality, &request.activity}) {
    word->store(UINT32_MAX);
  }
  const auto seen = ReadInFlight(request, kNow);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->method, HttpMethod::kOther);
  EXPECT_EQ(seen->phase, RequestPhase::kRouting);
  EXPECT_EQ(seen->queue_source, QueueSource::kNone);
  EXPECT_EQ(seen->criticality, Criticality::kNormal);
  EXPECT_EQ(seen->activity, Activity::kApplication);
}

TEST(InFlightReader, ClientsOfBothFamilies) {
  EXPECT_EQ(ClientText(Words("2001:db8::")), "2001:db8::");
  EXPECT_EQ(ClientText(Words("::ffff:198.51.100.0")), "198.51.100.0");
  EXPECT_EQ(ClientText({0, 0}), "");
}

}  // namespace
}  // namespace stirbar
