#include "supervisor/publish/login_return.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

TEST(LoginReturn, LeadsToThePageThatWasAskedFor) {
  EXPECT_EQ(ReturnPage("/alerts"), "/alerts");
  EXPECT_EQ(ReturnPage("/in-flight"), "/in-flight");
  EXPECT_EQ(LoginAddress("/alerts"), "/login?next=/alerts");
  EXPECT_EQ(ReturnPage("/"), "/");
  EXPECT_EQ(LoginAddress("/"), "/login");
}

TEST(LoginReturn, WhatIsNoPageLeadsToTheFirstOne) {
  for (const std::string_view wanted : {"",
                                        "alerts",
                                        "//evil",
                                        "//evil.example/alerts",
                                        "///evil.example",
                                        "/\\evil",
                                        "\\\\evil",
                                        "/\\/evil.example",
                                        "/%2Fevil",
                                        "/%5Cevil",
                                        "%2F%2Fevil",
                                        "/\t/evil",
                                        "\t//evil",
                                        " /alerts",
                                        "http://evil.example/alerts",
                                        "https:evil",
                                        "javascript:alert(1)",
                                        "/alerts/",
                                        "/alerts/..",
                                        "/alerts//evil",
                                        "/./alerts",
                                        "/alerts?next=//evil",
                                        "/alerts#x",
                                        "/alerts\r\nSet-Cookie: a=b",
                                        "/alerts\"><script>",
                                        "/login",
                                        "/logout",
                                        "/api/v1/settings",
                                        "/health/live",
                                        "/metrics",
                                        "/ALERTS",
                                        "/alerts%00",
                                        "/@evil",
                                        "/alerts@evil"}) {
    EXPECT_EQ(ReturnPage(wanted), "/") << wanted;
    EXPECT_EQ(LoginAddress(wanted), "/login") << wanted;
  }
  EXPECT_EQ(ReturnPage(std::string_view("/alerts\0", 8)), "/");
}

}  // namespace
}  // namespace stirbar
