#include "supervisor/publish/export_thread.h"

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

namespace stirbar {
namespace {

constexpr std::chrono::milliseconds kGoodbye{300};

}  // namespace

ExportThread::ExportThread(std::shared_ptr<ExportWork> work) : work_(std::move(work)) {
  // Signals are the loop's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([work = work_] {
    pthread_setname_np(pthread_self(), "stirbar-export");
    work->Run();
    const std::lock_guard lock(work->mutex_);
    work->ended_ = true;
    work->changed_.notify_all();
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ExportThread::~ExportThread() {
  std::unique_lock lock(work_->mutex_);
  work_->stop_ = true;
  work_->Interrupt();
  work_->changed_.notify_all();
  work_->changed_.wait_for(lock, kGoodbye, [this] { return work_->ended_; });
}

}  // namespace stirbar
