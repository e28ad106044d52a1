#include "supervisor/publish/outbox.h"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "supervisor/publish/access_token.h"
#include "supervisor/publish/alert_journal.h"
#include "supervisor/publish/outbox_records.h"

namespace stirbar {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr milliseconds kGoodbye{300};
constexpr milliseconds kAnotherTry{5000};  // of a disk that took nothing
// Below this a rewrite saves nothing that matters.
constexpr uint64_t kSmallJournal = 1U << 20U;
constexpr size_t kMostDeliveriesKept = 1000;

}  // namespace

std::string_view Name(Delivery::Outcome outcome) {
  constexpr std::array<std::string_view, 4> kNames{"waiting", "delivered", "refused", "dropped"};
  return kNames[static_cast<size_t>(outcome)];
}

struct Outbox::Shared {
  struct Line {
    SinkOptions options;
    std::unique_ptr<AlertSink> sink;  // the thread's alone
    OutboxQueue queue;
    SinkSample sample;
    uint64_t failing_since_ns = 0;  // monotonic; 0: works
    uint32_t failures = 0;          // in a row
    uint64_t dropped = 0;           // since the newest success
    bool sending = false;           // the front of the queue is on the wire
    bool ended = false;
  };
  struct Step {
    json::object state;
    std::vector<std::pair<size_t, OutboxMessage>> messages;  // by index in lines
  };

  explicit Shared(OutboxOptions given) : options(std::move(given)) {}

  const OutboxOptions options;
  // Who holds both takes this one first. Held while the disk works; the loop never takes it.
  std::mutex disk;
  AlertJournal journal;
  std::atomic<bool> behind = false;  // the journal lacks something that memory has
  bool kept = false;                 // there is a journal; set before the threads begin
  // Behind `mutex`:
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::atomic<bool> stop = false;
  std::vector<std::unique_ptr<Line>> lines;
  std::deque<Step> steps;  // not written yet
  std::string state;       // of the newest step that was taken over
  // The first part of the keys made here. Anew at each start: what a disk in trouble has forgotten
  // must not be told again under the key of something else.
  const std::string identity = RandomToken().substr(0, 16);
  uint64_t next_number = 1;
  std::vector<AlertNews> firing;
  std::deque<Delivery> deliveries;
  uint64_t collapsed = 0;
  std::string trouble;
  bool writing = false;
  bool writer_ended = false;

  void Write();
  void Send(Line* line);
  // Sends the front of the queue. When it is still there: how long the receiver asks to be left
  // alone.
  std::optional<std::chrono::seconds> Attempt(Line* line, std::unique_lock<std::mutex>* lock);
  void TakeOver(std::vector<Step> steps);
  void Bound();
  void GiveUp(Line* line, size_t index);
  void Remember(Delivery delivery);
  void Recover(OutboxRecovery found);
  void CatchUp();
  std::vector<std::string> Live() const;
  Line* Find(std::string_view name) const;
  void NoteDisk(const Result<bool>& written);
};

// ------------------------------------------------------------------------------------ the start

Outbox::Shared::Line* Outbox::Shared::Find(std::string_view name) const {
  for (const auto& line : lines) {
    if (line->options.name == name) return line.get();
  }
  return nullptr;
}

void Outbox::Shared::Recover(OutboxRecovery found) {
  next_number = found.next_number;
  if (!found.state.empty()) state = json::serialize(found.state);
  for (const auto& line : lines) {
    line->queue = std::move(found.queues[line->options.name]);  // the rest: configured no more
    for (const OutboxMessage& message : line->queue) {
      Remember({line->options.name, Delivery::Outcome::kWaiting, 0, "", message.notice});
    }
  }
}

Outbox::Outbox(OutboxOptions options, std::vector<OutboxSink> sinks)
    : shared_(std::make_shared<Shared>(std::move(options))) {
  for (OutboxSink& sink : sinks) {
    auto line = std::make_unique<Shared::Line>();
    line->sample.name = sink.options.name;
    line->sample.kind = std::string(stirbar::Name(sink.options.kind));
    line->sample.target = TargetOf(sink.options);
    line->options = std::move(sink.options);
    line->sink = std::move(sink.sink);
    shared_->lines.push_back(std::move(line));
  }
  std::vector<std::string> records;
  if (!shared_->options.folder.empty()) {
    Result<std::vector<std::string>> opened =
        shared_->journal.Open(shared_->options.folder, shared_->options.name);
    if (opened) {
      records = *std::move(opened);
      if (shared_->journal.damaged_lines() > 0) {
        remark_ =
            shared_->journal.path() + ": " + std::to_string(shared_->journal.damaged_lines()) +
            " damaged lines were left out" + (records.empty() ? "; put aside as .damaged" : "");
      }
    } else {
      shared_->trouble = opened.error();
      remark_ = "alerts are kept in memory only: " + opened.error();
    }
  }
  OutboxRecovery found = RecoverOutbox(records);
  restored_ = found.state;
  shared_->Recover(std::move(found));
  shared_->kept = shared_->journal.open();
  shared_->behind = shared_->kept;  // so that the file begins with one whole state
  // Signals are the loop's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([shared = shared_] {
    pthread_setname_np(pthread_self(), "stirbar-outbox");
    shared->Write();
    const std::lock_guard lock(shared->mutex);
    shared->writer_ended = true;
    shared->changed.notify_all();
  }).detach();
  for (const auto& line : shared_->lines) {
    std::thread([shared = shared_, line = line.get()] {
      pthread_setname_np(pthread_self(), "stirbar-sink");
      shared->Send(line);
      const std::lock_guard lock(shared->mutex);
      line->ended = true;
      shared->changed.notify_all();
    }).detach();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Outbox::~Outbox() {
  std::unique_lock lock(shared_->mutex);
  shared_->stop = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, kGoodbye, [this] {
    return shared_->writer_ended && std::all_of(shared_->lines.begin(), shared_->lines.end(),
                                                [](const auto& line) { return line->ended; });
  });
}

// ------------------------------------------------------------------------------------- the loop

std::vector<AlertNotice> Outbox::Commit(json::object state, std::vector<AlertNotice> notices,
                                        const std::string& only) {
  Shared::Step step{std::move(state), {}};
  const std::lock_guard lock(shared_->mutex);
  for (AlertNotice& notice : notices) {
    notice.number = shared_->next_number++;
    notice.key = shared_->identity + "-" + std::to_string(notice.number);
    for (size_t i = 0; i < shared_->lines.size(); ++i) {
      const SinkOptions& options = shared_->lines[i]->options;
      if (!only.empty() && options.name != only) continue;
      auto wanted = std::make_shared<AlertNotice>(notice);
      std::erase_if(wanted->news, [&](const AlertNews& news) { return !Wants(options, news); });
      if (wanted->news.empty()) continue;
      const size_t bytes = json::serialize(ToJson(*wanted)).size();
      step.messages.emplace_back(i, OutboxMessage{std::move(wanted), 0, bytes});
    }
  }
  shared_->steps.push_back(std::move(step));
  shared_->changed.notify_all();
  return notices;
}

void Outbox::SetFiring(std::vector<AlertNews> firing) {
  const std::lock_guard lock(shared_->mutex);
  shared_->firing = std::move(firing);
}

void Outbox::Fill(AlertingSample* sample) const {
  const uint64_t now_ns = MonotonicNs();
  const uint64_t wall_ns = WallNs();
  const std::lock_guard lock(shared_->mutex);
  sample->sinks.clear();
  sample->outbox_messages = 0;
  sample->outbox_bytes = 0;
  for (const auto& line : shared_->lines) {
    SinkSample sink = line->sample;
    sink.waiting = static_cast<uint32_t>(line->queue.size());
    for (const OutboxMessage& message : line->queue) sample->outbox_bytes += message.bytes;
    sample->outbox_messages += line->queue.size();
    if (!line->queue.empty()) {
      sink.oldest_waiting_seconds = Seconds(AgeOf(line->queue.front().notice->wall_ns, wall_ns));
    }
    if (line->failing_since_ns != 0) {
      sink.failing_seconds = Seconds(AgeOf(line->failing_since_ns, now_ns));
    }
    sample->sinks.push_back(std::move(sink));
  }
  sample->collapsed = shared_->collapsed;
  sample->outbox_trouble = shared_->trouble;
}

std::vector<Delivery> Outbox::TakeDeliveries() {
  const std::lock_guard lock(shared_->mutex);
  std::vector<Delivery> taken(shared_->deliveries.begin(), shared_->deliveries.end());
  shared_->deliveries.clear();
  return taken;
}

bool Outbox::WaitUntilEmpty(milliseconds limit) const {
  std::unique_lock lock(shared_->mutex);
  return shared_->changed.wait_for(lock, limit, [this] {
    return shared_->steps.empty() && !shared_->writing &&
           std::all_of(shared_->lines.begin(), shared_->lines.end(),
                       [](const auto& line) { return line->queue.empty(); });
  });
}

void Outbox::Shared::Remember(Delivery delivery) {
  deliveries.push_back(std::move(delivery));
  if (deliveries.size() > kMostDeliveriesKept) deliveries.pop_front();
}

// ------------------------------------------------------------------------------------ the writer

// With both mutexes held.
std::vector<std::string> Outbox::Shared::Live() const {
  std::vector<std::string> records{HeadRecord(next_number)};
  if (!state.empty()) records.push_back(StateRecord(state));
  for (const auto& line : lines) {
    for (const OutboxMessage& message : line->queue) {
      records.push_back(MessageRecord(line->options.name, message));
    }
  }
  return records;
}

void Outbox::Shared::NoteDisk(const Result<bool>& written) {
  const std::lock_guard lock(mutex);
  trouble = written ? "" : written.error();
  if (!written) behind = true;
}

// With `disk` held, and not `mutex`.
void Outbox::Shared::CatchUp() {
  std::vector<std::string> records;
  {
    const std::lock_guard lock(mutex);
    records = Live();
  }
  const Result<bool> written = journal.Rewrite(records);
  if (written) behind = false;
  NoteDisk(written);
}

// With `mutex` held.
void Outbox::Shared::TakeOver(std::vector<Step> taken) {
  for (Step& step : taken) {
    state = json::serialize(step.state);
    for (auto& [index, message] : step.messages) {
      Remember({lines[index]->options.name, Delivery::Outcome::kWaiting, 0, "", message.notice});
      lines[index]->queue.push_back(std::move(message));
    }
  }
  Bound();
}

void Outbox::Shared::Write() {
  std::unique_lock lock(mutex);
  for (;;) {
    const auto due = [this] { return stop || !steps.empty(); };
    if (kept && behind) {
      changed.wait_for(lock, trouble.empty() ? milliseconds(0) : kAnotherTry, due);
    } else {
      changed.wait(lock, due);
    }
    if (stop && steps.empty()) return;
    std::vector<Step> taken(std::make_move_iterator(steps.begin()),
                            std::make_move_iterator(steps.end()));
    steps.clear();
    writing = true;
    lock.unlock();

    {
      const std::lock_guard disk_lock(disk);
      if (!taken.empty() && kept && !behind) {
        std::vector<WaitingMessage> messages;
        for (const Step& step : taken) {
          for (const auto& [index, message] : step.messages) {
            messages.push_back({lines[index]->options.name, message});
          }
        }
        NoteDisk(journal.Append(StepRecord(taken.back().state, messages), Durability::kDisk));
      }
      lock.lock();
      TakeOver(std::move(taken));
      uint64_t live = state.size();
      for (const auto& line : lines) {
        for (const OutboxMessage& message : line->queue) live += message.bytes;
      }
      const bool large = journal.size() > kSmallJournal && journal.size() > 3 * live;
      lock.unlock();
      if (kept && (behind || large)) CatchUp();
    }
    lock.lock();
    writing = false;
    changed.notify_all();
  }
}

// ------------------------------------------------------------------------------- too much of it

// With `mutex` held. `index` is not on the wire.
void Outbox::Shared::GiveUp(Line* line, size_t index) {
  const auto message = line->queue.begin() + static_cast<ptrdiff_t>(index);
  ++line->sample.dropped;
  ++line->dropped;
  Remember({line->options.name, Delivery::Outcome::kDropped, WallNs(), "", message->notice});
  line->queue.erase(message);
  behind = true;  // the next rewrite leaves it out
}

// With `mutex` held.
void Outbox::Shared::Bound() {
  for (;;) {
    size_t messages = 0;
    size_t bytes = 0;
    Line* longest = nullptr;
    for (const auto& line : lines) {
      messages += line->queue.size();
      for (const OutboxMessage& message : line->queue) bytes += message.bytes;
      if (longest == nullptr || line->queue.size() > longest->queue.size()) longest = line.get();
    }
    if (longest == nullptr || (messages <= options.most_messages && bytes <= options.most_bytes)) {
      return;
    }
    const size_t spared = longest->sending ? 1 : 0;
    if (longest->queue.size() <= spared) return;
    std::vector<uint64_t> emptied;
    const size_t episodes = CollapseEpisodes(&longest->queue, spared, &emptied);
    collapsed += episodes;
    if (episodes > 0) {
      behind = true;
      continue;
    }
    GiveUp(longest, spared);
  }
}

// ------------------------------------------------------------------------------------- a sink

void Outbox::Shared::Send(Line* line) {
  std::mt19937 chance(std::random_device{}());
  std::uniform_real_distribution<double> share(0, 1);
  const auto refresh_every = line->sink->RefreshInterval();
  auto refresh_at = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex);
  while (!stop) {
    const auto due = [&] { return stop.load() || !line->queue.empty(); };
    if (!line->queue.empty()) {
      if (const auto asked = Attempt(line, &lock)) {
        const milliseconds pause =
            OutboxPause(line->failures, line->options.longest_pause, share(chance), *asked);
        changed.wait_for(lock, pause, [&] { return stop.load(); });
      }
    } else if (refresh_every) {
      changed.wait_until(lock, refresh_at, due);
      if (stop || !line->queue.empty() || std::chrono::steady_clock::now() < refresh_at) continue;
      std::vector<AlertNews> wanted;
      for (const AlertNews& news : firing) {
        if (Wants(line->options, news)) wanted.push_back(news);
      }
      lock.unlock();
      if (!wanted.empty()) line->sink->Refresh(wanted, stop);
      refresh_at = std::chrono::steady_clock::now() + *refresh_every;
      lock.lock();
    } else {
      changed.wait(lock, due);
    }
  }
}

std::optional<std::chrono::seconds> Outbox::Shared::Attempt(Line* line,
                                                            std::unique_lock<std::mutex>* lock) {
  OutboxMessage& front = line->queue.front();
  const std::shared_ptr<const AlertNotice> notice = front.notice;
  const uint32_t number = ++front.attempts;
  const uint64_t dropped = line->dropped;
  line->sending = true;
  lock->unlock();
  {
    const std::lock_guard disk_lock(disk);
    // Lost with the machine, it would only have said that the message may have been sent.
    if (kept && !behind) {
      const std::string record = TryRecord(line->options.name, notice->number);
      NoteDisk(journal.Append(record, Durability::kProcess));
    }
  }
  const SinkOutcome outcome = line->sink->Send(*notice, {number, dropped, stop});
  const uint64_t wall_ns = WallNs();
  const bool delivered = outcome.kind == SinkOutcome::Kind::kDelivered;
  const bool over =
      delivered || (outcome.kind == SinkOutcome::Kind::kRefused && number >= kRefusedAttempts);

  const std::lock_guard disk_lock(disk);
  if (over && kept && !behind) {
    const std::string record = DoneRecord(line->options.name, notice->number);
    NoteDisk(journal.Append(record, Durability::kDisk));
  }
  lock->lock();
  line->sending = false;
  SinkSample& sample = line->sample;
  if (delivered) {
    ++sample.delivered;
    sample.last_success_wall_ns = wall_ns;
    sample.last_error.clear();
    line->failing_since_ns = 0;
    line->failures = 0;
    line->dropped -= dropped;
  } else if (!stop) {
    ++sample.failures;
    ++line->failures;
    sample.last_failure_wall_ns = wall_ns;
    sample.last_error = outcome.error;
    if (line->failing_since_ns == 0) line->failing_since_ns = MonotonicNs();
  }
  if (over) {
    if (!delivered) ++sample.refused;
    Remember({line->options.name,
              delivered ? Delivery::Outcome::kDelivered : Delivery::Outcome::kRefused, wall_ns,
              outcome.error, notice});
    line->queue.pop_front();  // `sending` kept it there
    changed.notify_all();
    return std::nullopt;
  }
  return outcome.retry_after;
}

}  // namespace stirbar
