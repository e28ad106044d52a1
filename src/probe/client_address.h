// Addresses of clients: read from text, masked for the page, looked up among the trusted peers.
// Pure. Time: an IPv4 address about 60 instructions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace stirbar {

// An IPv6 address, or an IPv4 one as ::ffff:a.b.c.d, in network order; {0, 0}: not known.
using Address = std::array<uint64_t, 2>;

// "192.0.2.7", "2001:db8::1", with or without brackets and "%scope". {0, 0} for anything else.
Address ParseAddress(std::string_view text) noexcept;

// What may be shown of it: the first `ipv4_bits` (0..32) of an IPv4 address, twice as many of an
// IPv6 one. 0 bits: {0, 0}.
Address MaskAddress(const Address& address, uint32_t ipv4_bits) noexcept;

// The peers whose headers are believed, since they decide how long a request has waited and how
// long its client will wait. At first: loopback and unix sockets, that is a proxy on this machine.
class TrustedPeers {
 public:
  TrustedPeers();

  void Clear() noexcept;
  // Adds the first `bits` of `network` (0..32 of IPv4, 0..128 of IPv6) or "unix", for peers without
  // an address. False: no address, too many bits, or the table (64 rows) is full.
  bool Add(std::string_view network, int bits) noexcept;

  // Whether the peer called `text` is one. Servers call a peer on a unix socket "" or "localhost".
  bool Contain(std::string_view text, const Address& address) const noexcept;

 private:
  struct Network {
    Address address;
    Address mask;
  };
  std::array<Network, 64> networks_{};
  size_t count_ = 0;
  bool unix_sockets_ = true;
};

}  // namespace stirbar
