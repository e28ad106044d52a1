#include "supervisor/cli/http_ask.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <filesystem>
#include <optional>
#include <string_view>

#include "supervisor/publish/access_token.h"
#include "supervisor/state_folder.h"

namespace stirbar {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// Stacks of 128 workers with 256 threads; more is not an answer of ours.
constexpr uint64_t kBodyLimit = uint64_t{256} << 20U;

// "http://HOST:PORT/" with a numeric host, as UrlOf() writes it.
std::optional<tcp::endpoint> EndpointOf(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  url = url.substr(0, url.find('/'));
  const size_t colon = url.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string host(url.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const int port = std::atoi(std::string(url.substr(colon + 1)).c_str());
  error_code code;
  asio::ip::address address = asio::ip::make_address(host, code);
  if (code || port < 1 || port > 65535) return std::nullopt;
  if (address.is_unspecified()) {
    address = address.is_v4() ? asio::ip::address(asio::ip::address_v4::loopback())
                              : asio::ip::address(asio::ip::address_v6::loopback());
  }
  return tcp::endpoint(address, static_cast<uint16_t>(port));
}

// Who runs this, for the records of what is changed. Empty: the machine does not know.
std::string UserName() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> texts;
  const int fault = getpwuid_r(getuid(), &entry, texts.data(), texts.size(), &found);
  return fault == 0 && found != nullptr ? found->pw_name : "";
}

// The three steps, each begun by the end of the one before. Only asynchronous calls have time-outs.
struct Exchange {
  Exchange(asio::io_context& io, const std::string& host, const std::string& target,
           const std::string& token)
      : stream(io), request(http::verb::get, target, 11) {
    request.set(http::field::host, host);
    request.set(http::field::accept, "application/json");
    if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
    request.set(http::field::connection, "close");
    parser.body_limit(kBodyLimit);
  }

  void Send(const std::string& json) {
    if (const std::string user = UserName(); !user.empty()) request.set("X-Stirbar-User", user);
    request.method(http::verb::post);
    request.set(http::field::content_type, "application/json");
    request.body() = json;
    request.prepare_payload();
  }

  void Start(const tcp::endpoint& endpoint, std::chrono::milliseconds timeout) {
    stream.expires_after(timeout);
    stream.async_connect(endpoint, [this](error_code error) {
      if (Failed(error)) return;
      http::async_write(stream, request, [this](error_code written, size_t) {
        if (Failed(written)) return;
        http::async_read(stream, buffer, parser, [this](error_code read, size_t) { Failed(read); });
      });
    });
  }

  bool Failed(error_code error) {
    code = error;
    return static_cast<bool>(error);
  }

  beast::tcp_stream stream;
  http::request<http::string_body> request;
  http::response_parser<http::string_body> parser;
  beast::flat_buffer buffer;
  error_code code;
};

// `json`: the body of a POST; null: a GET.
Result<HttpAnswer> Exchanged(const std::string& url, const std::string& target,
                             const std::string& token, const std::string* json,
                             std::chrono::milliseconds timeout) {
  const std::optional<tcp::endpoint> endpoint = EndpointOf(url);
  if (!endpoint) return Error{"'" + url + "' is no address of a supervisor"};
  asio::io_context io;
  Exchange exchange(io, "localhost", target, token);
  if (json != nullptr) exchange.Send(*json);
  exchange.Start(*endpoint, timeout);
  io.run();
  if (exchange.code) {
    const std::string reason =
        exchange.code == beast::error::timeout ? "no answer in time" : exchange.code.message();
    return Error{"the supervisor at " + url + " cannot be asked: " + reason};
  }
  return HttpAnswer{static_cast<int>(exchange.parser.get().result_int()),
                    std::move(exchange.parser.get().body())};
}

}  // namespace

Result<HttpAnswer> HttpGet(const std::string& url, const std::string& target,
                           const std::string& token, std::chrono::milliseconds timeout) {
  return Exchanged(url, target, token, nullptr, timeout);
}

Result<HttpAnswer> HttpPost(const std::string& url, const std::string& target,
                            const std::string& token, const std::string& json,
                            std::chrono::milliseconds timeout) {
  return Exchanged(url, target, token, &json, timeout);
}

std::string StoredToken() {
  const std::string path = TokenPath();
  std::error_code ignored;
  // Only read: whoever asks shall not make one.
  if (!std::filesystem::exists(path, ignored)) return "";
  const Result<std::string> token = LoadOrCreateToken(path);
  return token ? *token : "";
}

}  // namespace stirbar
