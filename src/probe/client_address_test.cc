#include "probe/client_address.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

TEST(ClientAddress, ReadsBothFamilies) {
  EXPECT_EQ(ParseAddress("192.0.2.7"), ParseAddress("::ffff:192.0.2.7"));
  EXPECT_EQ(ParseAddress("[2001:db8::1]"), ParseAddress("2001:db8:0:0:0:0:0:1"));
  EXPECT_EQ(ParseAddress("fe80::1%eth0"), ParseAddress("fe80::1"));
  EXPECT_NE(ParseAddress("192.0.2.7"), ParseAddress("192.0.2.8"));
}

TEST(ClientAddress, AnythingElseIsUnknown) {
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1..2.3", "1.2.3.",
                           ".1.2.3", "1.2.3.4x", "0001.2.3.4", ":::", "12345::",
                           "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", "x:y"}) {
    EXPECT_EQ(ParseAddress(text), Address{}) << text;
  }
}

TEST(ClientAddress, MaskShowsWhatIsAllowed) {
  EXPECT_EQ(MaskAddress(ParseAddress("192.0.2.7"), 24), ParseAddress("192.0.2.0"));
  EXPECT_EQ(MaskAddress(ParseAddress("192.0.2.7"), 32), ParseAddress("192.0.2.7"));
  EXPECT_EQ(MaskAddress(ParseAddress("192.0.2.7"), 0), Address{});
  EXPECT_EQ(MaskAddress(ParseAddress("192.15.2.7"), 12), ParseAddress("192.0.0.0"));
  EXPECT_EQ(MaskAddress(ParseAddress("2001:db8:1:2::3"), 24), ParseAddress("2001:db8:1::"));
  EXPECT_EQ(MaskAddress({}, 24), Address{});
}

bool Trusts(const TrustedPeers& peers, std::string_view text) {
  return peers.Contain(text, ParseAddress(text));
}

TEST(TrustedPeers, AtFirstThoseOfThisMachine) {
  const TrustedPeers peers;
  for (const char* text : {"127.0.0.1", "127.9.9.9", "::1", "", "localhost"}) {
    EXPECT_TRUE(Trusts(peers, text)) << text;
  }
  for (const char* text : {"192.0.2.1", "2001:db8::1", "::2", "nonsense"}) {
    EXPECT_FALSE(Trusts(peers, text)) << text;
  }
}

TEST(TrustedPeers, ListReplacesThem) {
  TrustedPeers peers;
  peers.Clear();
  EXPECT_FALSE(Trusts(peers, "127.0.0.1"));
  EXPECT_FALSE(Trusts(peers, ""));
  EXPECT_TRUE(peers.Add("192.0.2.0", 24));
  EXPECT_TRUE(peers.Add("2001:db8::", 32));
  EXPECT_TRUE(Trusts(peers, "192.0.2.200"));
  EXPECT_TRUE(Trusts(peers, "::ffff:192.0.2.200"));
  EXPECT_TRUE(Trusts(peers, "2001:db8:5::1"));
  EXPECT_FALSE(Trusts(peers, "192.0.3.1"));
  EXPECT_TRUE(peers.Add("unix", 0));
  EXPECT_TRUE(Trusts(peers, ""));
  EXPECT_TRUE(peers.Add("::", 0));
  EXPECT_TRUE(Trusts(peers, "198.51.100.1"));
}

TEST(TrustedPeers, RefusesWhatIsNoNetwork) {
  TrustedPeers peers;
  EXPECT_FALSE(peers.Add("proxy", 8));
  EXPECT_FALSE(peers.Add("192.0.2.0", 33));
  EXPECT_FALSE(peers.Add("2001:db8::", 129));
  EXPECT_FALSE(peers.Add("192.0.2.0", -1));
}

}  // namespace
}  // namespace stirbar
