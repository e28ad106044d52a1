#include "segment/published.h"

#include <algorithm>

#include "segment/shared_words.h"

namespace stirbar {

static_assert(offsetof(SnapshotBank, text) % 8 == 0 && kSnapshotBytes % 8 == 0);
static_assert(offsetof(HistoryPoint, values) % 8 == 0 && sizeof(HistoryValues) % 8 == 0);

bool WriteSnapshot(Segment& segment, std::string_view text) {
  if (text.size() > kSnapshotBytes) return false;
  const uint32_t bank =
      1U - (segment.supervisor.snapshot_bank.load(std::memory_order_relaxed) & 1U);
  SnapshotBank& target = segment.snapshots[bank];
  // Made odd rather than incremented: the writer before may have died in the middle.
  const uint64_t odd = target.sequence.load(std::memory_order_relaxed) | 1U;
  target.sequence.store(odd, std::memory_order_relaxed);
  target.length.store(text.size(), std::memory_order_release);
  StoreShared(target.text.data(), text.data(), text.size());
  target.sequence.store(odd + 1, std::memory_order_release);
  segment.supervisor.snapshot_bank.store(bank, std::memory_order_release);
  return true;
}

std::optional<std::string> ReadSnapshot(const Segment& segment) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    const uint32_t bank = segment.supervisor.snapshot_bank.load(std::memory_order_acquire) & 1U;
    const SnapshotBank& source = segment.snapshots[bank];
    const uint64_t before = source.sequence.load(std::memory_order_acquire);
    if (before == 0) return std::nullopt;
    if ((before & 1U) != 0) continue;
    const uint64_t length = source.length.load(std::memory_order_acquire);
    if (length > kSnapshotBytes) continue;
    std::string text(length, '\0');
    LoadShared(text.data(), source.text.data(), length);
    if (source.sequence.load(std::memory_order_relaxed) == before) return text;
  }
  return std::nullopt;
}

void AppendHistory(Segment& segment, const HistoryValues& values) {
  const uint64_t index = segment.supervisor.history_next.load(std::memory_order_relaxed);
  HistoryPoint& point = segment.history[index % kHistoryLength];
  point.sequence.store(0, std::memory_order_relaxed);
  StoreShared(&point.values, &values, sizeof values);
  point.sequence.store(index + 1, std::memory_order_release);
  segment.supervisor.history_next.store(index + 1, std::memory_order_release);
}

std::vector<HistoryValues> ReadHistory(const Segment& segment, size_t most) {
  const uint64_t next = segment.supervisor.history_next.load(std::memory_order_acquire);
  const uint64_t count = std::min<uint64_t>({next, most, kHistoryLength});
  std::vector<HistoryValues> points;
  points.reserve(count);
  for (uint64_t index = next - count; index < next; ++index) {
    const HistoryPoint& point = segment.history[index % kHistoryLength];
    if (point.sequence.load(std::memory_order_acquire) != index + 1) continue;
    HistoryValues values;
    LoadShared(&values, &point.values, sizeof values);
    if (point.sequence.load(std::memory_order_relaxed) == index + 1) points.push_back(values);
  }
  return points;
}

}  // namespace stirbar
