#include "supervisor/publish/sink_bodies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <limits>

#include "supervisor/publish/http_post.h"

namespace stirbar {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

AlertNotice MakeNotice(const std::string& message = "memory at 93 %") {
  AlertNotice notice;
  notice.number = 7;
  notice.key = "0123456789abcdef-7";
  notice.wall_ns = 1'795'450'800'123'000'000;
  notice.app = "shop";
  notice.group = "memory";
  notice.url = "http://127.0.0.1:8800/alerts";
  notice.firing = 1;
  AlertNews news;
  news.id = "memory-1";
  news.finding = {"memory", "memory", Status::kCritical, 3, message, 0.93, 0.9, notice.wall_ns};
  news.fired_wall_ns = notice.wall_ns;
  notice.news = {news};
  return notice;
}

TEST(SinkBodies, OwnSchema) {
  const json::value body = json::parse(WebhookBody(MakeNotice(), 2));
  EXPECT_EQ(body.at("version"), 1);
  EXPECT_EQ(body.at("key"), "0123456789abcdef-7");
  EXPECT_EQ(body.at("status"), "firing");
  EXPECT_EQ(body.at("dropped"), 2);
  EXPECT_EQ(body.at("summary"), "[critical] shop: worker 3: memory at 93 %");
  const json::value& alert = body.at("alerts").at(0);
  EXPECT_EQ(alert.at("event"), "firing");
  EXPECT_EQ(alert.at("worker"), 3);
  EXPECT_EQ(alert.at("fired"), "2026-11-23T16:20:00.123Z");
  EXPECT_TRUE(alert.at("resolved").is_null());
}

TEST(SinkBodies, NoticeSurvivesTheDisk) {
  AlertNotice notice = MakeNotice();
  notice.news[0].kind = NewsKind::kResolved;
  notice.news[0].resolved_wall_ns = notice.wall_ns + 5;
  notice.news[0].finding.value = std::numeric_limits<double>::quiet_NaN();
  const json::object object = ToJson(notice);
  EXPECT_EQ(ToJson(NoticeFromJson(object)), object);
  EXPECT_EQ(StatusOf(NoticeFromJson(object)), "resolved");
}

// Routes and messages come from the app and its clients.
TEST(SinkBodies, TextsOfTheAppCanMentionNobody) {
  const AlertNotice notice = MakeNotice("<!channel> @everyone *x* [a](b) \x01 \xff");
  const json::value slack = json::parse(SlackBody(notice, 0));
  const std::string text(slack.at("attachments").at(0).at("text").as_string());
  EXPECT_THAT(text, HasSubstr("&lt;!channel&gt;"));
  EXPECT_THAT(text, Not(HasSubstr("*x*")));
  const json::value discord = json::parse(DiscordBody(notice, 3));
  EXPECT_TRUE(discord.at("allowed_mentions").at("parse").as_array().empty());
  const std::string content(discord.at("content").as_string());
  EXPECT_THAT(content, HasSubstr("\\@everyone \\*x\\* \\[a\\]\\(b\\)"));
  EXPECT_THAT(content, HasSubstr("3 earlier messages are missing"));
  EXPECT_EQ(discord.at("embeds").at(0).at("color"), 0xc62828);
}

TEST(SinkBodies, DiscordTakesTenEmbeds) {
  AlertNotice notice = MakeNotice(std::string(5000, '*'));
  notice.news.resize(30, notice.news[0]);
  const json::value body = json::parse(DiscordBody(notice, 0));
  EXPECT_EQ(body.at("embeds").as_array().size(), 10U);
  EXPECT_LE(body.at("content").as_string().size(), 2000U);
  // Discord counts 6,000 characters over all embeds.
  size_t sum = 0;
  for (const json::value& embed : body.at("embeds").as_array()) {
    sum += embed.at("title").as_string().size() + embed.at("description").as_string().size();
  }
  EXPECT_LE(sum, 6000U);
}

TEST(SinkBodies, AlertmanagerHearsOfEndsAndOfTheOtherSeverity) {
  AlertNotice notice = MakeNotice();
  const AlertmanagerFrame frame{"shop", notice.url, notice.wall_ns,
                                notice.wall_ns + 240'000'000'000};
  json::value body = json::parse(AlertmanagerBody(notice.news, frame));
  const json::value& alert = body.at(0);
  EXPECT_EQ(alert.at("labels").at("alertname"), "memory");
  EXPECT_EQ(alert.at("labels").at("severity"), "critical");
  EXPECT_EQ(alert.at("labels").at("worker"), "3");
  EXPECT_EQ(alert.at("endsAt"), "2026-11-23T16:24:00.123Z");
  notice.news[0].kind = NewsKind::kSeverity;
  body = json::parse(AlertmanagerBody(notice.news, frame));
  ASSERT_EQ(body.as_array().size(), 2U);
  EXPECT_EQ(body.at(1).at("labels").at("severity"), "warning");
  EXPECT_EQ(body.at(1).at("endsAt"), "2026-11-23T16:20:00.123Z");
}

TEST(SinkBodies, MailHasNoHeaderOfTheApp) {
  SinkOptions options;
  options.from = "Stirbar <stirbar@shop.example>";
  options.to = {"ops@shop.example", "boss@shop.example"};
  const std::string text =
      MailText(MakeNotice("x\r\nBcc: all@shop.example\r\n\r\nä"), options, 0, 0);
  const std::string head = text.substr(0, text.find("\r\n\r\n"));
  EXPECT_THAT(head, HasSubstr("To: ops@shop.example, boss@shop.example\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Bcc")));
  EXPECT_THAT(head, HasSubstr("Message-ID: <0123456789abcdef-7@shop.example>"));
  EXPECT_THAT(head, HasSubstr("Date: Thu, 01 Jan 1970 00:00:00 +0000"));
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = text.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - at, 78U);
    at = end + 2;
  }
}

TEST(SinkBodies, Base64) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
}

TEST(HttpPost, WhichAnswersAreForGood) {
  using Kind = SinkOutcome::Kind;
  for (const long status : {200L, 202L, 204L}) {
    EXPECT_EQ(OutcomeOfStatus(status, "").kind, Kind::kDelivered);
  }
  for (const long status : {400L, 413L, 422L}) {
    EXPECT_EQ(OutcomeOfStatus(status, "").kind, Kind::kRefused);
  }
  for (const long status : {0L, 302L, 401L, 404L, 429L, 500L, 503L}) {
    EXPECT_EQ(OutcomeOfStatus(status, "").kind, Kind::kFailed);
  }
  EXPECT_EQ(OutcomeOfStatus(503, "down\nfor\x1b now").error, "it answers 503: down for  now");
}

}  // namespace
}  // namespace stirbar
