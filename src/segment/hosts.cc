#include "segment/hosts.h"

#include <algorithm>
#include <cstring>

namespace stirbar {
namespace {

uint32_t UsedEntries(const Segment& segment) {
  return std::min<uint32_t>(segment.header.host_count.load(std::memory_order_acquire), kMaxHosts);
}

// FNV-1a, 64 bits: as for routes.
uint64_t HashOf(std::string_view host) {
  uint64_t hash = 0xCBF29CE484222325U;
  for (const char letter : host) hash = (hash ^ static_cast<uint8_t>(letter)) * 0x100000001B3U;
  return hash;
}

}  // namespace

std::string_view NameOf(const HostEntry& entry) {
  return {entry.name, strnlen(entry.name, sizeof entry.name)};
}

const HostEntry* FindHost(const Segment& segment, uint32_t host) {
  if (host == kHostOther || host >= UsedEntries(segment)) return nullptr;
  const HostEntry& entry = segment.hosts[host];
  const bool whole =
      entry.state.load(std::memory_order_acquire) == static_cast<uint32_t>(RouteState::kReady);
  return whole ? &entry : nullptr;
}

uint32_t InternHost(Segment& segment, std::string_view host) noexcept {
  host = host.substr(0, host.find('\0'));
  const uint64_t hash = HashOf(host);
  const size_t bytes = std::min(host.size(), sizeof(HostEntry::name) - 1);
  const uint32_t used = UsedEntries(segment);
  for (uint32_t index = kHostOther + 1; index < used; ++index) {
    const HostEntry* const entry = FindHost(segment, index);
    if (entry != nullptr && entry->hash == hash &&
        (bytes < host.size() || NameOf(*entry) == host)) {
      return index;
    }
  }
  // Checked first, so that a full table does not count on for ever and wrap.
  if (used >= kMaxHosts) return kHostOther;
  const uint32_t index = segment.header.host_count.fetch_add(1, std::memory_order_relaxed);
  if (index >= kMaxHosts) return kHostOther;
  HostEntry& entry = segment.hosts[index];
  entry.state.store(static_cast<uint32_t>(RouteState::kClaimed), std::memory_order_relaxed);
  entry.hash = hash;
  std::memcpy(entry.name, host.data(), bytes);
  entry.name[bytes] = '\0';
  if (bytes < host.size()) std::memcpy(entry.name + bytes - 3, "...", 3);
  entry.state.store(static_cast<uint32_t>(RouteState::kReady), std::memory_order_release);
  return index;
}

}  // namespace stirbar
