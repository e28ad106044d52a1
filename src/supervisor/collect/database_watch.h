#pragma once

#include <memory>
#include <optional>

#include "supervisor/collect/database_connection.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// One server, asked once a second by a thread of its own, so that a server that hangs holds up
// nobody else: neither the loop nor another server.
//
// Unavailable means: the newest round failed, or has not been answered for kDatabaseSilence. Then
// the connection is given up, and made anew after DatabasePause(). What the server says of itself
// for good (version, max_connections, ...) stays in the sample; what it says of a moment does not.
//
// Threads: the loop's; its own touches nothing but what both share, behind a mutex that is held for
// a few microseconds. Time: never blocks, but for up to 0.3 s in the destructor: a thread that does
// not end by then (it resolves a name) is left to itself.
class DatabaseWatch {
 public:
  DatabaseWatch(DatabaseAccount account, DatabaseConnector connector);
  ~DatabaseWatch();
  DatabaseWatch(const DatabaseWatch&) = delete;
  DatabaseWatch& operator=(const DatabaseWatch&) = delete;

  // The newest figures; none until the first round has ended, in whatever way.
  // `long_running_seconds` holds from the next round on.
  std::optional<DatabaseServerSample> Latest(const Tick& tick, double long_running_seconds);

 private:
  struct Shared;
  static void Run(const std::shared_ptr<Shared>& shared);

  const std::shared_ptr<Shared> shared_;
};

inline constexpr Nanoseconds kDatabaseInterval{1'000'000'000};
// Longer than any single time-out of mysql_client.h: this one is for a server that drips bytes.
inline constexpr Nanoseconds kDatabaseSilence{5'000'000'000};

// How long to wait after failure number `failures` (from 1) in a row, the last with `code`: 1 s,
// doubling to 5 s, so that a server that is back is seen to be. To 60 s where the account is
// refused: trying again helps nobody, and servers count it.
Nanoseconds DatabasePause(unsigned failures, unsigned code);

}  // namespace stirbar
