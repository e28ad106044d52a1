#include "probe/client_address.h"

#include <arpa/inet.h>
#include <endian.h>

#include <cstring>

namespace stirbar {
namespace {

constexpr uint32_t kIpv4Prefix = 96;  // of ::ffff:0:0/96

Address FromBytes(const std::array<uint8_t, 16>& bytes) {
  Address address{};
  std::memcpy(address.data(), bytes.data(), sizeof address);
  return address;
}

bool ParseIpv4(std::string_view text, uint8_t* bytes) {
  size_t part = 0;
  uint32_t value = 0;
  size_t digits = 0;
  for (const char letter : text) {
    const auto digit = static_cast<uint32_t>(letter - '0');
    if (digit <= 9) {
      value = value * 10 + digit;
      if (++digits > 3 || value > 255) return false;
    } else {
      if (letter != '.' || digits == 0 || part == 3) return false;
      bytes[part++] = static_cast<uint8_t>(value);
      value = 0;
      digits = 0;
    }
  }
  if (part != 3 || digits == 0) return false;
  bytes[3] = static_cast<uint8_t>(value);
  return true;
}

bool IsIpv4(const Address& address) {
  static constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::memcmp(address.data(), kMapped.data(), kMapped.size()) == 0;
}

// The first `bits` of 128, in network order.
Address MaskOf(uint32_t bits) {
  const auto first = [](uint32_t count) {
    return count == 0 ? uint64_t{0} : htobe64(~uint64_t{0} << (64 - count));
  };
  return {first(bits < 64 ? bits : 64), first(bits < 64 ? 0 : bits - 64)};
}

Address And(const Address& left, const Address& right) {
  return {left[0] & right[0], left[1] & right[1]};
}

}  // namespace

Address ParseAddress(std::string_view text) noexcept {
  std::array<uint8_t, 16> bytes{};
  if (ParseIpv4(text, bytes.data() + 12)) {
    bytes[10] = bytes[11] = 0xFF;
    return FromBytes(bytes);
  }
  if (text.find(':') == std::string_view::npos) return {};
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  text = text.substr(0, text.find('%'));
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return {};
  std::memcpy(terminated.data(), text.data(), text.size());
  if (inet_pton(AF_INET6, terminated.data(), bytes.data()) != 1) return {};
  return FromBytes(bytes);
}

Address MaskAddress(const Address& address, uint32_t ipv4_bits) noexcept {
  if (ipv4_bits == 0 || (address[0] | address[1]) == 0) return {};
  if (ipv4_bits > 32) ipv4_bits = 32;
  return And(address, MaskOf(IsIpv4(address) ? kIpv4Prefix + ipv4_bits : 2 * ipv4_bits));
}

TrustedPeers::TrustedPeers() {
  Add("127.0.0.0", 8);
  Add("::1", 128);
}

void TrustedPeers::Clear() noexcept {
  count_ = 0;
  unix_sockets_ = false;
}

bool TrustedPeers::Add(std::string_view network, int bits) noexcept {
  if (network == "unix") {
    unix_sockets_ = true;
    return true;
  }
  const Address address = ParseAddress(network);
  const bool is_ipv4 = IsIpv4(address);
  // "::/0" is all zeros, and a network all the same.
  if ((address[0] | address[1]) == 0 && network != "::") return false;
  if (bits < 0 || bits > (is_ipv4 ? 32 : 128) || count_ == networks_.size()) return false;
  const Address mask = MaskOf(static_cast<uint32_t>(bits) + (is_ipv4 ? kIpv4Prefix : 0));
  networks_[count_++] = {And(address, mask), mask};
  return true;
}

bool TrustedPeers::Contain(std::string_view text, const Address& address) const noexcept {
  if ((address[0] | address[1]) == 0) {
    return unix_sockets_ && (text.empty() || text == "localhost");
  }
  for (size_t i = 0; i < count_; ++i) {
    const Network& network = networks_[i];
    if (And(address, network.mask) == network.address) return true;
  }
  return false;
}

}  // namespace stirbar
