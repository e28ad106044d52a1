#include "supervisor/publish/history_news.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "supervisor/publish/export_position.h"
#include "supervisor/publish/history_file.h"
#include "supervisor/publish/history_writer.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBegin = 1'795'450'800;  // where an interval of each level begins
constexpr uint64_t kSecondNs = 1'000'000'000;

class HistoryNewsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "stirbar-news-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/shop.sqlite";
    Open();
  }
  void TearDown() override {
    Close();
    fs::remove_all(folder_);
  }

  void Open() {
    Result<OpenedHistory> opened = OpenHistory(path_, kBegin * kSecondNs);
    ASSERT_TRUE(opened) << opened.error();
    database_ = std::move(opened->database);
    writer_ = std::make_unique<HistoryWriter>(*database_, kBegin);
  }
  void Close() {
    writer_.reset();
    database_.reset();
  }

  void WriteSeconds(int64_t from, int64_t until) {
    HistoryBatch batch;
    for (int64_t time = from; time < until; ++time) {
      HistoryFigures figures;
      figures.seconds = 1;
      figures.metrics[static_cast<size_t>(MetricId::cpu_ratio)].Add(0.5);
      batch.points.push_back({time, PackMetrics(figures), PackHistograms(figures.spreads)});
    }
    writer_->Write(batch);
    ASSERT_FALSE(database_->failed()) << database_->failure().message;
  }
  void WriteRecord(int64_t time, const std::string& name) {
    HistoryBatch batch;
    StoredRecord stored;
    stored.record.wall_ns = static_cast<uint64_t>(time) * kSecondNs;
    stored.record.name = name;
    batch.records.push_back(stored);
    writer_->Write(batch);
  }

  HistoryNews Read(const HistoryNewsQuery& query) {
    Result<HistoryNews> news = ReadNews(path_, query);
    EXPECT_TRUE(news) << (news ? "" : news.error());
    return news ? *std::move(news) : HistoryNews{};
  }

  std::string folder_;
  std::string path_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<HistoryWriter> writer_;
};

TEST_F(HistoryNewsTest, GoesOnWhereItStopped) {
  WriteSeconds(kBegin, kBegin + 301);
  HistoryNewsQuery query{{}, 60, kBegin + 301, 3, 200};
  const HistoryNews first = Read(query);
  ASSERT_EQ(first.rows.size(), 3U);
  EXPECT_EQ(first.rows[0].first, kBegin);
  EXPECT_EQ(first.rows[0].second.seconds, 60U);
  EXPECT_NEAR(first.rows[0].second.metrics[static_cast<size_t>(MetricId::cpu_ratio)].Mean(), 0.5,
              1e-6);
  EXPECT_EQ(first.waiting, 5U);
  EXPECT_EQ(first.oldest_wall_ns, static_cast<uint64_t>(kBegin + 60) * kSecondNs);
  query.position = first.after;
  const HistoryNews second = Read(query);
  ASSERT_EQ(second.rows.size(), 2U);
  EXPECT_EQ(second.rows[0].first, kBegin + 180);
  query.position = second.after;
  const HistoryNews third = Read(query);
  EXPECT_TRUE(third.rows.empty());
  EXPECT_EQ(third.waiting, 0U);
  EXPECT_EQ(third.oldest_wall_ns, 0U);
}

TEST_F(HistoryNewsTest, AnIntervalThatIsNotOverYetWaits) {
  WriteSeconds(kBegin, kBegin + 61);
  EXPECT_EQ(Read({{}, 60, kBegin + 59, 20, 200}).rows.size(), 0U);
  EXPECT_EQ(Read({{}, 60, kBegin + 60, 20, 200}).rows.size(), 1U);
}

TEST_F(HistoryNewsTest, RecordsComeInTheOrderOfTheirNumbers) {
  for (const char* const name : {"a", "b", "c"}) WriteRecord(kBegin, name);
  HistoryNewsQuery query{{}, 60, kBegin, 20, 2};
  const HistoryNews first = Read(query);
  ASSERT_EQ(first.records.size(), 2U);
  EXPECT_EQ(first.records[0].name, "a");
  query.position = first.after;
  const HistoryNews second = Read(query);
  ASSERT_EQ(second.records.size(), 1U);
  EXPECT_EQ(second.records[0].name, "c");
}

TEST_F(HistoryNewsTest, AFileThatBeginsAnewIsReadFromItsBeginning) {
  for (const char* const name : {"a", "b"}) WriteRecord(kBegin, name);
  HistoryNewsQuery query{Read({{}, 60, kBegin, 20, 200}).after, 60, kBegin + 60, 20, 200};
  Close();
  fs::remove(path_);
  fs::remove(path_ + "-wal");
  Open();
  for (const char* const name : {"c", "d", "e"}) WriteRecord(kBegin + 7, name);
  const HistoryNews news = Read(query);
  ASSERT_EQ(news.records.size(), 3U);
  EXPECT_EQ(news.records[0].name, "c");
  EXPECT_EQ(news.forgotten, 0U);
}

TEST_F(HistoryNewsTest, RecordsThatWereForgottenAreCounted) {
  for (const char* const name : {"a", "b", "c", "d"}) WriteRecord(kBegin, name);
  HistoryNewsQuery query{Read({{}, 60, kBegin, 20, 1}).after, 60, kBegin, 20, 200};
  database_->Run("DELETE FROM records WHERE number < 4");
  const HistoryNews news = Read(query);
  ASSERT_EQ(news.records.size(), 1U);
  EXPECT_EQ(news.records[0].name, "d");
  EXPECT_EQ(news.forgotten, 2U);
}

TEST_F(HistoryNewsTest, AClockThatWasSetBackIsFollowed) {
  WriteSeconds(kBegin, kBegin + 301);
  HistoryNewsQuery query{{kBegin + 300, 0, 0}, 60, kBegin + 130, 20, 200};
  EXPECT_EQ(Read(query).after.figures, kBegin + 120);
  query.position = Read(query).after;
  query.now = kBegin + 181;
  EXPECT_EQ(Read(query).rows.size(), 1U);
}

TEST_F(HistoryNewsTest, SaysThatThereIsNoHistory) {
  const Result<HistoryNews> news = ReadNews(folder_ + "/none.sqlite", {});
  ASSERT_FALSE(news);
  EXPECT_EQ(news.error(), folder_ + "/none.sqlite: there is no history yet");
}

TEST_F(HistoryNewsTest, APositionIsOfOneTarget) {
  const ExportPlace place{folder_ + "/state/export.position", "db.example:3306/metrics"};
  EXPECT_EQ(LoadPosition(place).figures, 0);
  ASSERT_TRUE(SavePosition(place, {kBegin, 12, 34}));
  const HistoryPosition loaded = LoadPosition(place);
  EXPECT_EQ(loaded.figures, kBegin);
  EXPECT_EQ(loaded.record, 12U);
  EXPECT_EQ(loaded.record_wall_ns, 34U);
  EXPECT_EQ(LoadPosition({place.path, "elsewhere"}).record, 0U);
  fs::resize_file(place.path, 10);
  EXPECT_EQ(LoadPosition(place).record, 0U);
}

}  // namespace
}  // namespace stirbar
