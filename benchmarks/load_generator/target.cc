#include "load_generator/target.h"

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace stirbar {
namespace {

constexpr std::string_view kScheme = "http://";

Error Refused(std::string_view text, std::string_view why) {
  return Error{"target '" + std::string(text) + "': " + std::string(why)};
}

}  // namespace

Result<Target> ParseTarget(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return Refused(text, "give HOST:PORT");

  Target target;
  target.authority = rest;
  const std::string_view port = rest.substr(colon + 1);
  const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), target.port);
  if (fault != std::errc() || end != port.data() + port.size() || target.port == 0) {
    return Refused(text, "the port must be a number from 1 to 65535");
  }
  std::string_view host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(host, not_an_address);
  if (not_an_address || !address.is_loopback()) {
    return Refused(text, "only this machine is loaded: a loopback address or localhost");
  }
  target.address = address.to_string();
  return target;
}

}  // namespace stirbar
