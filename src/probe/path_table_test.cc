#include "probe/path_table.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

constexpr uint32_t kGet = PathTable::Bit(HttpMethod::kGet);
constexpr uint32_t kPost = PathTable::Bit(HttpMethod::kPost);

class PathTableTest : public testing::Test {
 protected:
  PathTableTest() {
    for (const char* rule :
         {"/", "/user/<name>", "/user/me", "/user/<int:number>", "/user/<int:number>/posts",
          "/file/<path:name>", "/file/<path:name>/raw", "/report-<name>.pdf", "/shop/",
          "/any(<any(a, b):x>)", "/<lang>/about", "/static/<path:filename>", "/a/<x>-<y>"}) {
      table_.Add(rule, kGet, {});
    }
    table_.Add("/user/<name>", kPost, {.criticality = Criticality::kBackground});
    table_.Add("/events", kGet, {.long_lived = true});
    table_.Seal();
  }

  std::string Rule(std::string_view path, HttpMethod method = HttpMethod::kGet) {
    const PathTable::Route* const route = table_.Find(method, path);
    return route != nullptr ? route->rule : "";
  }

  PathTable table_;
};

TEST_F(PathTableTest, FindsWhatWerkzeugWouldFind) {
  EXPECT_EQ(Rule("/"), "/");
  EXPECT_EQ(Rule("/user/me"), "/user/me");
  EXPECT_EQ(Rule("/user/7"), "/user/<int:number>");
  EXPECT_EQ(Rule("/user/anna"), "/user/<name>");
  EXPECT_EQ(Rule("/user/7/posts"), "/user/<int:number>/posts");
  EXPECT_EQ(Rule("/file/a/b/c"), "/file/<path:name>");
  EXPECT_EQ(Rule("/file/a/b/raw"), "/file/<path:name>/raw");
  EXPECT_EQ(Rule("/report-may.pdf"), "/report-<name>.pdf");
  EXPECT_EQ(Rule("/de/about"), "/<lang>/about");
  EXPECT_EQ(Rule("/user/about"), "/user/<name>");
  EXPECT_EQ(Rule("/shop/"), "/shop/");
  EXPECT_EQ(Rule("/shop"), "");
  EXPECT_EQ(Rule("/a/1-2"), "/a/<x>-<y>");
  EXPECT_EQ(Rule("/events"), "/events");
}

TEST_F(PathTableTest, UnknownPathsMatchNothing) {
  for (const char* path : {"", "/nowhere", "/user", "/user/7/likes", "/file/", "user/me", "//",
                           "/report-.pdf", "/de/about/us", "/a/-"}) {
    EXPECT_EQ(Rule(path), "") << path;
  }
}

TEST_F(PathTableTest, MethodDecides) {
  EXPECT_EQ(table_.Find(HttpMethod::kPost, "/user/anna")->policy.criticality,
            Criticality::kBackground);
  EXPECT_EQ(table_.Find(HttpMethod::kGet, "/user/anna")->policy.criticality, Criticality::kNormal);
  EXPECT_EQ(Rule("/user/me", HttpMethod::kPost), "/user/<name>");
  EXPECT_EQ(Rule("/", HttpMethod::kDelete), "");
}

TEST_F(PathTableTest, KnowsOfStreams) {
  EXPECT_TRUE(table_.has_long_lived());
  EXPECT_FALSE(PathTable().has_long_lived());
}

TEST_F(PathTableTest, HostilePathEndsSoon) {
  PathTable table;
  table.Add("/<path:a>/x/<path:b>/x/<path:c>/x/<path:d>/end", kGet, {});
  table.Seal();
  std::string path;
  for (int i = 0; i < 2000; ++i) path += "/x";
  EXPECT_EQ(table.Find(HttpMethod::kGet, path), nullptr);
}

TEST_F(PathTableTest, BrokenRuleDoesNoHarm) {
  PathTable table;
  table.Add("/broken/<name", kGet, {});
  table.Add("", kGet, {});
  table.Seal();
  table.Find(HttpMethod::kGet, "/broken/x");
  EXPECT_EQ(table.size(), 2U);
}

}  // namespace
}  // namespace stirbar
