#include "probe/cleanup.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>

#include "base/clock.h"
#include "probe/arena_figures.h"
#include "probe/cleanup_steps.h"
#include "segment/shared_words.h"

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

constexpr uint32_t kNativeSteps = BitOf(CleanupStep::kYoungGarbage) | BitOf(CleanupStep::kGarbage)
#ifdef __GLIBC__
                                  | BitOf(CleanupStep::kTrim)
#endif
    ;

enum class Phase { kNone, kWaiting, kOffered, kTaken };

// The order that is open here. Written with the interpreter lock held.
struct Open {
  Phase phase = Phase::kNone;
  const Attachment* attachment = nullptr;
  uint64_t number = 0;
  uint64_t since_ns = 0;
  uint64_t begun_ns = 0;
  uint64_t before_bytes = 0;
};

Open g_open;
std::atomic<bool> g_waits{false};
std::atomic<uint32_t> g_python_steps{0};
PyObject* g_starter = nullptr;

// gc.collect(), which unlike PyGC_Collect also works in an app that has called gc.disable().
// Returns how many unreachable objects it found.
uint64_t CollectGarbage(int generation) {
  PyObject* const module = PyImport_ImportModule("gc");
  PyObject* const count =
      module != nullptr ? PyObject_CallMethod(module, "collect", "i", generation) : nullptr;
  const long long collected = count != nullptr ? PyLong_AsLongLong(count) : 0;
  PyErr_Clear();
  Py_XDECREF(count);
  Py_XDECREF(module);
  return collected > 0 ? static_cast<uint64_t>(collected) : 0;
}

bool IsNative(CleanupStep step) {
  return step == CleanupStep::kYoungGarbage || step == CleanupStep::kGarbage ||
         step == CleanupStep::kTrim;
}

struct Answer {
  CleanupEffect effect;
  CleanupOutcome outcome = CleanupOutcome::kDone;
  std::string_view text;
  ArenaFigures arenas{};
};

// To the order as it was when the step began: the lock is given up meanwhile. `open` by value: it
// may be g_open, which is over here.
void Reply(const Open open, const Answer& answer) {
  if (g_open.attachment == open.attachment && g_open.number == open.number) g_open = {};
  g_waits.store(false, kRelaxed);
  // Another segment may have taken this one's place meanwhile, or another worker this slot.
  if (open.attachment == nullptr || !open.attachment->OwnsSlot()) return;
  Directive& directive = open.attachment->slot().directive;
  const CleanupEffect& effect = answer.effect;
  const uint64_t freed =
      effect.before_bytes > effect.after_bytes ? effect.before_bytes - effect.after_bytes : 0;
  directive.reclaimed_bytes.store(freed, kRelaxed);
  directive.before_bytes.store(effect.before_bytes, kRelaxed);
  directive.duration_ns.store(effect.duration_ns, kRelaxed);
  directive.collected_objects.store(effect.count, kRelaxed);
  directive.waited_ns.store(open.begun_ns - open.since_ns, kRelaxed);
  directive.outcome.store(static_cast<uint32_t>(answer.outcome), kRelaxed);
  directive.arena_bytes.store(answer.arenas.bytes, kRelaxed);
  directive.arena_used_bytes.store(answer.arenas.used_bytes, kRelaxed);
  char text[sizeof directive.text] = {};
  std::memcpy(text, answer.text.data(), std::min(answer.text.size(), sizeof text - 1));
  StoreShared(directive.text, text, sizeof text);
  directive.done.store(open.number, std::memory_order_release);
}

// Whether it may begin: its worker is idle, or it has waited for long enough.
bool IsTheMoment(const Attachment& attachment, uint64_t now_ns) {
  const uint64_t wait = attachment.slot().directive.wait_ns.load(kRelaxed);
  return wait == 0 || now_ns >= g_open.since_ns + wait || IsIdle(attachment.slot());
}

}  // namespace

uint64_t ResidentBytes() noexcept {
  FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long total = 0;
  unsigned long resident = 0;
  const int fields = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

void Trim() {
  Py_BEGIN_ALLOW_THREADS;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  Py_END_ALLOW_THREADS;
}

CleanupEffect RunNativeStep(CleanupStep step, bool trims) {
  CleanupEffect effect;
  const uint64_t begin = MonotonicNs();
  effect.before_bytes = ResidentBytes();
  if (step == CleanupStep::kYoungGarbage) effect.count = CollectGarbage(1);
  if (step == CleanupStep::kGarbage) effect.count = CollectGarbage(2);
  if (step == CleanupStep::kTrim || (trims && effect.count > 0)) Trim();
  effect.after_bytes = ResidentBytes();
  effect.duration_ns = MonotonicNs() - begin;
  return effect;
}

uint32_t CleanupSteps() noexcept { return kNativeSteps | g_python_steps.load(kRelaxed); }

void SetCleanupStarter(PyObject* starter) noexcept {
  Py_XINCREF(starter);
  Py_XSETREF(g_starter, starter);
}

void SetPythonSteps(uint32_t bits) noexcept { g_python_steps.store(bits, kRelaxed); }

bool IsIdle(const WorkerSlot& slot) noexcept {
  return std::all_of(slot.in_flight.begin(), slot.in_flight.end(), [](const InFlight& request) {
    return request.started_ns.load(kRelaxed) == 0 ||
           request.phase.load(kRelaxed) == static_cast<uint32_t>(RequestPhase::kStreaming) ||
           (request.limit_ns.load(kRelaxed) == 0 && request.route.load(kRelaxed) != kRouteUnknown);
  });
}

bool CleanupWaits() noexcept { return g_waits.load(kRelaxed); }

void CarryOutCleanup(const Attachment& attachment, uint64_t now_ns) {
  Directive& directive = attachment.slot().directive;
  const uint64_t ordered = directive.ordered.load(std::memory_order_acquire);
  if (g_open.attachment != &attachment || g_open.number != ordered) {
    g_open = {Phase::kWaiting, &attachment, ordered, now_ns, now_ns, 0};
  }
  if (g_open.phase != Phase::kWaiting) return;
  const uint32_t number = directive.step.load(kRelaxed);
  const auto step = static_cast<CleanupStep>(number);
  if (!HasStep(CleanupSteps(), number)) {
    Reply(g_open, {{}, CleanupOutcome::kNothing, "this worker has nothing for this step"});
    return;
  }
  if (!IsNative(step)) {
    g_open.phase = Phase::kOffered;  // TakeCleanup() waits for the moment
    if (g_starter == nullptr) return;
    PyObject* const starter = Py_NewRef(g_starter);
    PyObject* const result = PyObject_CallNoArgs(starter);
    if (result == nullptr) PyErr_WriteUnraisable(starter);
    Py_XDECREF(result);
    Py_DECREF(starter);
    return;
  }
  const bool waits = !IsTheMoment(attachment, now_ns);
  g_waits.store(waits, kRelaxed);
  if (waits) return;
  g_open.begun_ns = now_ns;
  g_open.phase = Phase::kTaken;
  const Open open = g_open;
  const CleanupEffect effect = RunNativeStep(step, directive.trims.load(kRelaxed) == 1);
  const bool quick = step == CleanupStep::kYoungGarbage;
  Reply(open, {effect, CleanupOutcome::kDone, {}, quick ? ArenaFigures{} : ReadArenas()});
}

std::optional<PythonStep> TakeCleanup() {
  if (g_open.phase != Phase::kOffered) return std::nullopt;
  const Attachment& attachment = *g_open.attachment;
  const uint64_t now = MonotonicNs();
  if (!attachment.OwnsSlot() || !IsTheMoment(attachment, now)) return std::nullopt;
  const Directive& directive = attachment.slot().directive;
  g_open.phase = Phase::kTaken;
  g_open.begun_ns = now;
  g_open.before_bytes = ResidentBytes();
  return PythonStep{static_cast<CleanupStep>(directive.step.load(kRelaxed)),
                    directive.percent.load(kRelaxed), directive.keeps.load(kRelaxed),
                    static_cast<double>(directive.budget_ns.load(kRelaxed)) * 1e-9};
}

void EndCleanup(uint64_t count, CleanupOutcome outcome, std::string_view text) {
  if (g_open.phase != Phase::kTaken) return;
  const Open open = g_open;
  const Directive& directive = open.attachment->slot().directive;
  if (count > 0 && directive.trims.load(kRelaxed) == 1) Trim();
  CleanupEffect effect;
  effect.before_bytes = open.before_bytes;
  effect.after_bytes = ResidentBytes();
  effect.count = count;
  effect.duration_ns = MonotonicNs() - open.begun_ns;
  Reply(open, {effect, outcome, text});
}

bool CleanupIsOffered() noexcept { return g_open.phase == Phase::kOffered; }

void ForgetCleanup() noexcept {
  g_open = {};
  g_waits.store(false, kRelaxed);
}

}  // namespace stirbar
