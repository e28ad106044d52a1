#include "supervisor/publish/mysql_export.h"

#include <random>
#include <utility>

#include "base/clock.h"
#include "supervisor/publish/export_position.h"
#include "supervisor/publish/export_thread.h"
#include "supervisor/publish/history_news.h"
#include "supervisor/publish/mysql_rows.h"
#include "supervisor/publish/outbox_queue.h"

namespace stirbar {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenBatches{50};
constexpr unsigned kNoSuchTable = 1146;

class MySqlSender : public ExportWork {
 public:
  MySqlSender(ExportOptions options, const ExportOrigin& origin, const MySqlExportSource& source,
              SqlConnector connector)
      : options_(std::move(options)),
        into_{options_.database, origin, options_.resolution_seconds},
        history_(source.history),
        between_looks_(source.between_looks),
        place_{source.position, TargetOf(options_) + "#" + origin.host + "#" +
                                    std::to_string(options_.resolution_seconds)},
        connector_(std::move(connector)) {
    sample_.name = options_.name;
    sample_.kind = std::string(Name(options_.kind));
    sample_.target = TargetOf(options_);
  }

  ExportSample State() const {
    const uint64_t now = WallNs();
    const std::lock_guard lock(mutex_);
    ExportSample sample = sample_;
    if (oldest_wall_ns_ != 0) sample.behind_seconds = Seconds(AgeOf(oldest_wall_ns_, now));
    return sample;
  }

  void Run() override {
    std::minstd_rand random{std::random_device{}()};
    std::uniform_real_distribution<double> chance(0, 1);
    uint32_t failures = 0;  // in a row
    position_ = LoadPosition(place_);
    std::unique_lock lock(mutex_);
    // The one who writes the history begins at the same moment.
    changed_.wait_for(lock, between_looks_, [this] { return stop_.load(); });
    while (!stop_) {
      lock.unlock();
      const Outcome outcome = Turn();
      lock.lock();
      failures = outcome == Outcome::kFailed ? failures + 1 : 0;
      if (outcome != Outcome::kMore) Disconnect(&lock);
      const milliseconds pause =
          outcome == Outcome::kFailed
              ? OutboxPause(failures, options_.longest_pause, chance(random), {})
          : outcome == Outcome::kMore ? kBetweenBatches
                                      : between_looks_;
      changed_.wait_for(lock, pause, [this] { return stop_.load(); });
    }
    Disconnect(&lock);
  }

 protected:
  void Interrupt() override {
    if (connection_) connection_->Abort();
  }

 private:
  enum class Outcome { kNothing, kMore, kFailed };

  // One batch.
  Outcome Turn() {
    if (history_.empty()) return Fail("there is no history to be sent: it is switched off");
    const Result<HistoryNews> news = ReadNews(
        history_, {position_, options_.resolution_seconds,
                   static_cast<int64_t>(WallNs() / 1'000'000'000), kRowsOfBatch, kRecordsOfBatch});
    if (!news) return Fail(news.error());
    Note(*news);
    const uint64_t lines = news->rows.size() + news->records.size();
    if (lines == 0) return Outcome::kNothing;
    if (const std::optional<SqlFault> fault = Send(*news)) return Fail(fault->text);
    position_ = news->after;
    const Result<bool> saved = SavePosition(place_, position_);
    const std::lock_guard lock(mutex_);
    sample_.sent += lines;
    sample_.dropped += news->forgotten;
    sample_.waiting = news->waiting - lines;
    if (sample_.waiting == 0) oldest_wall_ns_ = 0;
    sample_.last_success_wall_ns = WallNs();
    sample_.failing_since_wall_ns = 0;
    sample_.error = saved ? "" : saved.error();
    return sample_.waiting > 0 ? Outcome::kMore : Outcome::kNothing;
  }

  void Note(const HistoryNews& news) {
    const std::lock_guard lock(mutex_);
    sample_.waiting = news.waiting;
    oldest_wall_ns_ = news.oldest_wall_ns;
  }

  std::optional<SqlFault> Send(const HistoryNews& news) {
    if (!connection_) {
      if (std::optional<SqlFault> fault = Connect()) return fault;
    }
    for (const std::string& statement : InsertStatements(into_, news)) {
      if (std::optional<SqlFault> fault = connection_->Run(statement)) return fault;
    }
    return std::nullopt;
  }

  // With the tables there. They are only made where they are missing: who has made them need not
  // let us.
  std::optional<SqlFault> Connect() {
    SqlFault fault;
    std::unique_ptr<SqlConnection> fresh = connector_(options_, &fault);
    if (!fresh) return fault;
    {
      const std::lock_guard lock(mutex_);
      connection_ = std::move(fresh);
      if (stop_) connection_->Abort();
    }
    for (const ExportTable& table : ExportTables()) {
      std::optional<SqlFault> missing = connection_->Run(ProbeStatement(into_.database, table));
      if (missing && missing->code == kNoSuchTable) {
        missing = connection_->Run(CreateStatement(into_.database, table));
      }
      if (missing) return missing;
    }
    return std::nullopt;
  }

  // Its end may wait for the server, which the loop must not.
  void Disconnect(std::unique_lock<std::mutex>* lock) {
    std::unique_ptr<SqlConnection> old = std::move(connection_);
    if (!old) return;
    lock->unlock();
    old.reset();
    lock->lock();
  }

  Outcome Fail(const std::string& why) {
    const std::lock_guard lock(mutex_);
    ++sample_.failures;
    if (sample_.failing_since_wall_ns == 0) sample_.failing_since_wall_ns = WallNs();
    sample_.error = why;
    return Outcome::kFailed;
  }

  const ExportOptions options_;
  const ExportInto into_;
  const std::string history_;
  const milliseconds between_looks_;
  const ExportPlace place_;
  const SqlConnector connector_;
  // Behind the mutex; the thread alone changes the connection, and so may read it without.
  ExportSample sample_;
  uint64_t oldest_wall_ns_ = 0;
  std::unique_ptr<SqlConnection> connection_;
  // The thread's.
  HistoryPosition position_;
};

class MySqlExport : public HistoryExport {
 public:
  explicit MySqlExport(std::shared_ptr<MySqlSender> sender)
      : sender_(std::move(sender)), thread_(sender_) {}

  void Offer(const Snapshot&) override {}
  ExportSample State() const override { return sender_->State(); }

 private:
  const std::shared_ptr<MySqlSender> sender_;
  const ExportThread thread_;
};

}  // namespace

std::unique_ptr<HistoryExport> MakeMySqlExport(const ExportOptions& options,
                                               const ExportOrigin& origin,
                                               const MySqlExportSource& source,
                                               SqlConnector connector) {
  return std::make_unique<MySqlExport>(
      std::make_shared<MySqlSender>(options, origin, source, std::move(connector)));
}

}  // namespace stirbar
