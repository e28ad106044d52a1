#include "load_generator/exchange.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace stirbar {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

Client::Client(const Target& target, ClientOptions options)
    : endpoint_(asio::ip::make_address(target.address), target.port),
      authority_(target.authority),
      options_(std::move(options)) {}

asio::awaitable<Answer> Client::Get(std::string path,
                                    std::chrono::steady_clock::time_point give_up) {
  if (!kept_.empty()) {
    Stream stream = std::move(kept_.back());
    kept_.pop_back();
    stream->expires_at(give_up);
    const Answer answer = co_await Ask(std::move(stream), path, give_up);
    // A server may close a kept connection at any time; a client then tries once more on a new one.
    const bool was_closed =
        answer.stage == Stage::kWaiting && answer.fault != boost::beast::error::timeout;
    if (!was_closed) co_return answer;
  }
  auto stream = std::make_unique<boost::beast::tcp_stream>(co_await asio::this_coro::executor);
  stream->expires_at(give_up);
  Answer answer;
  co_await stream->async_connect(endpoint_,
                                 asio::redirect_error(asio::use_awaitable, answer.fault));
  if (answer.fault) co_return answer;
  co_return co_await Ask(std::move(stream), path, give_up);
}

asio::awaitable<Answer> Client::Ask(Stream stream, const std::string& path,
                                    std::chrono::steady_clock::time_point give_up) {
  Answer answer;
  answer.stage = Stage::kWaiting;
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, authority_);
  request.set(http::field::user_agent, "stirbar-load-generator");
  for (const auto& [name, value] : options_.headers) request.set(name, value);
  request.keep_alive(options_.keep_alive);
  stream->expires_at(give_up);
  co_await http::async_write(*stream, request,
                             asio::redirect_error(asio::use_awaitable, answer.fault));
  if (answer.fault) co_return answer;

  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  co_await http::async_read(*stream, buffer, response,
                            asio::redirect_error(asio::use_awaitable, answer.fault));
  if (answer.fault) co_return answer;
  answer.stage = Stage::kAnswered;
  answer.status = response.result_int();
  if (options_.keep_alive && response.keep_alive()) {
    stream->expires_never();
    kept_.push_back(std::move(stream));
  }
  co_return answer;
}

}  // namespace stirbar
