#include "supervisor/publish/command_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/clock.h"

namespace stirbar {
namespace {

using Kind = SinkOutcome::Kind;
using testing::HasSubstr;

SinkOutcome RunCommand(std::vector<std::string> command, const AlertNotice& notice) {
  std::signal(SIGPIPE, SIG_IGN);  // as the supervisor has it
  SinkOptions options;
  options.command = std::move(command);
  options.timeout = std::chrono::milliseconds(500);
  const std::atomic<bool> stop = false;
  return MakeCommandSink(options)->Send(notice, {2, 0, stop});
}

AlertNotice MakeNotice(size_t length = 10) {
  AlertNotice notice;
  notice.key = "key-1";
  notice.app = "shop";
  notice.news.resize(1);
  notice.news[0].finding.message = std::string(length, 'm');
  return notice;
}

TEST(CommandSink, GetsTheMessageAndALimitedEnvironment) {
  const std::string path = testing::TempDir() + "stirbar-command-" + std::to_string(getpid());
  setenv("STIRBAR_TEST_SECRET", "hush", 1);
  // Far more than a pipe holds.
  const SinkOutcome outcome =
      RunCommand({"/bin/sh", "-c", "cat > \"$1\"; env >> \"$1\"", "sh", path}, MakeNotice(300'000));
  EXPECT_EQ(outcome.kind, Kind::kDelivered) << outcome.error;
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  std::filesystem::remove(path);
  EXPECT_THAT(text.str(), HasSubstr("\"key\":\"key-1\""));
  EXPECT_THAT(text.str(), HasSubstr(std::string(300'000, 'm')));
  EXPECT_THAT(text.str(), HasSubstr("STIRBAR_ALERT_ATTEMPT=2"));
  EXPECT_THAT(text.str(), testing::Not(HasSubstr("hush")));
}

TEST(CommandSink, FailsWithStatusAndWhatItSaid) {
  const SinkOutcome outcome =
      RunCommand({"/bin/sh", "-c", "echo no way >&2; exit 3"}, MakeNotice());
  EXPECT_EQ(outcome.kind, Kind::kFailed);
  EXPECT_THAT(outcome.error, HasSubstr("exit status 3: no way"));
}

TEST(CommandSink, IsNotThere) {
  const SinkOutcome outcome = RunCommand({"/nowhere/at-all"}, MakeNotice());
  EXPECT_EQ(outcome.kind, Kind::kFailed);
  EXPECT_THAT(outcome.error, HasSubstr("No such file"));
}

// It is killed with what it has started, which would hold the pipe open.
TEST(CommandSink, IsKilledWhenItsTimeIsUp) {
  const uint64_t began = MonotonicNs();
  const SinkOutcome outcome = RunCommand({"/bin/sh", "-c", "sleep 60 & sleep 60"}, MakeNotice());
  EXPECT_EQ(outcome.kind, Kind::kFailed);
  EXPECT_THAT(outcome.error, HasSubstr("ran for longer"));
  EXPECT_LT(AgeOf(began, MonotonicNs()), std::chrono::seconds(20));
}

}  // namespace
}  // namespace stirbar
