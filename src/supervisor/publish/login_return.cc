#include "supervisor/publish/login_return.h"

#include <algorithm>
#include <array>

namespace stirbar {
namespace {

// Those of web/src/pages; tests/integration/test_security.py finds one that is missing. No letter
// of them has a meaning in an address or in HTML.
constexpr std::array<std::string_view, 14> kPages{
    "/actions", "/alerts",    "/components", "/connections",     "/events",
    "/history", "/in-flight", "/load",       "/recommendations", "/requests",
    "/routes",  "/settings",  "/stacks",     "/workers"};

}  // namespace

std::string_view ReturnPage(std::string_view wanted) {
  const auto page = std::find(kPages.begin(), kPages.end(), wanted);
  return page != kPages.end() ? *page : "/";
}

std::string LoginAddress(std::string_view wanted) {
  const std::string_view page = ReturnPage(wanted);
  return page == "/" ? "/login" : "/login?next=" + std::string(page);
}

}  // namespace stirbar
