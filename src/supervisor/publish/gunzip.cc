#include "supervisor/publish/gunzip.h"

#include <boost/beast/zlib/inflate_stream.hpp>
#include <cstdint>

namespace stirbar {
namespace {

constexpr size_t kHeaderBytes = 10;
constexpr size_t kTrailerBytes = 8;  // check sum and size, 4 bytes each
constexpr size_t kLargest = 16 * 1024 * 1024;

uint32_t LittleEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = (value << 8U) | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

Result<std::string> Gunzip(std::string_view gzip) {
  constexpr std::string_view kMagic("\x1f\x8b\x08\x00", 4);  // deflate, no optional fields
  if (gzip.size() < kHeaderBytes + kTrailerBytes || !gzip.starts_with(kMagic)) {
    return Error{"gunzip: not a plain gzip member"};
  }
  const uint32_t size = LittleEndian(gzip.substr(gzip.size() - 4));
  if (size > kLargest) return Error{"gunzip: more than 16 MiB"};
  std::string text(size, '\0');
  namespace zlib = boost::beast::zlib;
  zlib::inflate_stream stream;
  zlib::z_params params{};
  params.next_in = gzip.data() + kHeaderBytes;
  params.avail_in = gzip.size() - kHeaderBytes - kTrailerBytes;
  params.next_out = text.data();
  params.avail_out = text.size();
  boost::beast::error_code code;
  stream.write(params, zlib::Flush::sync, code);
  const bool complete = !code || code == zlib::error::end_of_stream;
  if (!complete || params.avail_out != 0) return Error{"gunzip: damaged data"};
  return text;
}

}  // namespace stirbar
