// The probe of this process: which segment it writes to, and its native threads.
//
// Life: Configure() in any process (also a master that will fork); Start() in each worker, by a
// server's hook or by its first request, never before the fork; Shutdown() at interpreter exit.
// After fork() the child has no attachment and no threads, and starts anew at its first request.
//
// Failure: nothing here throws or stops the app. Where the segment cannot be used, requests are
// served unmonitored, the reason is in Trouble(), and the beat thread tries again every second.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "probe/attachment.h"
#include "probe/listen_backlog.h"

namespace stirbar {

struct ProbeOptions {
  std::string segment_path;
  // Makes the segment when it is missing, under this name; empty: `stirbar run` has made it.
  std::string app_name;
  // Of the application (Stirbar(app, config=...)); checked.
  std::map<SettingId, double> settings;
  // Starts a supervisor when none runs; empty: `stirbar run` takes care of that.
  std::vector<std::string> supervisor_command;
  // What that supervisor gets, "NAME=value". A copy: the app may change its own at any time, from a
  // thread that knows nothing of ours.
  std::vector<std::string> supervisor_environment;
};

// What a server's hook knows of its worker.
struct Server {
  ServerKind kind = ServerKind::kOther;
  LockProbe lock_probe = LockProbe::kRunning;
  uint32_t capacity = 0;       // requests at once; 0: not known
  std::vector<int> listeners;  // descriptors of its listening sockets
  uint32_t backlog = 0;        // what it had asked for; 0: not known
};

class Probe {
 public:
  // The one of this process. Never destroyed: the app's threads may outlive static destructors.
  static Probe& Get();

  // What every request reads first; null while the process is not attached.
  static Attachment* Current() noexcept { return current_.load(std::memory_order_acquire); }

  // Goes up in the child of a fork. A request that began before the fork belongs to the parent.
  static uint32_t Epoch() noexcept { return epoch_.load(std::memory_order_relaxed); }

  // Says where to attach; `python_version` is PY_VERSION_HEX. A second call for the same segment
  // (`stirbar run` and Stirbar(app) together) adds its settings; one for another is ignored: false.
  // Threads: with the interpreter lock held.
  bool Configure(ProbeOptions options, uint32_t python_version);
  bool configured() const { return configured_; }
  const ProbeOptions& options() const { return options_; }

  // Attaches and starts the native threads, once in each process. Threads: with the interpreter
  // lock held. Time: a millisecond, once. False: not attached (yet); Trouble() says why.
  bool Start(const Server& server) noexcept;
  bool started() const noexcept { return started_.load(std::memory_order_relaxed); }

  // Marks the slot as exiting and ends the native threads. Threads: with the interpreter lock held,
  // which it gives up while it waits for them. Idempotent.
  void Shutdown() noexcept;

  // Why requests go unmonitored; empty when they do not.
  std::string Trouble() const;

  // For the beat thread: copies settings and orders, and makes them hold.
  void ObeyOrders(uint64_t now_ns) noexcept;

  // Maps the segment again when the present one has gone bad or is missing. For the beat thread.
  void Reattach() noexcept;

 private:
  Probe();
  static void AfterForkInChild();
  void WriteSettings(Segment& segment) const;
  void SetTrouble(const std::string& reason) noexcept;

  static std::atomic<Attachment*> current_;
  static std::atomic<uint32_t> epoch_;

  ProbeOptions options_;  // not changed any more once configured: the beat thread reads it
  // The application's, NaN where it has none. Not a part of `options_`: a second Configure() adds
  // to them while the beat thread may read.
  std::array<std::atomic<double>, kSettingCount> settings_;
  bool configured_ = false;
  uint32_t python_version_ = 0;
  std::atomic<bool> started_{false};
  std::atomic<ServerKind> server_kind_{ServerKind::kUnknown};
  std::atomic<LockProbe> lock_probe_{LockProbe::kRunning};
  std::atomic<uint32_t> capacity_{0};
  ListenBacklog backlog_;  // used by the beat thread once that runs
  // Leaked on change, a few bytes each time: readers need no lock that a fork could leave held.
  std::atomic<const std::string*> trouble_{nullptr};
};

}  // namespace stirbar
