#include <Python.h>
// First, because CPython asks for it.

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <exception>
#include <semaphore>

#include "base/clock.h"
#include "probe/cache_counters.h"
#include "probe/cleanup.h"
#include "probe/connection_leaks.h"
#include "probe/executor_depth.h"
#include "probe/gil_address.h"
#include "probe/interpreter_map.h"
#include "probe/interrupt.h"
#include "probe/lock_sampler.h"
#include "probe/native_threads.h"
#include "probe/probe.h"
#include "probe/route_source.h"
#include "probe/slow_requests.h"
#include "probe/supervisor_watch.h"

namespace stirbar {
namespace {

// A beat of 100 ms makes a silence of 1 s certain, ten beats, not chance. A knock costs the holder
// of the lock about 0.1 ms when the app is busy: 0.1 % at this rate (facts: PyGILState ping).
constexpr int kPeriodMs = 100;
constexpr uint64_t kCheckMappingEveryNs = 1'000'000'000;
constexpr uint64_t kAskRoutesEveryNs = 10'000'000'000;

struct Threads {
  int stop_event = -1;  // readable once Stop() was called: wakes both
  std::atomic<bool> stopping{false};
  pthread_t beat{};
  pthread_t knock{};
  bool has_beat = false;
  bool has_knock = false;
  PyInterpreterState* interpreter = nullptr;
  PyThreadState* python = nullptr;  // of the knock thread
  std::binary_semaphore knock_is_ready{0};
};

// Replaced after a fork, never freed: the old threads' memory may be in any state.
Threads* g_threads = nullptr;

// False: stop.
bool Sleep(const Threads* threads) {
  pollfd event{threads->stop_event, POLLIN, 0};
  poll(&event, 1, kPeriodMs);
  return !threads->stopping.load(std::memory_order_relaxed);
}

// The same while a cleanup waits for a moment without a request, at most: such a moment of a busy
// worker is a millisecond long, and looking needs no interpreter lock.
bool SleepUntilIdle(const Threads* threads) {
  const Attachment* const attachment = Probe::Current();
  for (int i = 0; i < kPeriodMs; ++i) {
    pollfd event{threads->stop_event, POLLIN, 0};
    poll(&event, 1, 1);
    if (threads->stopping.load(std::memory_order_relaxed)) return false;
    if (attachment == nullptr || IsIdle(attachment->slot())) break;
  }
  return true;
}

// What the beat thread does once a second.
void CheckAll(uint64_t now, SupervisorWatch* watch, ReaderPermission* permission) {
  Probe::Get().Reattach();
  if (const Attachment* const attachment = Probe::Current(); attachment != nullptr) {
    permission->Renew(attachment->segment().supervisor, attachment->slot());
  }
  watch->Check(Probe::Current(), now);
}

void CountFault() {
  if (const Attachment* const attachment = Probe::Current(); attachment != nullptr) {
    attachment->slot().probe_faults.fetch_add(1, std::memory_order_relaxed);
  }
}

AddressRange InterpreterLock() {
  size_t bytes = 0;
  const auto begin = reinterpret_cast<uintptr_t>(StirbarGilState(&bytes));
  return begin != 0 ? AddressRange{begin, begin + bytes} : AddressRange{};
}

void Beat(Threads* threads) {
  SupervisorWatch watch(Probe::Get().options());
  LockSampler lock_sampler(InterpreterLock());
  ReaderPermission permission;
  uint64_t next_check_ns = 0;
  while (Sleep(threads)) {
    const uint64_t now = MonotonicNs();
    if (now >= next_check_ns) {
      next_check_ns = now + kCheckMappingEveryNs;
      try {
        CheckAll(now, &watch, &permission);
      } catch (const std::exception&) {
        // No memory: tried again in a second. This thread must not end the app.
        CountFault();
      }
    }
    Probe::Get().ObeyOrders(now);
    if (const Attachment* const attachment = Probe::Current(); attachment != nullptr) {
      attachment->slot().heartbeat_ns.store(now, std::memory_order_relaxed);
      WorkerCaches& caches = attachment->segment().caches[attachment->slot_index()];
      caches.steps.store(CleanupSteps(), std::memory_order_relaxed);
      PublishCaches(&caches);
      lock_sampler.Turn(attachment->slot(), now);
    }
  }
}

void CarryOut(const Attachment& attachment) {
  Directive& directive = attachment.slot().directive;
  const uint64_t ordered = directive.ordered.load(std::memory_order_acquire);
  if (ordered == directive.done.load(std::memory_order_relaxed)) return;
  const auto kind = static_cast<DirectiveKind>(directive.kind.load(std::memory_order_relaxed));
  if (kind == DirectiveKind::kInterrupt) {
    const bool done = Interrupt(attachment, directive.in_flight.load(std::memory_order_relaxed),
                                directive.started_ns.load(std::memory_order_relaxed));
    directive.interrupted.store(done ? 1 : 0, std::memory_order_relaxed);
  } else if (kind == DirectiveKind::kCleanup) {
    CarryOutCleanup(attachment, MonotonicNs());  // answers by itself, often only later
    return;
  }
  directive.done.store(ordered, std::memory_order_release);
}

// What needs the interpreter lock, ten times a second, while it is held anyway.
void UseLock(const Attachment& attachment, uint64_t now, uint64_t* next_routes_ns) {
  attachment.slot().admission.executor_depth.store(ExecutorDepth(), std::memory_order_relaxed);
  if (now >= *next_routes_ns) {
    RefreshRouteSources();
    *next_routes_ns = now + kAskRoutesEveryNs;
  }
  LookForLeaks(now);
  CarryOut(attachment);
}

void Knock(Threads* threads) {
  uint64_t next_routes_ns = 0;
  while (CleanupWaits() ? SleepUntilIdle(threads) : Sleep(threads)) {
    Attachment* const attachment = Probe::Current();
    if (attachment == nullptr) continue;
    WorkerSlot& slot = attachment->slot();
    const uint64_t since = MonotonicNs();
    slot.lock_wait_since_ns.store(since, std::memory_order_release);
    PyEval_RestoreThread(threads->python);
    const auto waited = static_cast<uint64_t>(AgeOf(since, MonotonicNs()).count());
    slot.lock_wait_since_ns.store(0, std::memory_order_relaxed);
    slot.lock_wait_last_ns.store(waited, std::memory_order_relaxed);
    slot.lock_wait_sum_ns.store(slot.lock_wait_sum_ns.load(std::memory_order_relaxed) + waited,
                                std::memory_order_relaxed);
    if (waited > slot.lock_wait_max_ns.load(std::memory_order_relaxed)) {
      slot.lock_wait_max_ns.store(waited, std::memory_order_relaxed);
    }
    slot.lock_waits.store(slot.lock_waits.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
    UseLock(*attachment, since, &next_routes_ns);
    RecordSlowestOfMinute(*attachment, since);
    PyEval_SaveThread();
  }
}

// An interpreter that shuts down ends a thread that asks for its lock by pthread_exit (3.8 to
// 3.13). That unwinds the stack as an exception does, and must not meet a noexcept function or a
// catch-all on its way: neither Knock nor these have one.
void* BeatMain(void* threads) {
  pthread_setname_np(pthread_self(), "stirbar-beat");
  Beat(static_cast<Threads*>(threads));
  return nullptr;
}

void* KnockMain(void* argument) {
  pthread_setname_np(pthread_self(), "stirbar-knock");
  auto* const threads = static_cast<Threads*>(argument);
  // Made here and not by Start(): Python ties a thread state to the thread that makes it. A
  // finalizer that asks for the lock (PyGILState_Ensure: ctypes, Cython, pybind11) must find that
  // this thread holds it already, and not wait for itself.
  threads->python = PyThreadState_New(threads->interpreter);
  threads->knock_is_ready.release();
  if (threads->python == nullptr) return nullptr;
  Knock(threads);
  PyEval_RestoreThread(threads->python);
  PyThreadState_Clear(threads->python);
  PyThreadState_DeleteCurrent();
  return nullptr;
}

}  // namespace

bool NativeThreads::Start(LockProbe lock_probe) {
  if (g_threads != nullptr) return true;
  auto* const threads = new Threads();
  threads->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (threads->stop_event < 0) return false;

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  // Python finalizers may run on the knock thread: eight megabytes of addresses, as for Python's
  // own threads; memory only where it is touched.
  pthread_attr_setstacksize(&attributes, size_t{8} << 20U);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // Faults are not blocked: the kernel ends a process whose thread blocks one that it gets, and a
  // truncated segment is such a fault (bus_guard.h).
  for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) {
    sigdelset(&all, fault);
  }
  pthread_sigmask(SIG_SETMASK, &all, &before);
  threads->has_beat = pthread_create(&threads->beat, &attributes, BeatMain, threads) == 0;
  if (lock_probe == LockProbe::kRunning) {
    threads->interpreter = PyInterpreterState_Get();
    threads->has_knock = pthread_create(&threads->knock, &attributes, KnockMain, threads) == 0;
    // It needs no lock for that. Waited for, so that an interpreter that ends at once meets a
    // thread state, and not one in the making.
    if (threads->has_knock) threads->knock_is_ready.acquire();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  g_threads = threads;
  return threads->has_beat;
}

void NativeThreads::Stop() noexcept {
  Threads* const threads = g_threads;
  if (threads == nullptr || threads->stopping.exchange(true)) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(threads->stop_event, &one, sizeof one);
  Py_BEGIN_ALLOW_THREADS;
  if (threads->has_beat) pthread_join(threads->beat, nullptr);
  if (threads->has_knock) pthread_join(threads->knock, nullptr);
  Py_END_ALLOW_THREADS;
}

void NativeThreads::ForgetAfterFork() noexcept {
  Threads* const threads = g_threads;
  g_threads = nullptr;
  if (threads != nullptr && threads->stop_event >= 0) close(threads->stop_event);
}

}  // namespace stirbar
