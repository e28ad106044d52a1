#include "supervisor/publish/sink_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SinkConfigTest : public testing::Test {
 protected:
  SinkConfigTest() {
    std::filesystem::create_directories(folder_);
    WriteSecret("secret", 0600);
  }
  ~SinkConfigTest() override { std::filesystem::remove_all(folder_); }

  void WriteSecret(const std::string& name, mode_t mode) const {
    std::ofstream(folder_ + "/" + name) << "hush-hush\n";
    chmod((folder_ + "/" + name).c_str(), mode);
  }

  Result<std::vector<SinkOptions>> Load(const std::string& text) const {
    toml::parse_result parsed = toml::parse(std::string_view(text));
    EXPECT_TRUE(parsed);
    return LoadSinks({folder_ + "/stirbar.toml", std::move(parsed).table()});
  }

  std::string ErrorOf(const std::string& text) const {
    const auto loaded = Load(text);
    return loaded ? "" : loaded.error();
  }

  const std::string folder_ = testing::TempDir() + "stirbar-sinks-" + std::to_string(getpid());
};

TEST_F(SinkConfigTest, AllKinds) {
  const auto sinks = Load(R"(
[[sinks]]
kind = "log"
[[sinks]]
name = "ops"
kind = "webhook"
url = "https://hooks.example/secret-path"
format = "slack"
secret_file = "secret"
severities = ["critical"]
components = ["memory", "pool*"]
send_resolved = false
timeout_seconds = 2.5
retry_max_seconds = 60
[[sinks]]
kind = "email"
server = "mail.example:587"
user = "stirbar"
password_file = "secret"
from = "Stirbar <stirbar@shop.example>"
to = ["ops@shop.example"]
[[sinks]]
kind = "alertmanager"
url = "http://127.0.0.1:9093/"
[[sinks]]
kind = "command"
command = ["/usr/bin/logger", "-t", "stirbar"]
)");
  ASSERT_TRUE(sinks) << sinks.error();
  ASSERT_THAT(*sinks, SizeIs(5));
  EXPECT_EQ((*sinks)[0].name, "log");
  const SinkOptions& ops = (*sinks)[1];
  EXPECT_EQ(ops.secret, "hush-hush");
  EXPECT_EQ(ops.format, WebhookFormat::kSlack);
  EXPECT_THAT(ops.severities, ElementsAre(Status::kCritical));
  EXPECT_THAT(ops.components, ElementsAre("memory", "pool*"));
  EXPECT_FALSE(ops.send_resolved);
  EXPECT_EQ(ops.timeout, std::chrono::milliseconds(2500));
  EXPECT_EQ(TargetOf(ops), "https://hooks.example");
  EXPECT_EQ((*sinks)[2].security, MailSecurity::kStartTls);
  EXPECT_EQ((*sinks)[2].password, "hush-hush");
  EXPECT_EQ(TargetOf((*sinks)[2]), "1 recipient by mail.example:587");
  EXPECT_EQ((*sinks)[3].url, "http://127.0.0.1:9093");
  EXPECT_EQ(TargetOf((*sinks)[4]), "/usr/bin/logger");
}

TEST_F(SinkConfigTest, WhatIsWrongIsNamedWithItsPlace) {
  const std::string head = "[[sinks]]\nkind = ";
  EXPECT_THAT(ErrorOf("[[sinks]]\nname = \"x\""),
              testing::AllOf(HasSubstr("stirbar.toml:1:"), HasSubstr("'kind' is missing")));
  EXPECT_THAT(ErrorOf(head + "\"pager\""),
              HasSubstr("2:8: sinks: 'kind' 'pager' is not allowed; it takes log, webhook"));
  EXPECT_THAT(ErrorOf(head + "\"log\"\nurl = \"https://a.example\""),
              HasSubstr("3:7: sinks: 'url' is not known of a sink of kind log"));
  EXPECT_THAT(ErrorOf(head + "\"webhook\""), HasSubstr("'url' or 'url_file' is needed"));
  EXPECT_THAT(ErrorOf(head + "\"webhook\"\nurl = \"ftp://a.example/x\""),
              HasSubstr("'url' is no URL that begins with https:// or http://"));
  EXPECT_THAT(ErrorOf(head + "\"webhook\"\nurl = \"https://u:p@a.example\""),
              HasSubstr("use token_file"));
  EXPECT_THAT(ErrorOf(head + "\"webhook\"\nurl = \"https://a.example\"\nsecret_file = \"none\""),
              HasSubstr("'secret_file' : open"));
  EXPECT_THAT(ErrorOf(head + "\"log\"\nseverities = [\"info\"]"), HasSubstr("'info'"));
  EXPECT_THAT(ErrorOf(head + "\"log\"\ntimeout_seconds = 600"), HasSubstr("from 1 to 60"));
  EXPECT_THAT(ErrorOf(head + "\"log\"\nsend_resolved = 1"), HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf(head + "\"log\"\n" + head + "\"log\""), HasSubstr("is there already"));
  EXPECT_THAT(ErrorOf(head + "\"command\"\ncommand = \"rm\""), HasSubstr("takes a list"));
  EXPECT_THAT(ErrorOf("sinks = 3"), HasSubstr("[[sinks]]"));
  const std::string mail = head + "\"email\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\n";
  EXPECT_THAT(ErrorOf(mail), HasSubstr("'server' is missing"));
  EXPECT_THAT(ErrorOf(mail + "server = \"mail.example\""), HasSubstr("HOST:PORT"));
  EXPECT_THAT(ErrorOf(mail + "server = \"m.example:25\"\nuser = \"u\""), HasSubstr("together"));
  EXPECT_THAT(ErrorOf(mail + "server = \"m.example:25\"\ntls = \"none\"\nuser = \"u\"\n" +
                      "password_file = \"secret\""),
              HasSubstr("readable over the network"));
  EXPECT_THAT(ErrorOf(mail + "server = \"m.example:25\"\ntls = \"ssl\""), HasSubstr("starttls"));
  // A secret URL is in no message.
  EXPECT_THAT(ErrorOf(head + "\"webhook\"\nurl = \"https://a.example/T0 secret\""),
              testing::Not(HasSubstr("T0")));
}

TEST_F(SinkConfigTest, ASecretThatEverybodyReadsIsRefused) {
  WriteSecret("open", 0644);
  EXPECT_THAT(
      ErrorOf("[[sinks]]\nkind=\"webhook\"\nurl=\"https://a.example\"\nsecret_file=\"open\""),
      HasSubstr("chmod o-r"));
}

TEST_F(SinkConfigTest, Environment) {
  setenv("STIRBAR_WEBHOOK_URL", "https://hooks.example/x", 1);
  setenv("STIRBAR_WEBHOOK_FORMAT", "discord", 1);
  setenv("STIRBAR_WEBHOOK_SECRET_FILE", (folder_ + "/secret").c_str(), 1);
  setenv("STIRBAR_ALERTMANAGER_URL", "http://127.0.0.1:9093/", 1);
  const auto sinks = Load("");
  ASSERT_TRUE(sinks) << sinks.error();
  ASSERT_THAT(*sinks, SizeIs(2));
  EXPECT_EQ((*sinks)[0].format, WebhookFormat::kDiscord);
  EXPECT_EQ((*sinks)[0].secret, "hush-hush");
  EXPECT_EQ((*sinks)[1].url, "http://127.0.0.1:9093");
  setenv("STIRBAR_WEBHOOK_FORMAT", "teams", 1);
  EXPECT_THAT(ErrorOf(""), HasSubstr("STIRBAR_WEBHOOK_FORMAT: 'teams' is not allowed"));
  setenv("STIRBAR_WEBHOOK_URL", "nonsense", 1);
  EXPECT_THAT(ErrorOf(""), HasSubstr("STIRBAR_WEBHOOK_URL is no URL"));
  for (const char* const name : {"STIRBAR_WEBHOOK_URL", "STIRBAR_WEBHOOK_FORMAT",
                                 "STIRBAR_WEBHOOK_SECRET_FILE", "STIRBAR_ALERTMANAGER_URL"}) {
    unsetenv(name);
  }
  const auto none = Load("");
  ASSERT_TRUE(none);
  EXPECT_THAT(*none, IsEmpty());
}

}  // namespace
}  // namespace stirbar
