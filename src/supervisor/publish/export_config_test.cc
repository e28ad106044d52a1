#include "supervisor/publish/export_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace stirbar {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ExportConfigTest : public testing::Test {
 protected:
  ExportConfigTest() {
    std::filesystem::create_directories(folder_);
    Write("secret", "hush-hush", 0600);
  }
  ~ExportConfigTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& line, mode_t mode) const {
    std::ofstream(folder_ + "/" + name) << line << "\n";
    chmod((folder_ + "/" + name).c_str(), mode);
  }

  Result<std::vector<ExportOptions>> Load(const std::string& text) const {
    const Result<ConfigFile> file = ParseConfigFile(folder_ + "/stirbar.toml", text);
    EXPECT_TRUE(file);
    return LoadExports(*file);
  }

  std::string ErrorOf(const std::string& text) const {
    const auto loaded = Load(text);
    return loaded ? "" : loaded.error();
  }

  const std::string folder_ = testing::TempDir() + "stirbar-exports-" + std::to_string(getpid());
};

TEST_F(ExportConfigTest, NoneAreNone) {
  const auto exports = Load("");
  ASSERT_TRUE(exports);
  EXPECT_THAT(*exports, IsEmpty());
}

TEST_F(ExportConfigTest, AllKeys) {
  Write("key", "api-key: k3y", 0600);
  const auto exports = Load(R"(
[[exports]]
name = "collector"
kind = "otlp"
url = "https://otlp.example:4318/"
interval_seconds = 30
timeout_seconds = 2.5
retry_max_seconds = 60
token_file = "secret"
headers = {"X-Scope-OrgID" = "shop"}
headers_file = "key"
[[exports]]
kind = "mysql"
server = "db.example:3306"
database = "metrics"
user = "stirbar"
password_file = "secret"
ssl_ca = "/etc/ssl/db.pem"
resolution_seconds = 10
)");
  ASSERT_TRUE(exports) << exports.error();
  ASSERT_THAT(*exports, SizeIs(2));
  const ExportOptions& otlp = (*exports)[0];
  EXPECT_EQ(otlp.url, "https://otlp.example:4318/v1/metrics");
  EXPECT_EQ(otlp.interval, milliseconds(30'000));
  EXPECT_EQ(otlp.timeout, milliseconds(2500));
  EXPECT_EQ(otlp.longest_pause, milliseconds(60'000));
  EXPECT_THAT(otlp.headers, ElementsAre("Authorization: Bearer hush-hush", "X-Scope-OrgID: shop",
                                        "api-key: k3y"));
  EXPECT_EQ(TargetOf(otlp), "https://otlp.example:4318");
  const ExportOptions& mysql = (*exports)[1];
  EXPECT_EQ(mysql.name, "mysql");
  EXPECT_EQ(mysql.password, "hush-hush");
  EXPECT_EQ(mysql.resolution_seconds, 10U);
  EXPECT_EQ(TargetOf(mysql), "db.example:3306/metrics");
}

TEST_F(ExportConfigTest, AUrlThatIsWholeIsLeftAlone) {
  for (const std::string url :
       {"http://127.0.0.1:4318/v1/metrics", "http://127.0.0.1:4318/otlp?key=1"}) {
    const auto exports = Load("[[exports]]\nkind = \"otlp\"\nurl = \"" + url + "\"\n");
    ASSERT_TRUE(exports);
    EXPECT_EQ(exports->front().url, url);
  }
}

TEST_F(ExportConfigTest, APasswordOfTheEnvironment) {
  const std::string text = R"(
[[exports]]
kind = "mysql"
server = "/run/mysqld/mysqld.sock"
database = "metrics"
user = "stirbar"
password_variable = "STIRBAR_TEST_EXPORT_PASSWORD"
)";
  unsetenv("STIRBAR_TEST_EXPORT_PASSWORD");
  EXPECT_THAT(ErrorOf(text),
              HasSubstr(":7:21: exports: 'password_variable' names a variable that"));
  setenv("STIRBAR_TEST_EXPORT_PASSWORD", "hush-hush", 1);
  const auto exports = Load(text);
  unsetenv("STIRBAR_TEST_EXPORT_PASSWORD");
  ASSERT_TRUE(exports) << exports.error();
  EXPECT_EQ(exports->front().password, "hush-hush");
}

TEST_F(ExportConfigTest, RefusesWithLineAndColumnAndShowsNoSecret) {
  const std::string otlp = "[[exports]]\nkind = \"otlp\"\nurl = \"http://127.0.0.1:4318\"\n";
  const std::string mysql =
      "[[exports]]\nkind = \"mysql\"\ndatabase = \"m\"\nuser = \"u\"\nserver = \"h:1\"\n";
  const auto expect = [&](const std::string& text, const std::string& what) {
    const std::string error = ErrorOf(text);
    EXPECT_THAT(error, HasSubstr(what)) << text;
    EXPECT_THAT(error, HasSubstr("stirbar.toml:")) << text;
    EXPECT_THAT(error, Not(HasSubstr("hush"))) << text;
  };
  expect("exports = 3", ":1:11: exports are written as [[exports]]");
  expect("[[exports]]\nname = \"x\"", "'kind' is missing; it takes otlp, mysql");
  expect("[[exports]]\nkind = \"graphite\"",
         ":2:8: exports: 'kind' 'graphite' is not allowed; it takes otlp, mysql");
  expect(otlp + "user = \"u\"", ":4:8: exports: 'user' is not known of an export of kind otlp");
  expect(mysql + "url = \"u\"", ":6:7: exports: 'url' is not known of an export of kind mysql");
  expect("[[exports]]\nkind = \"otlp\"\nurl = \"hush://x\"", ":3:7: exports: 'url' is no URL");
  expect("[[exports]]\nkind = \"otlp\"\nurl = \"http://u:hush@db.example\"",
         "user or password before");
  expect("[[exports]]\nkind = \"otlp\"\n", "'url' or 'url_file' is needed");
  expect(otlp + "interval_seconds = 0", ":4:20: exports: 'interval_seconds' takes seconds");
  expect(otlp + "headers = {\"a b\" = \"hush\"}", "'headers' holds no header 'Name: value'");
  expect(otlp + "headers = {a = \"hu\\nsh\"}", "'headers' takes texts of one line");
  expect(otlp + "headers_file = \"secret\"", "'headers_file' holds no header");
  expect(otlp + "token_file = \"none\"", "No such file");
  expect(otlp + otlp, ":4:1: exports: the name 'otlp' is there already");
  expect(mysql + "resolution_seconds = 1", "takes one of 10, 60, 600");
  expect("[[exports]]\nkind = \"mysql\"\nuser = \"u\"\nserver = \"h:1\"\ndatabase = \"a`b\"",
         ":5:12: exports: 'database' takes a name");
  expect("[[exports]]\nkind = \"mysql\"\nuser = \"u\"\nserver = \"h\"\ndatabase = \"a\"",
         ":4:10: exports: 'server' takes HOST:PORT");
  expect(mysql + "password_file = \"secret\"\npassword_variable = \"HOME\"", "exclude each other");
  Write("open", "hush-hush", 0644);
  expect(mysql + "password_file = \"open\"", "can be read by everybody");
}

}  // namespace
}  // namespace stirbar
