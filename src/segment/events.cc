#include "segment/events.h"

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "segment/shared_words.h"

namespace stirbar {
namespace {

// All of an Event but its sequence.
constexpr size_t kBodyBytes = sizeof(Event) - sizeof(Word);
static_assert(kBodyBytes % sizeof(uint64_t) == 0);

char* BodyOf(Event& event) { return reinterpret_cast<char*>(&event) + sizeof(Word); }
const char* BodyOf(const Event& event) {
  return reinterpret_cast<const char*>(&event) + sizeof(Word);
}

// Over the body and the number. FNV's step on whole words, folded: what must be found out is an
// event mixed of two, not an attack.
uint32_t ChecksumOf(const Event& event, uint64_t number) {
  uint64_t hash = 0xCBF29CE484222325U ^ number;
  for (size_t at = 0; at < kBodyBytes; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, BodyOf(event) + at, sizeof word);
    hash = (hash ^ word) * 0x100000001B3U;
    hash ^= hash >> 32U;
  }
  return static_cast<uint32_t>(hash);
}

// `event` is complete but for its checksum, which is 0.
bool IsWhole(Event& event, uint64_t number) {
  const uint32_t checksum = event.checksum;
  event.checksum = 0;
  return ChecksumOf(event, number) == checksum;
}

}  // namespace

void AppendEvent(Segment& segment, const EventFields& fields, std::string_view text) noexcept {
  Event made{};
  made.wall_ns = WallNs();
  made.monotonic_ns = MonotonicNs();
  made.kind = fields.kind;
  made.severity = fields.severity;
  made.slot = fields.slot;
  made.pid = fields.pid;
  made.route = fields.route;
  made.value = fields.value;
  made.value2 = fields.value2;
  std::memcpy(made.text, text.data(), std::min(text.size(), sizeof made.text - 1));

  const uint64_t number = segment.header.next_event.fetch_add(1, std::memory_order_relaxed);
  made.checksum = ChecksumOf(made, number);
  Event& event = segment.events[number % kMaxEvents];
  event.sequence.store(0, std::memory_order_relaxed);
  StoreShared(BodyOf(event), BodyOf(made), kBodyBytes);
  event.sequence.store(number + 1, std::memory_order_release);
}

std::vector<EventRecord> ReadEvents(const Segment& segment, size_t most) {
  const uint64_t next = segment.header.next_event.load(std::memory_order_acquire);
  const uint64_t count = std::min<uint64_t>({next, most, kMaxEvents});
  std::vector<EventRecord> records;
  records.reserve(count);
  for (uint64_t number = next - count; number < next; ++number) {
    const Event& event = segment.events[number % kMaxEvents];
    if (event.sequence.load(std::memory_order_acquire) != number + 1) continue;
    Event seen;
    LoadShared(BodyOf(seen), BodyOf(event), kBodyBytes);
    if (event.sequence.load(std::memory_order_relaxed) != number + 1) continue;
    if (!IsWhole(seen, number)) continue;
    EventRecord& record = records.emplace_back();
    record.number = number;
    record.wall_ns = seen.wall_ns;
    record.fields = {seen.kind,  seen.severity, seen.slot,  seen.pid,
                     seen.route, seen.value,    seen.value2};
    std::memcpy(record.text, seen.text, sizeof record.text);
    record.text[sizeof record.text - 1] = '\0';
  }
  return records;
}

}  // namespace stirbar
