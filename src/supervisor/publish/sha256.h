// SHA-256 (FIPS 180-4) and HMAC (RFC 2104) of it, for the signature of webhooks.
//
// Why our own: libcurl, which sends the webhook, offers neither; the TLS library behind it is one
// of three, by machine; linking one statically would bring it into every wheel, to be kept free of
// holes by us, for one function. The kernel's (AF_ALG) is missing in many containers. This one is
// sixty lines, held by the standards' test vectors; it signs a few messages a minute and guards no
// password, so neither speed nor side channels matter.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace stirbar {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view text);
Sha256Digest HmacSha256(std::string_view key, std::string_view text);
// Lower case.
std::string Hexadecimal(const Sha256Digest& digest);

}  // namespace stirbar
