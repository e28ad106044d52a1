#include "load_generator/target.h"

#include <gmock/gmock.h>

namespace stirbar {
namespace {

TEST(Target, TakesLoopbackAddresses) {
  EXPECT_EQ(ParseTarget("127.0.0.1:8000")->port, 8000);
  EXPECT_EQ(ParseTarget("http://localhost:8000/")->address, "127.0.0.1");
  EXPECT_EQ(ParseTarget("localhost:8000")->authority, "localhost:8000");
  EXPECT_EQ(ParseTarget("[::1]:80")->address, "::1");
  EXPECT_EQ(ParseTarget("127.8.8.8:1")->address, "127.8.8.8");
}

TEST(Target, RefusesEverybodyElse) {
  for (const char* text : {"0.0.0.0:80", "192.0.2.1:80", "[2001:db8::1]:80", "example.com:80",
                           "localhost.example.com:80", "127.1:80"}) {
    EXPECT_THAT(ParseTarget(text).error(), testing::HasSubstr("loopback")) << text;
  }
}

TEST(Target, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000",
                           "127.0.0.1:80x", "http://127.0.0.1:80/path"}) {
    EXPECT_FALSE(ParseTarget(text)) << text;
  }
}

}  // namespace
}  // namespace stirbar
