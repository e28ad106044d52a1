#include "supervisor/publish/history_writer.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "supervisor/publish/history_file.h"
#include "supervisor/publish/history_reader.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBegin = 1'795'450'800;  // where an interval of each level begins
constexpr uint64_t kWallNs = 1'795'450'800'000'000'000;

HistorySecond PointAt(int64_t time, double cpu, uint64_t requests = 10) {
  HistoryFigures figures;
  figures.seconds = 1;
  figures.metrics[static_cast<size_t>(MetricId::cpu_ratio)].Add(cpu);
  figures.spreads[0][HistogramBucket(4'000'000)] = requests;
  return {time, PackMetrics(figures), PackHistograms(figures.spreads)};
}

class HistoryWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "stirbar-history-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = pattern + "/history/shop.sqlite";
    Open();
  }
  void TearDown() override {
    Close();
    fs::remove_all(folder_);
  }

  std::string Open(int64_t now = kBegin) {
    Result<OpenedHistory> opened = OpenHistory(path_, kWallNs);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error());
    if (!opened) return opened.error();
    database_ = std::move(opened->database);
    writer_ = std::make_unique<HistoryWriter>(*database_, now);
    EXPECT_FALSE(database_->failed()) << database_->failure().message;
    return opened->set_aside;
  }
  void Close() {
    writer_.reset();
    database_.reset();
  }

  void Write(int64_t from, int64_t until, double cpu = 0.5) {
    HistoryBatch batch;
    for (int64_t time = from; time < until; ++time) batch.points.push_back(PointAt(time, cpu));
    writer_->Write(batch);
    ASSERT_FALSE(database_->failed()) << database_->failure().message;
  }

  int64_t Rows(const std::string& table) {
    return database_->Figure(("SELECT count(*) FROM " + table).c_str());
  }

  HistoryAnswer Ask(int64_t from, int64_t until, int64_t step) {
    auto reader = HistoryReader::Open(path_);
    EXPECT_TRUE(reader) << reader.error();
    HistoryQuery query{{from, until, step}, {MetricId::cpu_ratio}, {Spread::kRequest}};
    Result<HistoryAnswer> answer = (*reader)->Figures(query);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error());
    return *answer;
  }

  fs::path folder_;
  std::string path_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<HistoryWriter> writer_;
};

TEST_F(HistoryWriterTest, RollsUpWhatIsComplete) {
  Write(kBegin, kBegin + 1215);
  EXPECT_EQ(Rows("figures_1"), 1215);
  EXPECT_EQ(Rows("figures_10"), 121);
  EXPECT_EQ(Rows("figures_60"), 20);
  EXPECT_EQ(Rows("figures_600"), 2);
  EXPECT_EQ(database_->Figure("SELECT sum(seconds) FROM figures_600"), 1200);
}

TEST_F(HistoryWriterTest, ABatchAtATimeGivesTheSameAsAllAtOnce) {
  for (int64_t time = kBegin; time < kBegin + 1215; time += 7) {
    Write(time, std::min(time + 7, kBegin + 1215), static_cast<double>(time % 5));
  }
  const HistoryAnswer answer = Ask(kBegin, kBegin + 1215, 600);
  EXPECT_EQ(answer.resolution, 600U);
  ASSERT_EQ(answer.points(), 3U);
  EXPECT_EQ(answer.bands[0][0].count, 600U);
  EXPECT_EQ(answer.bands[0][2].count, 15U) << "what is not rolled up yet is read from the seconds";
  EXPECT_EQ(answer.percentiles[0][0].count, 6000U);
  EXPECT_EQ(answer.percentiles[0][2].count, 150U);
  EXPECT_EQ(answer.bands[0][0].least, 0);
  EXPECT_EQ(answer.bands[0][0].most, 4);
}

TEST_F(HistoryWriterTest, ARestartGoesOnInTheMiddleOfAnInterval) {
  Write(kBegin, kBegin + 305, 0);
  Close();
  Open(kBegin + 400);
  Write(kBegin + 400, kBegin + 700, 1);
  const HistoryAnswer answer = Ask(kBegin, kBegin + 600, 600);
  EXPECT_EQ(answer.bands[0][0].count, 505U);
  EXPECT_NEAR(answer.bands[0][0].Mean(), 200.0 / 505, 1e-6);
}

TEST_F(HistoryWriterTest, AGapIsNothingAndNotZero) {
  Write(kBegin, kBegin + 60);
  Write(kBegin + 180, kBegin + 240);
  const HistoryAnswer answer = Ask(kBegin, kBegin + 240, 60);
  ASSERT_EQ(answer.points(), 4U);
  EXPECT_EQ(answer.bands[0][0].count, 60U);
  EXPECT_EQ(answer.bands[0][1].count, 0U);
  EXPECT_EQ(answer.percentiles[0][1].count, 0U);
  EXPECT_EQ(answer.bands[0][3].count, 60U);
}

TEST_F(HistoryWriterTest, AClockThatIsSetBackWritesItsTimeAnew) {
  Write(kBegin, kBegin + 1200, 0.2);
  Write(kBegin + 600, kBegin + 1201, 0.8);
  const HistoryAnswer answer = Ask(kBegin, kBegin + 1200, 600);
  EXPECT_NEAR(answer.bands[0][0].Mean(), 0.2, 1e-6);
  EXPECT_NEAR(answer.bands[0][1].Mean(), 0.8, 1e-6);
}

TEST_F(HistoryWriterTest, AFailedBatchLeavesNothingAndCanBeTriedAgain) {
  Write(kBegin, kBegin + 20);
  database_->Run("PRAGMA max_page_count=40");  // SQLite's own full disk
  HistoryBatch large;
  for (int64_t time = kBegin + 20; time < kBegin + 3000; ++time) {
    large.points.push_back(PointAt(time, 0.5));
  }
  writer_->Write(large);
  ASSERT_TRUE(database_->failed());
  EXPECT_FALSE(database_->failure().IsDamage()) << database_->failure().message;
  database_->ClearFailure();
  EXPECT_EQ(Rows("figures_1"), 20);
  database_->Run("PRAGMA max_page_count=1000000");
  writer_->Write(large);
  EXPECT_FALSE(database_->failed()) << database_->failure().message;
  EXPECT_EQ(Rows("figures_1"), 3000);
  EXPECT_EQ(Rows("figures_600"), 5);
}

TEST_F(HistoryWriterTest, ForgetsALittleAtATime) {
  Write(kBegin, kBegin + 3000);
  writer_->Tidy(kBegin + 400 * 86'400, {});  // a clock that is wrong by a year
  EXPECT_EQ(Rows("figures_1"), 1800);
  EXPECT_GT(Rows("figures_600"), 0);
  writer_->Tidy(kBegin + 3000, {});
  EXPECT_EQ(Rows("figures_1"), 1800);
}

TEST_F(HistoryWriterTest, StaysBelowItsSizeAndGivesTheRestBack) {
  for (int64_t hour = 0; hour < 8; ++hour) {
    Write(kBegin + hour * 3600, kBegin + (hour + 1) * 3600, 0.1 * static_cast<double>(hour));
  }
  ASSERT_GT(writer_->Bytes(), 1'500'000U);
  writer_->Tidy(kBegin + 8 * 3600, {.bytes = 1'200'000, .days = 400});
  ASSERT_FALSE(database_->failed()) << database_->failure().message;
  EXPECT_LE(writer_->Bytes(), 1'200'000U);
  EXPECT_EQ(Rows("figures_600"), 48) << "the finest go first";
}

TEST_F(HistoryWriterTest, AnEventIsStoredOnce) {
  HistoryBatch batch;
  StoredRecord event;
  event.record.wall_ns = kWallNs;
  event.record.name = "worker_started";
  event.source = "1:7";
  StoredRecord change;
  change.record.wall_ns = kWallNs + 1;
  change.record.kind = RecordKind::kSetting;
  change.record.severity = Severity::kWarning;
  change.record.name = "shed_level";
  change.record.actor = "operator from 127.0.0.1";
  change.record.text = "0 instead of -1";
  change.record.details = R"({"before":-1})";
  batch.records = {event, change};
  writer_->Write(batch);
  batch.records = {event};
  writer_->Write(batch);
  auto reader = HistoryReader::Open(path_);
  ASSERT_TRUE(reader);
  const auto records = (*reader)->Records({});
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 2U);
  const HistoryRecord& newest = records->front();
  EXPECT_EQ(newest.kind, RecordKind::kSetting);
  EXPECT_EQ(newest.severity, Severity::kWarning);
  EXPECT_EQ(newest.actor, change.record.actor);
  EXPECT_EQ(newest.text, change.record.text);
  EXPECT_EQ(newest.details, change.record.details);
  EXPECT_EQ((*reader)->Records({.kind = RecordKind::kEvent})->size(), 1U);
  EXPECT_EQ((*reader)->Records({.name = "no such"})->size(), 0U);
  EXPECT_EQ((*reader)->Records({.before_number = newest.number})->front().name, "worker_started");
}

TEST_F(HistoryWriterTest, RoutesAreAddedUpWithTheirHistograms) {
  HistogramCounts quick{};
  quick[HistogramBucket(5'000'000)] = 99;
  HistogramCounts slow{};
  slow[HistogramBucket(3'000'000'000)] = 1;
  for (int64_t minute = 0; minute < 71; ++minute) {
    HistoryBatch batch;
    const int64_t time = kBegin + minute * 60;
    batch.routes = {{time, "GET /a", 99, 1, 495'000'000, PackHistograms({{quick}})},
                    {time, "GET /b", 1, 0, 3'000'000'000, PackHistograms({{slow}})}};
    writer_->Write(batch);
    ASSERT_FALSE(database_->failed()) << database_->failure().message;
  }
  EXPECT_EQ(Rows("routes_60"), 142);
  EXPECT_EQ(Rows("routes_600"), 14);
  EXPECT_EQ(Rows("routes_3600"), 2);
  auto reader = HistoryReader::Open(path_);
  const auto routes = (*reader)->Routes({kBegin, kBegin + 4260, 0}, 10);
  ASSERT_TRUE(routes) << routes.error();
  ASSERT_EQ(routes->size(), 2U);
  EXPECT_EQ(routes->at(0).label, "GET /a");
  EXPECT_EQ(routes->at(0).requests, 99U * 71);
  EXPECT_EQ(routes->at(0).errors, 71U);
  EXPECT_NEAR(routes->at(0).mean_seconds, 0.005, 1e-6);
  EXPECT_NEAR(routes->at(1).durations.p50, 3, 0.2);
}

// --------------------------------------------------------------------------------------- the file

TEST_F(HistoryWriterTest, TheFileIsForItsUserAlone) {
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(stat((path_ + "-wal").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(stat((folder_ / "history").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(HistoryWriterTest, OnlyOneHasTheLock) {
  const Result<int> mine = LockHistory(path_);
  ASSERT_TRUE(mine);
  EXPECT_GE(*mine, 0);
  const Result<int> other = LockHistory(path_);
  ASSERT_TRUE(other);
  EXPECT_EQ(*other, -1);
  close(*mine);
  EXPECT_GE(*LockHistory(path_), 0);
}

TEST_F(HistoryWriterTest, WhatIsNoDatabaseIsSetAsideWithTheReason) {
  Close();
  std::ofstream(path_, std::ios::trunc) << std::string(5000, 'x');
  const std::string set_aside = Open();
  EXPECT_NE(set_aside.find(".corrupt-20261123T"), std::string::npos) << set_aside;
  EXPECT_NE(set_aside.find("not a database"), std::string::npos) << set_aside;
  Write(kBegin, kBegin + 10);
  int aside = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "history")) {
    if (entry.path().string().find(".corrupt-") == std::string::npos) continue;
    ++aside;
    EXPECT_EQ(fs::file_size(entry.path()), 5000U);
  }
  EXPECT_EQ(aside, 1);
}

TEST_F(HistoryWriterTest, ADatabaseOfSomebodyElseIsSetAside) {
  Close();
  fs::remove(path_);
  {
    Database other(path_, Database::Mode::kCreate);
    other.Run("CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (7)");
  }
  EXPECT_NE(Open().find("another program"), std::string::npos);
}

TEST_F(HistoryWriterTest, ANewerVersionIsKept) {
  Write(kBegin, kBegin + 30);
  database_->Run("PRAGMA user_version=2");
  Close();
  const std::string set_aside = Open();
  EXPECT_NE(set_aside.find(".newer-"), std::string::npos) << set_aside;
  EXPECT_EQ(Rows("figures_1"), 0);
  for (const auto& entry : fs::directory_iterator(folder_ / "history")) {
    if (entry.path().string().find(".newer-") == std::string::npos) continue;
    Database newer(entry.path().string(), Database::Mode::kReadOnly);
    EXPECT_EQ(newer.Figure("SELECT count(*) FROM figures_1"), 30);
  }
}

TEST_F(HistoryWriterTest, AnOverwrittenMiddleIsFoundWhenTheLastWriterWasKilled) {
  for (int64_t i = 0; i < 20; ++i) Write(kBegin + i * 100, kBegin + (i + 1) * 100);
  database_->Run("PRAGMA wal_checkpoint(TRUNCATE)");
  Write(kBegin + 2000, kBegin + 2010);
  // As after a kill: the log is still there.
  fs::copy(path_, path_ + ".saved");
  fs::copy(path_ + "-wal", path_ + ".saved-wal");
  Close();
  fs::rename(path_ + ".saved", path_);
  fs::rename(path_ + ".saved-wal", path_ + "-wal");
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 2; page < 60; ++page) {
      file.seekp(page * 4096);
      file << std::string(2048, '\xa5');
    }
  }
  const std::string set_aside = Open();
  EXPECT_NE(set_aside.find(".corrupt-"), std::string::npos);
  Write(kBegin + 3000, kBegin + 3010);
}

TEST_F(HistoryWriterTest, AReaderTellsWhatItCannotRead) {
  EXPECT_NE(HistoryReader::Open(path_ + "-no").error().find("no history yet"), std::string::npos);
  Close();
  std::ofstream(path_, std::ios::trunc) << std::string(5000, 'x');
  EXPECT_FALSE(HistoryReader::Open(path_));
}

}  // namespace
}  // namespace stirbar
