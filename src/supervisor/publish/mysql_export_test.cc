#include "supervisor/publish/mysql_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "supervisor/publish/history_file.h"
#include "supervisor/publish/history_levels.h"
#include "supervisor/publish/history_writer.h"
#include "supervisor/publish/mysql_rows.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr uint64_t kSecondNs = 1'000'000'000;

TEST(MySqlRows, TextsAreHexadecimal) {
  EXPECT_EQ(SqlText("", 64), "''");
  EXPECT_EQ(SqlText("a'\\\n", 64), "_utf8mb4 x'61275c0a'");
  EXPECT_EQ(SqlText("\xC3\xA9\xFF", 64), "_utf8mb4 x'c3a9efbfbd'");  // what is no UTF-8
  EXPECT_EQ(SqlText("a\xC3\xA9", 2), "_utf8mb4 x'61'");              // never half a letter
}

TEST(MySqlRows, TimesAreUtc) {
  EXPECT_EQ(SqlTime(1'795'450'800'123'456'789), "'2026-11-23 16:20:00.123456'");
}

TEST(MySqlRows, TablesAreWhole) {
  for (const ExportTable& table : ExportTables()) {
    const std::string statement = CreateStatement("metrics", table);
    EXPECT_EQ(std::count(statement.begin(), statement.end(), '('),
              std::count(statement.begin(), statement.end(), ')'))
        << statement;
    EXPECT_THAT(statement, HasSubstr("PRIMARY KEY (app, host, "));
  }
}

TEST(MySqlRows, OneStatementForEachTableThatGetsSomething) {
  HistoryNews news;
  EXPECT_THAT(InsertStatements({"metrics", {"shop", "web-1"}, 60}, news), IsEmpty());
  HistoryFigures figures;
  figures.seconds = 60;
  figures.metrics[static_cast<size_t>(MetricId::cpu_ratio)].Add(0.25);
  figures.metrics[static_cast<size_t>(MetricId::cpu_ratio)].Add(0.75);
  news.rows.emplace_back(1'795'450'800, figures);
  std::vector<std::string> statements = InsertStatements({"metrics", {"shop", "web-1"}, 60}, news);
  ASSERT_THAT(statements, SizeIs(1));
  EXPECT_EQ(statements[0],
            "INSERT INTO `metrics`.stirbar_figures (app, host, resolution, metric, time, measured, "
            "mean, minimum, maximum) VALUES\n(_utf8mb4 x'73686f70', _utf8mb4 x'7765622d31', 60, "
            "'cpu_ratio', '2026-11-23 16:20:00.000000', 2, 0.5, 0.25, 0.75)\nON DUPLICATE KEY "
            "UPDATE measured = VALUES(measured), mean = VALUES(mean), minimum = VALUES(minimum), "
            "maximum = VALUES(maximum)");
  news.rows[0].second.spreads[0][HistogramBucket(4'000'000)] = 10;
  news.records.push_back({.number = 7,
                          .wall_ns = 1'795'450'800'000'000'000,
                          .kind = RecordKind::kAction,
                          .severity = Severity::kWarning,
                          .name = "cleanup",
                          .text = "it's done"});
  statements = InsertStatements({"metrics", {"shop", "web-1"}, 60}, news);
  ASSERT_THAT(statements, SizeIs(3));
  EXPECT_THAT(statements[1], HasSubstr("'request_seconds', '2026-11-23 16:20:00.000000', 10, "));
  EXPECT_THAT(statements[2], HasSubstr("'2026-11-23 16:20:00.000000', 7, 'action', 'warning', "));
}

// A server, and how it fares.
struct FakeServer {
  std::mutex mutex;
  bool up = true;
  bool has_tables = false;
  size_t connections = 0;
  size_t fail_after = SIZE_MAX;  // that many inserts, then the connection is lost
  std::vector<std::string> created;
  std::vector<std::string> inserted;

  size_t Count(const std::string& what) {
    const std::lock_guard lock(mutex);
    size_t count = 0;
    for (const std::string& statement : inserted) {
      for (size_t at = statement.find(what); at != std::string::npos;
           at = statement.find(what, at + 1)) {
        ++count;
      }
    }
    return count;
  }
};

class FakeConnection : public SqlConnection {
 public:
  explicit FakeConnection(FakeServer& server) : server_(server) {}
  std::optional<SqlFault> Run(const std::string& statement) override {
    const std::lock_guard lock(server_.mutex);
    if (!server_.up) return SqlFault{2013, "error 2013: the connection was lost"};
    if (statement.starts_with("SELECT") && !server_.has_tables) {
      return SqlFault{1146, "error 1146: see the server's manual"};
    }
    if (statement.starts_with("CREATE")) {
      server_.created.push_back(statement);
      server_.has_tables = server_.created.size() == kExportTables;
    }
    if (statement.starts_with("INSERT")) {
      if (server_.inserted.size() >= server_.fail_after) {
        server_.fail_after = SIZE_MAX;
        return SqlFault{2013, "error 2013: the connection was lost"};
      }
      server_.inserted.push_back(statement);
    }
    return std::nullopt;
  }
  void Abort() override {}

 private:
  FakeServer& server_;
};

class MySqlExportTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "stirbar-mysql-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    source_ = {folder_ + "/shop.sqlite", folder_ + "/export.position", milliseconds(1)};
    options_.kind = ExportKind::kMySql;
    options_.name = "db";
    options_.server = "db.example:3306";
    options_.database = "metrics";
    options_.password = "hush-hush";
    options_.longest_pause = milliseconds(5);
    Result<OpenedHistory> opened = OpenHistory(source_.history, WallNs());
    ASSERT_TRUE(opened) << opened.error();
    database_ = std::move(opened->database);
    // An hour of which nothing is forgotten.
    begin_ = IntervalOf(static_cast<int64_t>(WallNs() / kSecondNs), 600) - 3600;
    writer_ = std::make_unique<HistoryWriter>(*database_, begin_);
  }
  void TearDown() override {
    export_.reset();
    writer_.reset();
    database_.reset();
    fs::remove_all(folder_);
  }

  void Start() {
    export_.reset();
    export_ = MakeMySqlExport(
        options_, {"shop", "web-1"}, source_,
        [this](const ExportOptions&, SqlFault* fault) -> std::unique_ptr<SqlConnection> {
          const std::lock_guard lock(server_.mutex);
          ++server_.connections;
          if (server_.up) return std::make_unique<FakeConnection>(server_);
          *fault = {2002, "error 2002: cannot connect"};
          return nullptr;
        });
  }

  void WriteMinutes(int64_t from, int64_t count) {
    HistoryBatch batch;
    for (int64_t i = 0; i <= count * 60; ++i) {
      HistoryFigures figures;
      figures.seconds = 1;
      figures.metrics[static_cast<size_t>(MetricId::cpu_ratio)].Add(0.5);
      batch.points.push_back(
          {begin_ + from * 60 + i, PackMetrics(figures), PackHistograms(figures.spreads)});
    }
    writer_->Write(batch);
    ASSERT_FALSE(database_->failed()) << database_->failure().message;
  }

  template <typename Condition>
  ExportSample Eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    ExportSample sample = export_->State();
    while (!condition(sample) && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
      sample = export_->State();
    }
    EXPECT_TRUE(condition(sample));
    return sample;
  }

  std::string folder_;
  MySqlExportSource source_;
  ExportOptions options_;
  FakeServer server_;
  int64_t begin_ = 0;
  std::unique_ptr<Database> database_;
  std::unique_ptr<HistoryWriter> writer_;
  std::unique_ptr<HistoryExport> export_;
};

TEST_F(MySqlExportTest, MakesTheTablesAndSendsWhatThereIs) {
  WriteMinutes(0, 45);
  Start();
  const ExportSample sample = Eventually([](const ExportSample& now) { return now.sent == 45; });
  EXPECT_EQ(sample.waiting, 0U);
  EXPECT_EQ(sample.failures, 0U);
  EXPECT_EQ(sample.target, "db.example:3306/metrics");
  EXPECT_THAT(server_.created, SizeIs(kExportTables));
  EXPECT_THAT(server_.created, Each(StartsWith("CREATE TABLE IF NOT EXISTS `metrics`.stirbar_")));
  EXPECT_EQ(server_.Count("'cpu_ratio'"), 45U);
  EXPECT_THAT(server_.inserted, SizeIs(3));  // of 20, 20 and 5 minutes
}

TEST_F(MySqlExportTest, GoesOnAfterARestart) {
  WriteMinutes(0, 5);
  Start();
  Eventually([](const ExportSample& now) { return now.sent == 5; });
  export_.reset();
  WriteMinutes(5, 2);
  Start();
  Eventually([](const ExportSample& now) { return now.sent == 2; });
  EXPECT_EQ(server_.Count("'cpu_ratio'"), 7U);
}

TEST_F(MySqlExportTest, AServerThatWasDownGetsAllOfIt) {
  WriteMinutes(0, 25);
  server_.up = false;
  Start();
  ExportSample sample = Eventually([](const ExportSample& now) { return now.failures >= 3; });
  EXPECT_EQ(sample.waiting, 25U);
  EXPECT_GT(sample.behind_seconds, 600);
  EXPECT_NE(sample.failing_since_wall_ns, 0U);
  EXPECT_EQ(sample.error, "error 2002: cannot connect");
  {
    const std::lock_guard lock(server_.mutex);
    server_.up = true;
  }
  sample = Eventually([](const ExportSample& now) { return now.sent == 25; });
  EXPECT_EQ(sample.failing_since_wall_ns, 0U);
  EXPECT_EQ(sample.error, "");
  EXPECT_EQ(sample.behind_seconds, 0);
  EXPECT_EQ(server_.Count("'cpu_ratio'"), 25U);
}

TEST_F(MySqlExportTest, ABatchThatWasCutIsSentAgain) {
  WriteMinutes(0, 45);
  server_.fail_after = 1;
  Start();
  const ExportSample sample = Eventually([](const ExportSample& now) { return now.sent == 45; });
  EXPECT_EQ(sample.failures, 1U);
  EXPECT_EQ(server_.connections, 2U);
  EXPECT_EQ(server_.Count("'cpu_ratio'"), 45U);
}

TEST_F(MySqlExportTest, SaysThatThereIsNoHistory) {
  source_.history.clear();
  Start();
  const ExportSample sample = Eventually([](const ExportSample& now) { return now.failures > 0; });
  EXPECT_EQ(sample.error, "there is no history to be sent: it is switched off");
}

}  // namespace
}  // namespace stirbar
