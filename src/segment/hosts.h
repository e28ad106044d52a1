// The table of hosts that the app calls: "api.example.org:443", each written once, never changed.
#pragma once

#include <cstdint>
#include <string_view>

#include "segment/layout.h"

namespace stirbar {

// The id of `host`, appended when it is new; kHostOther when the table is full. Names longer than
// 111 bytes are cut. Threads and processes: any. Time: a scan of the table, up to 128 hashes, once
// for each outgoing call. Never waits: a host that two workers append at the same moment gets two
// entries of equal text, which readers add up.
uint32_t InternHost(Segment& segment, std::string_view host) noexcept;

// The entry of `host` when it is whole, else null. kHostOther has none.
const HostEntry* FindHost(const Segment& segment, uint32_t host);

// The name of `entry`, bounded whatever the bytes are.
std::string_view NameOf(const HostEntry& entry);

}  // namespace stirbar
