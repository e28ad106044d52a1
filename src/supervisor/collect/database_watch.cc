#include "supervisor/collect/database_watch.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "supervisor/collect/database_figures.h"
#include "supervisor/collect/database_inquiry.h"

namespace stirbar {
namespace {

constexpr std::chrono::milliseconds kGoodbye{300};

// Access denied, in two ways; host not allowed; plugin of the account; no library.
bool IsRefusal(unsigned code) {
  return code == 1045 || code == 1698 || code == 1130 || code == 2059 || code == 2061 || code == 0;
}

void MarkUnavailable(uint64_t since_wall_ns, const std::string& error,
                     DatabaseServerSample* sample) {
  DatabaseServerSample fresh;
  fresh.name = sample->name;
  fresh.version = sample->version;
  fresh.max_connections = sample->max_connections;
  fresh.wait_timeout_seconds = sample->wait_timeout_seconds;
  fresh.is_replica = sample->is_replica;
  fresh.read_only = sample->read_only;
  fresh.unavailable_since_wall = sample->unavailable_since_wall > 0
                                     ? sample->unavailable_since_wall
                                     : static_cast<double>(since_wall_ns) * 1e-9;
  fresh.error = error;
  *sample = std::move(fresh);
}

}  // namespace

Nanoseconds DatabasePause(unsigned failures, unsigned code) {
  constexpr Nanoseconds kFirst{1'000'000'000};
  const Nanoseconds longest = (IsRefusal(code) ? 60 : 5) * kFirst;
  return std::min(kFirst * (1 << std::min(failures - 1, 10U)), longest);
}

struct DatabaseWatch::Shared {
  // The thread's alone.
  DatabaseAccount account;
  DatabaseConnector connector;
  // Both sides', with the mutex held.
  std::mutex mutex;
  std::condition_variable changed;
  bool stop = false;
  bool ended = false;
  DatabaseConnection* connection = nullptr;  // to be aborted; the thread owns it
  uint64_t began_ns = 0;                     // of the round that runs; 0: none does
  uint64_t began_wall_ns = 0;
  uint64_t answered_ns = 0;  // when the newest round was answered; 0: never
  double long_running_seconds = 2;
  DatabaseServerSample sample;
};

DatabaseWatch::DatabaseWatch(DatabaseAccount account, DatabaseConnector connector)
    : shared_(std::make_shared<Shared>()) {
  shared_->sample.name = account.name();
  shared_->account = std::move(account);
  shared_->connector = std::move(connector);
  // Signals are the loop's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([shared = shared_] {
    pthread_setname_np(pthread_self(), "stirbar-db");
    Run(shared);
    const std::lock_guard lock(shared->mutex);
    shared->ended = true;
    shared->changed.notify_all();
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

DatabaseWatch::~DatabaseWatch() {
  std::unique_lock lock(shared_->mutex);
  shared_->stop = true;
  if (shared_->connection != nullptr) shared_->connection->Abort();
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, kGoodbye, [this] { return shared_->ended; });
}

std::optional<DatabaseServerSample> DatabaseWatch::Latest(const Tick& tick,
                                                          double long_running_seconds) {
  const std::lock_guard lock(shared_->mutex);
  shared_->long_running_seconds = long_running_seconds;
  const Nanoseconds silent = AgeOf(shared_->began_ns, tick.now_ns);
  if (shared_->began_ns != 0 && silent >= kDatabaseSilence) {
    std::array<char, 64> error;
    std::snprintf(error.data(), error.size(), "no answer for %.0f s", Seconds(silent));
    MarkUnavailable(shared_->began_wall_ns, error.data(), &shared_->sample);
    if (shared_->connection != nullptr) shared_->connection->Abort();
  }
  if (shared_->answered_ns == 0 && shared_->sample.error.empty()) return std::nullopt;
  DatabaseServerSample sample = shared_->sample;
  if (shared_->answered_ns != 0) {
    sample.answered_age_seconds = Seconds(AgeOf(shared_->answered_ns, tick.now_ns));
  }
  return sample;
}

void DatabaseWatch::Run(const std::shared_ptr<Shared>& shared) {
  std::unique_ptr<DatabaseConnection> connection;
  DatabaseInquiry inquiry;
  DatabaseFigures figures;
  unsigned failures = 0;
  std::unique_lock lock(shared->mutex);
  while (!shared->stop) {
    const uint64_t began_ns = MonotonicNs();
    shared->began_ns = began_ns;
    shared->began_wall_ns = WallNs();
    const double long_running_seconds = shared->long_running_seconds;
    lock.unlock();

    DatabaseFault fault;
    std::optional<DatabaseRound> round;
    if (!connection) {
      connection = shared->connector(shared->account, &fault);
      inquiry.Reconnected();
      lock.lock();
      shared->connection = connection.get();
      const bool stop = shared->stop;
      lock.unlock();
      if (stop) break;
    }
    if (connection) {
      round = inquiry.Ask(connection.get(), long_running_seconds);
      if (!round) fault = connection->fault();
    }

    lock.lock();
    shared->began_ns = 0;
    Nanoseconds pause = kDatabaseInterval;
    if (round) {
      failures = 0;
      figures.Add(*round, &shared->sample);
      shared->sample.unavailable_since_wall = 0;
      shared->sample.error.clear();
      shared->answered_ns = MonotonicNs();
      pause -= std::min(pause, AgeOf(began_ns, shared->answered_ns));
    } else {
      MarkUnavailable(shared->began_wall_ns, fault.text, &shared->sample);
      pause = DatabasePause(++failures, fault.code);
      shared->connection = nullptr;
    }
    if (!round && connection) {
      lock.unlock();
      connection.reset();
      lock.lock();
    }
    shared->changed.wait_for(lock, pause, [&] { return shared->stop; });
  }
  if (!lock.owns_lock()) lock.lock();
  shared->connection = nullptr;
  lock.unlock();
}

}  // namespace stirbar
