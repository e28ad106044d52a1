#include "segment/names.h"

#include <algorithm>
#include <cstring>

namespace stirbar {
namespace {

// FNV-1a, 64 bits: as for routes.
uint64_t HashOf(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325U;
  for (const char letter : name) hash = (hash ^ static_cast<uint8_t>(letter)) * 0x100000001B3U;
  return hash;
}

}  // namespace

NameTable HostNames(Segment& segment) { return {segment.hosts, segment.header.host_count}; }
ConstNameTable HostNames(const Segment& segment) {
  return {segment.hosts, segment.header.host_count};
}
NameTable PoolNames(Segment& segment) { return {segment.pool_names, segment.header.pool_count}; }
ConstNameTable PoolNames(const Segment& segment) {
  return {segment.pool_names, segment.header.pool_count};
}

uint32_t UsedEntries(const ConstNameTable& table) {
  const uint32_t claimed = table.count.load(std::memory_order_acquire);
  return std::clamp<uint32_t>(claimed, 1, static_cast<uint32_t>(table.entries.size()));
}

std::string_view NameOf(const NameEntry& entry) {
  return {entry.name, strnlen(entry.name, sizeof entry.name)};
}

std::string_view NameOf(const ConstNameTable& table, uint32_t id) {
  if (id == 0) return "(other)";
  const NameEntry* const entry = FindName(table, id);
  return entry != nullptr ? NameOf(*entry) : std::string_view{};
}

const NameEntry* FindName(const ConstNameTable& table, uint32_t id) {
  if (id == 0 || id >= UsedEntries(table)) return nullptr;
  const NameEntry& entry = table.entries[id];
  const bool whole =
      entry.state.load(std::memory_order_acquire) == static_cast<uint32_t>(RouteState::kReady);
  return whole ? &entry : nullptr;
}

uint32_t InternName(const NameTable& table, std::string_view name) noexcept {
  name = name.substr(0, name.find('\0'));
  const uint64_t hash = HashOf(name);
  const size_t bytes = std::min(name.size(), sizeof(NameEntry::name) - 1);
  const auto capacity = static_cast<uint32_t>(table.entries.size());
  const uint32_t used = UsedEntries(table);
  for (uint32_t id = 1; id < used; ++id) {
    const NameEntry* const entry = FindName(table, id);
    if (entry != nullptr && entry->hash == hash &&
        (bytes < name.size() || NameOf(*entry) == name)) {
      return id;
    }
  }
  // Checked first, so that a full table does not count on for ever and wrap.
  if (table.count.load(std::memory_order_relaxed) >= capacity) return 0;
  const uint32_t id = table.count.fetch_add(1, std::memory_order_relaxed);
  if (id == 0 || id >= capacity) return 0;
  NameEntry& entry = table.entries[id];
  entry.state.store(static_cast<uint32_t>(RouteState::kClaimed), std::memory_order_relaxed);
  entry.hash = hash;
  std::memcpy(entry.name, name.data(), bytes);
  entry.name[bytes] = '\0';
  if (bytes < name.size()) std::memcpy(entry.name + bytes - 3, "...", 3);
  entry.state.store(static_cast<uint32_t>(RouteState::kReady), std::memory_order_release);
  return id;
}

}  // namespace stirbar
