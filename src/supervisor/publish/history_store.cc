#include "supervisor/publish/history_store.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "supervisor/publish/history_file.h"
#include "supervisor/publish/history_queue.h"

namespace stirbar {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr int64_t kBatchSeconds = 10;
constexpr seconds kBetweenWrites{1};  // when records come, which do not wait for the ten
constexpr seconds kBetweenTries{10};
constexpr seconds kBetweenTidyings{600};
constexpr seconds kFirstTidying{60};
constexpr seconds kNoticeShown{600};
constexpr seconds kLastWrite{3};
// A disk that damages each new file must not be filled with damaged ones.
constexpr seconds kBetweenNewFiles{60};

int64_t Now() { return static_cast<int64_t>(WallNs() / 1'000'000'000); }

StoredRecord SetAsideRecord(const std::string& text) {
  StoredRecord stored;
  stored.record.wall_ns = WallNs();
  stored.record.severity = Severity::kWarning;
  stored.record.name = "history";
  stored.record.text = text;
  return stored;
}

}  // namespace

// What both threads know is under the mutex; the rest is the writing thread's own.
class HistoryStore::Thread {
 public:
  explicit Thread(HistoryOptions options) : options_(std::move(options)) {}

  // --- the event loop's side ---------------------------------------------------------------------

  void Add(HistoryBatch more, bool now) {
    {
      const std::lock_guard lock(mutex_);
      dropped_ += Append(std::move(more), &queue_);
      due_ = due_ || now;
    }
    if (now) wake_.notify_one();
  }

  void Limit(const HistoryLimits& limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
  }

  HistorySample State() const {
    const std::lock_guard lock(mutex_);
    HistorySample state;
    state.on = state_.writes;
    state.path = options_.path;
    state.problem = state_.problem;
    if (state.problem.empty() && Clock::now() < notice_until_) state.problem = notice_;
    state.off_reason = state_.off_reason;
    state.bytes = state_.bytes;
    state.dropped = dropped_;
    return state;
  }

  uint64_t generation() const {
    const std::lock_guard lock(mutex_);
    return generation_;
  }

  std::vector<std::pair<Severity, std::string>> TakeLines() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

  // True: it has ended.
  bool Stop() {
    std::unique_lock lock(mutex_);
    stop_ = true;
    wake_.notify_one();
    return ended_changed_.wait_for(lock, kLastWrite, [this] { return ended_; });
  }

  // --- the thread --------------------------------------------------------------------------------

  void Run() {
    pthread_setname_np(pthread_self(), "stirbar-history");
    while (Wait()) Turn();
    Turn();  // what is left
    Close();
    if (lock_ >= 0) close(lock_);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    ended_changed_.notify_all();
  }

 private:
  struct Standing {
    bool writes = false;
    std::string problem;
    std::string off_reason;
    uint64_t bytes = 0;
  };

  // False: it is to end.
  bool Wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stop_ || due_; });
    wake_.wait_until(lock, wrote_at_ + kBetweenWrites, [this] { return stop_; });
    return !stop_;
  }

  void Turn() {
    HistoryLimits limits;
    {
      const std::lock_guard lock(mutex_);
      due_ = false;
      dropped_ += Append(std::exchange(queue_, {}), &pending_);
      limits = limits_;
    }
    wrote_at_ = Clock::now();
    if (!Open()) return;
    writer_->Write(pending_);
    if (!database_->failed()) {
      pending_ = {};
      if (wrote_at_ >= tidy_at_) {
        tidy_at_ = wrote_at_ + kBetweenTidyings;
        writer_->Tidy(Now(), limits);
      }
    }
    if (database_->failed()) {
      Fail();
      return;
    }
    Stand({.writes = true, .problem = {}, .off_reason = {}, .bytes = writer_->Bytes()});
  }

  // Whether it is open now.
  bool Open() {
    if (writer_) return true;
    if (wrote_at_ < open_at_) return false;
    open_at_ = wrote_at_ + kBetweenTries;
    if (lock_ < 0) {
      const Result<int> lock = LockHistory(options_.path);
      if (!lock) return CannotOpen(lock.error());
      if (*lock < 0) {
        Stand({.writes = false,
               .problem = {},
               .off_reason = "another supervisor writes " + options_.path,
               .bytes = 0});
        return false;
      }
      lock_ = *lock;
    }
    Result<OpenedHistory> opened = OpenHistory(options_.path, WallNs());
    if (!opened) return CannotOpen(opened.error());
    if (!opened->set_aside.empty()) Notice(opened->set_aside);
    database_ = std::move(opened->database);
    writer_ = std::make_unique<HistoryWriter>(*database_, Now());
    if (database_->failed()) {
      Fail();
      return false;
    }
    tidy_at_ = wrote_at_ + kFirstTidying;
    const std::lock_guard lock(mutex_);
    ++generation_;
    return true;
  }

  bool CannotOpen(const std::string& reason) {
    const bool matters = !options_.is_default || generation_ > 0;
    Stand({.writes = false,
           .problem = matters ? reason : "",
           .off_reason = matters ? "" : reason,
           .bytes = 0});
    return false;
  }

  void Fail() {
    const SqliteFailure failure = database_->failure();
    database_->ClearFailure();
    if (!failure.IsDamage()) {
      Stand({.writes = false,
             .problem = failure.message,
             .off_reason = {},
             .bytes = writer_->Bytes()});
      database_->ClearFailure();
      return;
    }
    Close();
    open_at_ = wrote_at_ + kBetweenNewFiles;
    const Result<std::string> aside = SetAside(options_.path, "corrupt", WallNs());
    Stand({.writes = false, .problem = failure.message, .off_reason = {}, .bytes = 0});
    Notice(aside ? "the history was set aside as " + *aside + ": " + failure.message
                 : "the history is damaged: " + failure.message + "; " + aside.error());
  }

  void Close() {
    writer_.reset();
    database_.reset();
  }

  // Shown for a while, though the new file is well.
  void Notice(const std::string& text) {
    const std::lock_guard lock(mutex_);
    dropped_ += Append({{}, {}, {SetAsideRecord(text)}}, &pending_);
    notice_ = text;
    notice_until_ = Clock::now() + kNoticeShown;
    lines_.emplace_back(Severity::kWarning, text);
    ++generation_;
  }

  void Stand(Standing standing) {
    const std::lock_guard lock(mutex_);
    if (standing.problem != state_.problem && !standing.problem.empty()) {
      lines_.emplace_back(Severity::kWarning, "the history is not written: " + standing.problem);
    }
    if (standing.off_reason != state_.off_reason && !standing.off_reason.empty()) {
      lines_.emplace_back(Severity::kWarning, "no history: " + standing.off_reason);
    }
    if (standing.writes && !state_.writes) {
      lines_.emplace_back(Severity::kInfo, "the history is kept in " + options_.path);
    }
    state_ = std::move(standing);
  }

  const HistoryOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ended_changed_;
  HistoryBatch queue_;
  HistoryLimits limits_;
  Standing state_;
  std::string notice_;
  Clock::time_point notice_until_{};
  std::vector<std::pair<Severity, std::string>> lines_;
  uint64_t dropped_ = 0;
  uint64_t generation_ = 0;  // of the file, for readers
  bool due_ = false;
  bool stop_ = false;
  bool ended_ = false;

  HistoryBatch pending_;
  int lock_ = -1;
  std::unique_ptr<Database> database_;
  std::unique_ptr<HistoryWriter> writer_;
  Clock::time_point wrote_at_{};
  Clock::time_point open_at_{};
  Clock::time_point tidy_at_{};
};

HistoryStore::HistoryStore(HistoryOptions options, LogLine log)
    : options_(std::move(options)), log_(std::move(log)) {
  if (options_.path.empty()) return;
  thread_ = std::make_shared<Thread>(options_);
  std::thread([thread = thread_] { thread->Run(); }).detach();
}

// A thread that hangs in the kernel keeps what it needs, and goes with the process.
HistoryStore::~HistoryStore() {
  if (!thread_) return;
  reader_.reset();  // the last to close the file takes its log in and removes it
  if (!thread_->Stop()) {
    log_(Severity::kWarning, "the disk of the history does not answer: its end may be missing");
  }
  Say();
}

void HistoryStore::Publish(const std::shared_ptr<const Snapshot>& snapshot) {
  if (!thread_ || !snapshot->sample.tick.full) return;
  HistoryBatch batch;
  intake_.Take(snapshot, &batch);
  const int64_t interval = IntervalOf(batch.points.back().time, kBatchSeconds);
  const bool now = !batch.records.empty() || interval != last_interval_;
  last_interval_ = interval;
  const Settings& settings = snapshot->sample.settings;
  thread_->Limit({static_cast<uint64_t>(settings.history_size_limit) * 1'000'000,
                  static_cast<uint64_t>(settings.history_days)});
  thread_->Add(std::move(batch), now);
  Say();
}

void HistoryStore::Record(const HistoryRecord& record) {
  if (!thread_) return;
  StoredRecord stored{record, {}};
  if (stored.record.wall_ns == 0) stored.record.wall_ns = WallNs();
  thread_->Add({{}, {}, {std::move(stored)}}, true);
}

void HistoryStore::Say() {
  for (const auto& [severity, text] : thread_->TakeLines()) log_(severity, text);
}

HistorySample HistoryStore::State() const {
  if (thread_) return thread_->State();
  HistorySample state;
  state.off_reason = "it is switched off";
  return state;
}

HistoryReader* HistoryStore::Reader(std::string* why) const {
  if (!thread_) {
    *why = "there is no history: it is switched off";
    return nullptr;
  }
  const uint64_t generation = thread_->generation();
  if (reader_ && reader_generation_ == generation) return reader_.get();
  reader_.reset();
  reader_generation_ = generation;
  Result<std::unique_ptr<HistoryReader>> reader = HistoryReader::Open(options_.path);
  if (!reader) {
    *why = reader.error();
    return nullptr;
  }
  reader_ = std::move(*reader);
  reader_->LimitTime(kReadLimitMs);
  return reader_.get();
}

std::vector<HistoryRecord> HistoryStore::Records(const RecordQuery& query) const {
  std::string why;
  HistoryReader* const reader = Reader(&why);
  if (reader == nullptr) return {};
  Result<std::vector<HistoryRecord>> records = reader->Records(query);
  if (records) return std::move(*records);
  reader_.reset();
  return {};
}

}  // namespace stirbar
