// Tables of names that are written once and never changed: hosts, pools.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "segment/layout.h"

namespace stirbar {

// A table and how many of its entries are claimed.
struct ConstNameTable {
  std::span<const NameEntry> entries;
  const HalfWord& count;
};
struct NameTable {
  std::span<NameEntry> entries;
  HalfWord& count;
  // NOLINTNEXTLINE(google-explicit-constructor): who may write may read.
  operator ConstNameTable() const { return {entries, count}; }
};

NameTable HostNames(Segment& segment);
ConstNameTable HostNames(const Segment& segment);
NameTable PoolNames(Segment& segment);
ConstNameTable PoolNames(const Segment& segment);

// The id of `name`, appended when it is new; 0 when the table is full. Names longer than 111 bytes
// are cut. Threads and processes: any. Time: a scan of the table, up to its length in hashes. Never
// waits: a name that two workers append at the same moment gets two entries of equal text, which
// readers add up.
uint32_t InternName(const NameTable& table, std::string_view name) noexcept;

// How many entries may be there, entry 0 among them.
uint32_t UsedEntries(const ConstNameTable& table);
// The entry `id` when it is whole, else null. Entry 0 never is.
const NameEntry* FindName(const ConstNameTable& table, uint32_t id);

// The name of `entry`, bounded whatever the bytes are.
std::string_view NameOf(const NameEntry& entry);
// That of the entry `id`; "(other)" for 0, empty when it is not whole.
std::string_view NameOf(const ConstNameTable& table, uint32_t id);

}  // namespace stirbar
