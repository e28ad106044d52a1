#include <Python.h>
// First, because CPython asks for it.

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "probe/slow_requests.h"
#include "probe/slowest_of_minute.h"
#include "probe/statements.h"
#include "probe/time_parts.h"
#include "segment/shared_words.h"

namespace stirbar {
namespace {

// Guarded by the interpreter lock.
struct Candidate {
  SlowestOfMinute slowest;
  const Attachment* attachment = nullptr;  // of the record: a process may change its segment
  SlowRequest record;
};
Candidate g_candidate;

// What follows the sequence: plain words, copied as such.
constexpr size_t kPayloadOffset = offsetof(SlowRequest, started_ns);
constexpr size_t kPayloadBytes = sizeof(SlowRequest) - kPayloadOffset;
static_assert(kPayloadOffset == sizeof(Word) && kPayloadBytes % sizeof(uint64_t) == 0);

char* PayloadOf(SlowRequest* record) { return reinterpret_cast<char*>(record) + kPayloadOffset; }

void Fill(const WorkerSlot& slot, const EndedRequest& request, SlowRequest* record) {
  std::memset(PayloadOf(record), 0, kPayloadBytes);
  record->started_ns = request.started_ns;
  record->wall_ns = WallNs();
  record->duration_ns = request.duration_ns;
  record->queue_ns = request.queue_ns;
  PartTimes parts;
  ReadParts(slot, request.in_flight, &parts);
  for (size_t part = 0; part < kParts; ++part) {
    // Waits for the lock are samples of a tenth of a second, which may be more than there was.
    record->parts_ns[part] = std::min(parts.ns[part], request.duration_ns);
    record->part_calls[part] = parts.calls[part];
  }
  record->in_flight = request.in_flight;
  record->route = request.route;
  record->method = static_cast<uint32_t>(request.method);
  record->status = request.status;
  record->queue_source = static_cast<uint32_t>(request.queue_source);
  record->thread = request.thread;
  record->slow = request.slow ? 1 : 0;
  record->request_bytes = request.request_bytes;
  record->response_bytes = request.response_bytes;
  CopySlowest(request.in_flight, request.started_ns, &record->statements);
}

void Write(WorkerSlot& slot, SlowRequest* record) {
  const uint64_t number = slot.next_slow.load(std::memory_order_relaxed);
  SlowRequest& target = slot.slow[number % kMaxSlowRequests];
  target.sequence.store(0, std::memory_order_release);
  StoreShared(PayloadOf(&target), PayloadOf(record), kPayloadBytes);
  target.sequence.store(number + 1, std::memory_order_release);
  slot.next_slow.store(number + 1, std::memory_order_release);
}

}  // namespace

void RecordSlowestOfMinute(Attachment& attachment, uint64_t now_ns) noexcept {
  if (!g_candidate.slowest.IsOver(now_ns)) return;
  g_candidate.slowest.Reset();
  if (g_candidate.attachment == &attachment) Write(attachment.slot(), &g_candidate.record);
}

void NoteEnded(Attachment& attachment, const EndedRequest& request) noexcept {
  const uint64_t now_ns = request.started_ns + request.duration_ns;
  RecordSlowestOfMinute(attachment, now_ns);
  if (request.slow) {
    SlowRequest record;
    Fill(attachment.slot(), request, &record);
    Write(attachment.slot(), &record);
  } else if (g_candidate.slowest.Offer(request.duration_ns, now_ns)) {
    g_candidate.attachment = &attachment;
    Fill(attachment.slot(), request, &g_candidate.record);
  }
  ForgetStatements(request.in_flight);
}

}  // namespace stirbar
