// The thread of one export: it may wait for a receiver as long as it likes without holding anybody
// up, and its owner's end waits for it a moment only. The outbox has threads of its own, which
// share one mutex.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace stirbar {

// What the thread does. Owned by the thread and by whoever gives it work.
class ExportWork {
 public:
  virtual ~ExportWork() = default;
  // Ends soon after `stop_` is set.
  virtual void Run() = 0;

 protected:
  friend class ExportThread;
  // With the mutex held, when `stop_` has just been set: ends a wait that `changed_` does not.
  virtual void Interrupt() {}

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stop_ = false;

 private:
  bool ended_ = false;
};

class ExportThread {
 public:
  explicit ExportThread(std::shared_ptr<ExportWork> work);
  // Gives it 0.3 s; then it is left to itself and ends with the process.
  ~ExportThread();
  ExportThread(const ExportThread&) = delete;
  ExportThread& operator=(const ExportThread&) = delete;

 private:
  const std::shared_ptr<ExportWork> work_;
};

}  // namespace stirbar
