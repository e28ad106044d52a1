// One request and its answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "load_generator/target.h"

namespace stirbar {

// How a client behaves.
struct ClientOptions {
  bool keep_alive = false;  // else each request has a connection of its own
  std::vector<std::pair<std::string, std::string>> headers;
};

// How far an exchange came.
enum class Stage { kConnecting, kWaiting, kAnswered };

struct Answer {
  Stage stage = Stage::kConnecting;
  unsigned status = 0;              // of kAnswered
  boost::system::error_code fault;  // why it came no further; beast::error::timeout: patience
};

// Sends requests to one server. Threads: the io_context's, of which there must be one.
class Client {
 public:
  Client(const Target& target, ClientOptions options);

  // GET `path`, on a connection that is kept where one is free. Ends at `give_up` at the latest,
  // and then closes the connection, as a client does that has no time left. Throws nothing that
  // the network does.
  boost::asio::awaitable<Answer> Get(std::string path,
                                     std::chrono::steady_clock::time_point give_up);

 private:
  using Stream = std::unique_ptr<boost::beast::tcp_stream>;

  boost::asio::awaitable<Answer> Ask(Stream stream, const std::string& path,
                                     std::chrono::steady_clock::time_point give_up);

  boost::asio::ip::tcp::endpoint endpoint_;
  std::string authority_;
  ClientOptions options_;
  std::vector<Stream> kept_;  // connections with no request on them
};

}  // namespace stirbar
