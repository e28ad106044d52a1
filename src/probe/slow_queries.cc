#include "probe/slow_queries.h"

#include <unistd.h>

#include <cstddef>

#include "base/clock.h"
#include "segment/events.h"
#include "segment/shared_words.h"

namespace stirbar {
namespace {

constexpr uint64_t kEventEveryNs = 1'000'000'000;

// What follows the sequence: plain words, copied as such.
constexpr size_t kPayloadOffset = offsetof(SlowQuery, wall_ns);
constexpr size_t kPayloadBytes = sizeof(SlowQuery) - kPayloadOffset;
static_assert(kPayloadOffset == sizeof(Word) && kPayloadBytes % sizeof(uint64_t) == 0);

uint64_t g_said_ns = 0;  // guarded by the interpreter lock

void Show(const SlowStatement& statement, SlowQuery* record) {
  Py_ssize_t length = 0;
  const char* text = nullptr;
  // No subclass: its conversion may run code of the app.
  if (statement.text != nullptr && PyUnicode_CheckExact(statement.text)) {
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    text = PyUnicode_AsUTF8AndSize(statement.text, &length);
    PyErr_Restore(type, value, traceback);
  }
  if (text == nullptr) {
    record->text[0] = '?';
    return;
  }
  ShowStatement({text, static_cast<size_t>(length)}, statement.dialect, record->text,
                sizeof record->text);
}

}  // namespace

void RecordSlowQuery(const Attachment& attachment, const SlowStatement& statement) noexcept {
  SlowQuery record{};
  record.wall_ns = WallNs();
  record.duration_ns = statement.duration_ns;
  record.pool = statement.pool;
  record.route = statement.route;
  Show(statement, &record);

  WorkerPools& pools = attachment.segment().pools[attachment.slot_index()];
  const uint64_t number = pools.next_slow_query.load(std::memory_order_relaxed);
  SlowQuery& target = pools.slow_queries[number % kMaxSlowQueries];
  target.sequence.store(0, std::memory_order_release);
  StoreShared(reinterpret_cast<char*>(&target) + kPayloadOffset,
              reinterpret_cast<char*>(&record) + kPayloadOffset, kPayloadBytes);
  target.sequence.store(number + 1, std::memory_order_release);
  pools.next_slow_query.store(number + 1, std::memory_order_release);

  const uint64_t now_ns = MonotonicNs();
  if (g_said_ns != 0 && now_ns < g_said_ns + kEventEveryNs) return;
  g_said_ns = now_ns;
  AppendEvent(attachment.segment(),
              {.kind = EventKind::kSlowQuery,
               .severity = Severity::kWarning,
               .slot = attachment.slot_index(),
               .pid = static_cast<uint32_t>(getpid()),
               .route = statement.route,
               .value = Seconds(Nanoseconds(statement.duration_ns))},
              record.text);
}

}  // namespace stirbar
