#include "supervisor/publish/history_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "supervisor/publish/history_file.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int64_t kBegin = 1'795'450'800;

HistorySecond PointAt(int64_t time) {
  HistoryFigures figures;
  figures.seconds = 1;
  figures.metrics[static_cast<size_t>(MetricId::cpu_ratio)].Add(static_cast<double>(time % 10));
  return {time, PackMetrics(figures), PackHistograms(figures.spreads)};
}

class HistoryStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "stirbar-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = pattern + "/shop.sqlite";
  }
  void TearDown() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  void Start() {
    store_ = std::make_unique<HistoryStore>(
        HistoryOptions{path_, false},
        [this](Severity, const std::string& text) { log_ += text + "\n"; });
  }

  // Hands a second over until `done`, at most for 20 s.
  bool Until(const std::function<bool()>& done) {
    for (int turn = 0; turn < 400; ++turn) {
      Publish();
      if (done()) return true;
      std::this_thread::sleep_for(milliseconds(50));
    }
    return false;
  }

  void Publish() {
    auto snapshot = std::make_shared<Snapshot>();
    Sample& sample = snapshot->sample;
    sample.tick = {static_cast<uint64_t>(next_) * 1'000'000'000,
                   static_cast<uint64_t>(kBegin + next_) * 1'000'000'000, true};
    ++next_;
    snapshot->evaluation.metrics[MetricId::cpu_ratio] = 0.5;
    store_->Publish(snapshot);
  }

  int64_t Rows(const std::string& path, const char* table) {
    Database database(path, Database::Mode::kReadOnly);
    return database.Figure((std::string("SELECT count(*) FROM ") + table).c_str());
  }

  fs::path folder_;
  std::string path_;
  std::string log_;
  int64_t next_ = 1;
  std::unique_ptr<HistoryStore> store_;
};

TEST_F(HistoryStoreTest, WritesWhatIsLeftWhenItEnds) {
  Start();
  for (int i = 0; i < 25; ++i) Publish();
  store_->Record({.kind = RecordKind::kSetting, .name = "shed_level", .text = "1 instead of 0"});
  store_.reset();
  EXPECT_FALSE(fs::exists(path_ + "-wal")) << "ended in good order";
  EXPECT_EQ(Rows(path_, "figures_1"), 25);
  EXPECT_EQ(Rows(path_, "records"), 1);
}

TEST_F(HistoryStoreTest, ARecordCanBeReadWithinASecond) {
  Start();
  store_->Record(
      {.kind = RecordKind::kAccess, .name = "login", .actor = "operator", .text = "logged in"});
  ASSERT_TRUE(Until([&] { return !store_->Records({.kind = RecordKind::kAccess}).empty(); }));
  EXPECT_EQ(store_->Records({}).front().actor, "operator");
  EXPECT_TRUE(store_->State().on);
  EXPECT_EQ(store_->State().problem, "");
}

TEST_F(HistoryStoreTest, TheSecondOfTwoSupervisorsGoesWithoutAndTakesOver) {
  const Result<int> other = LockHistory(path_);
  ASSERT_TRUE(other);
  Start();
  ASSERT_TRUE(Until([&] { return !store_->State().off_reason.empty(); }));
  EXPECT_NE(store_->State().off_reason.find("another supervisor writes"), std::string::npos);
  EXPECT_EQ(store_->State().problem, "") << "is no finding";
  EXPECT_FALSE(fs::exists(path_));
  close(*other);
  EXPECT_TRUE(Until([&] { return store_->State().on; }));
}

TEST_F(HistoryStoreTest, AFullDiskIsAProblemUntilThereIsRoomAndLosesNothing) {
  signal(SIGXFSZ, SIG_IGN);
  Start();
  ASSERT_TRUE(Until([&] { return store_->State().on; }));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit full = before;
  full.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &full);
  const bool noticed = Until([&] { return !store_->State().problem.empty(); });
  const int64_t during = next_;
  for (int i = 0; i < 30; ++i) Publish();
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_TRUE(noticed);
  EXPECT_FALSE(store_->State().on);
  EXPECT_TRUE(Until([&] { return store_->State().on && next_ > during + 40; }));
  EXPECT_EQ(store_->State().problem, "");
  EXPECT_EQ(store_->State().dropped, 0U);
  store_.reset();
  EXPECT_EQ(Rows(path_, "figures_1"), next_ - 1) << log_;
  EXPECT_NE(log_.find("the history is not written"), std::string::npos) << log_;
}

TEST_F(HistoryStoreTest, AFileThatIsOverwrittenUnderItIsSetAsideAndMadeAnew) {
  Start();
  ASSERT_TRUE(Until([&] { return store_->State().on && next_ > 40; }));
  store_.reset();
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.write(std::string(200, 'x').data(), 200);
  }
  Start();
  ASSERT_TRUE(Until([&] { return store_->State().on; }));
  EXPECT_NE(store_->State().problem.find(".corrupt-"), std::string::npos)
      << "shown for a while, though the new file is well";
  EXPECT_TRUE(Until([&] { return !store_->Records({.name = "history"}).empty(); }));
}

TEST_F(HistoryStoreTest, AFolderThatCannotBeMadeIsAProblemOnlyWhereItWasAskedFor) {
  std::ofstream(folder_ / "file") << "x";
  path_ = (folder_ / "file" / "shop.sqlite").string();
  Start();
  ASSERT_TRUE(Until([&] { return !store_->State().problem.empty(); }));
  store_ = std::make_unique<HistoryStore>(HistoryOptions{path_, true},
                                          [](Severity, const std::string&) {});
  ASSERT_TRUE(Until([&] { return !store_->State().off_reason.empty(); }));
  EXPECT_EQ(store_->State().problem, "");
}

TEST_F(HistoryStoreTest, SwitchedOffItCostsNothingAndSaysSo) {
  path_.clear();
  Start();
  Publish();
  std::string why;
  EXPECT_EQ(store_->Reader(&why), nullptr);
  EXPECT_NE(why.find("switched off"), std::string::npos);
  EXPECT_TRUE(store_->Records({}).empty());
}

// A process writes as fast as it can and tells through a pipe how far its commits have come.
[[noreturn]] void WriteUntilKilled(const std::string& path, int64_t from, int pipe) {
  Result<OpenedHistory> opened = OpenHistory(path, 1);
  if (!opened || !opened->set_aside.empty()) _exit(3);
  HistoryWriter writer(*opened->database, kBegin + 1'000'000);
  for (int64_t time = from;; time += 10) {
    HistoryBatch batch;
    for (int64_t i = 0; i < 10; ++i) batch.points.push_back(PointAt(time + i));
    writer.Write(batch);
    const int64_t until = time + 10;
    if (opened->database->failed() || write(pipe, &until, sizeof until) != sizeof until) _exit(4);
  }
}

TEST_F(HistoryStoreTest, SurvivesBeingKilledAtAnyMoment) {
  std::minstd_rand random(11);
  int64_t committed = kBegin;
  for (int kill_number = 0; kill_number < 25; ++kill_number) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      WriteUntilKilled(path_, committed, ends[1]);
    }
    close(ends[1]);
    int64_t until = 0;
    // From the first commit on at any moment.
    ASSERT_EQ(read(ends[0], &until, sizeof until), static_cast<ssize_t>(sizeof until));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    for (int64_t next = 0; read(ends[0], &next, sizeof next) == sizeof next;) until = next;
    close(ends[0]);
    committed = until;

    Result<OpenedHistory> opened = OpenHistory(path_, 1);
    ASSERT_TRUE(opened);
    ASSERT_EQ(opened->set_aside, "");
    Database& database = *opened->database;
    {
      Statement check(database, "PRAGMA integrity_check");
      ASSERT_TRUE(check.Step());
      ASSERT_EQ(check.Text(0), "ok") << "kill " << kill_number;
    }
    // No second that was committed is missing, and every roll-up is whole.
    const int64_t last = database.Figure("SELECT max(time) FROM figures_1");
    ASSERT_GE(last + 1, committed);
    ASSERT_EQ(database.Figure("SELECT count(*) FROM figures_1"), last + 1 - kBegin);
    ASSERT_EQ(database.Figure("SELECT count(*) FROM figures_10"), (last + 1 - kBegin) / 10);
    ASSERT_EQ(database.Figure("SELECT count(*) FROM figures_10 WHERE seconds <> 10"), 0);
    ASSERT_EQ(database.Figure("SELECT count(*) FROM figures_60 WHERE seconds <> 60"), 0);
    committed = last + 1;
  }
  EXPECT_GT(committed, kBegin + 1000);
}

}  // namespace
}  // namespace stirbar
