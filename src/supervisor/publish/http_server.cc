#include "supervisor/publish/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <set>

#include "base/clock.h"
#include "supervisor/publish/http_wire.h"
#include "supervisor/publish/router.h"

namespace stirbar {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
// After a 4xx so much of what is still coming is read and thrown away: closing a socket with unread
// bytes resets the connection, and the client would not see the answer.
constexpr size_t kLingerBytes = 1024 * 1024;
constexpr std::chrono::seconds kLinger{1};

struct Connection {
  explicit Connection(tcp::socket socket)
      : stream(std::move(socket)), buffer(kHttpBufferLimit), wake(stream.get_executor()) {}

  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  asio::steady_timer wake;  // of an event stream: cancelled when there is something to send
  std::string client;
  uint64_t waiting_since_ns = 0;  // for the client's next request; 0 while one is answered
  bool is_stream = false;
};

// IPv6: the /64, because whoever has one address has all of them.
std::string ClientOf(const tcp::socket& socket) {
  error_code code;
  const asio::ip::address address = socket.remote_endpoint(code).address();
  if (code || address.is_v4()) return code ? "" : address.to_string();
  asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  asio::ip::address_v6::bytes_type bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), uint8_t{0});
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

// What outlives the HttpServer object until the last coroutine has seen that it is stopped.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& io, HttpServerOptions options, const HistorySource& history)
      : acceptor_(io),
        retry_(io),
        timeouts_(options.timeouts),
        max_connections_(options.max_connections),
        text_(options.snapshot_text ? options.snapshot_text : std::make_shared<SnapshotText>()),
        router_({{std::move(options.host), options.require_token, std::move(options.token),
                  std::move(options.reader_token), options.records},
                 options.assets,
                 text_,
                 options.latency,
                 options.stacks,
                 options.connections,
                 std::move(options.endpoints)},
                history) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    getsockname(options.listen_fd, reinterpret_cast<sockaddr*>(&address), &length);
    acceptor_.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), options.listen_fd);
  }

  void Start() {
    asio::co_spawn(acceptor_.get_executor(), Accept(shared_from_this()), asio::detached);
  }

  void Stop() {
    stopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    for (Connection* connection : connections_) {
      connection->stream.close();
      connection->wake.cancel();
    }
  }

  void Publish(const std::shared_ptr<const Snapshot>& snapshot) {
    snapshot_ = snapshot;
    for (Connection* connection : connections_) {
      if (connection->is_stream) connection->wake.cancel();
    }
  }

  const HttpCounters& counters() { return router_.counters(); }

 private:
  // Coroutines are static and hold a shared_ptr, so that none outlives what it works on.
  static asio::awaitable<void> Accept(std::shared_ptr<Core> core);
  static asio::awaitable<void> Serve(std::shared_ptr<Core> core, tcp::socket socket);
  asio::awaitable<void> Converse(Connection& connection);
  // Whether the connection goes on.
  asio::awaitable<bool> Send(Connection& connection, const HttpResponse& response,
                             HttpFraming framing);
  asio::awaitable<void> StreamEvents(Connection& connection);
  asio::awaitable<void> Linger(Connection& connection);
  bool MakeRoom();

  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  const HttpTimeouts timeouts_;
  const size_t max_connections_;
  const std::shared_ptr<SnapshotText> text_;
  Router router_;
  std::set<Connection*> connections_;  // each owned by its coroutine
  std::shared_ptr<const Snapshot> snapshot_;
  bool stopped_ = false;
};

asio::awaitable<void> Core::Accept(std::shared_ptr<Core> core) {
  while (!core->stopped_) {
    auto [code, socket] = co_await core->acceptor_.async_accept(kAwait);
    if (core->stopped_) co_return;
    if (code) {
      // Out of file descriptors, most likely: the connection stays in the queue, and asking again
      // at once would burn a CPU.
      core->retry_.expires_after(std::chrono::milliseconds(100));
      auto [retry_code] = co_await core->retry_.async_wait(kAwait);
      (void)retry_code;
      continue;
    }
    if (!core->MakeRoom()) {
      ++core->router_.counters().refused_connections;
      continue;
    }
    asio::co_spawn(core->acceptor_.get_executor(), Serve(core, std::move(socket)), asio::detached);
  }
}

bool Core::MakeRoom() {
  if (connections_.size() < max_connections_) return true;
  Connection* oldest = nullptr;
  for (Connection* connection : connections_) {
    if (connection->waiting_since_ns == 0) continue;
    if (oldest == nullptr || connection->waiting_since_ns < oldest->waiting_since_ns) {
      oldest = connection;
    }
  }
  if (oldest == nullptr) return false;
  ++router_.counters().refused_connections;
  oldest->stream.close();
  connections_.erase(oldest);  // its coroutine ends when it gets to run
  return true;
}

asio::awaitable<void> Core::Serve(std::shared_ptr<Core> core, tcp::socket socket) {
  Connection connection(std::move(socket));
  core->connections_.insert(&connection);
  core->router_.counters().connections = core->connections_.size();
  try {
    error_code ignored;
    connection.stream.socket().set_option(tcp::no_delay(true), ignored);
    connection.client = ClientOf(connection.stream.socket());
    co_await core->Converse(connection);
  } catch (const std::exception&) {
    // Out of memory for one client: that client is dropped.
  }
  if (connection.is_stream) --core->router_.counters().streams;
  core->connections_.erase(&connection);
  core->router_.counters().connections = core->connections_.size();
}

asio::awaitable<void> Core::Converse(Connection& connection) {
  beast::tcp_stream& stream = connection.stream;
  for (bool first = true;; first = false) {
    connection.waiting_since_ns = MonotonicNs();
    if (connection.buffer.size() == 0) {
      stream.expires_after(first ? timeouts_.request : timeouts_.idle);
      auto [code, length] =
          co_await stream.async_read_some(connection.buffer.prepare(4096), kAwait);
      if (code || stopped_) co_return;
      connection.buffer.commit(length);
    }
    RequestParser parser;
    stream.expires_after(timeouts_.request);
    auto [code, length] = co_await http::async_read(stream, connection.buffer, parser, kAwait);
    (void)length;
    if (stopped_) co_return;
    connection.waiting_since_ns = 0;
    if (code == beast::error::timeout) ++router_.counters().timeouts;
    if (code) {
      const HttpRefusal refusal = RefusalFor(code);
      if (refusal.status == 0) co_return;
      const HttpResponse response = router_.Reject(refusal.status, refusal.reason);
      co_await Send(connection, response, {});
      co_await Linger(connection);
      co_return;
    }
    RequestMessage message = parser.release();
    const HttpFraming framing{message.version(), message.keep_alive()};
    const HttpRequest request = PlainRequest(std::move(message), connection.client);
    const HttpResponse response = router_.Route(request, {snapshot_, MonotonicNs()});
    if (response.is_stream) {
      connection.is_stream = true;
      ++router_.counters().streams;
    }
    const bool goes_on = co_await Send(connection, response, framing);
    if (stopped_) co_return;
    if (response.is_stream && goes_on) co_await StreamEvents(connection);
    if (response.close && !response.is_stream) co_await Linger(connection);
    if (!goes_on || response.close) co_return;
  }
}

asio::awaitable<bool> Core::Send(Connection& connection, const HttpResponse& response,
                                 HttpFraming framing) {
  ResponseMessage message = WireResponse(response, framing);
  connection.stream.expires_after(timeouts_.write);
  if (response.is_stream) {
    http::response_serializer<http::span_body<const char>> serializer(message);
    auto [code, length] = co_await http::async_write_header(connection.stream, serializer, kAwait);
    (void)length;
    co_return !code;
  }
  auto [code, length] = co_await http::async_write(connection.stream, message, kAwait);
  (void)length;
  co_return !code && KeepsAlive(response, framing);
}

// Sends the newest snapshot whenever it differs from the one sent last. What was published while a
// slow client took its time is skipped.
asio::awaitable<void> Core::StreamEvents(Connection& connection) {
  std::shared_ptr<const Snapshot> sent;
  while (!stopped_) {
    std::shared_ptr<const std::string> text;
    std::array<asio::const_buffer, 3> event{asio::buffer(":\n\n", 3)};
    if (snapshot_ != sent) {
      sent = snapshot_;
      text = text_->Get(sent);
      constexpr std::string_view kBegin = "event: snapshot\ndata: ";
      event = {asio::buffer(kBegin), asio::buffer(*text), asio::buffer("\n\n", 2)};
    }
    connection.stream.expires_after(timeouts_.write);
    auto [code, length] = co_await asio::async_write(connection.stream, event, kAwait);
    (void)length;
    if (code) co_return;
    if (snapshot_ != sent) continue;
    connection.wake.expires_after(timeouts_.stream_comment);
    auto [wake_code] = co_await connection.wake.async_wait(kAwait);
    (void)wake_code;
  }
}

asio::awaitable<void> Core::Linger(Connection& connection) {
  error_code ignored;
  connection.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  connection.stream.expires_after(kLinger);
  std::array<char, 4096> waste;
  for (size_t total = 0; total < kLingerBytes;) {
    auto [code, length] = co_await connection.stream.async_read_some(asio::buffer(waste), kAwait);
    if (code || stopped_) co_return;
    total += length;
  }
}

class BeastHttpServer : public HttpServer {
 public:
  explicit BeastHttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) { core_->Start(); }
  BeastHttpServer(const BeastHttpServer&) = delete;
  BeastHttpServer& operator=(const BeastHttpServer&) = delete;
  ~BeastHttpServer() override { core_->Stop(); }

  void Publish(const std::shared_ptr<const Snapshot>& snapshot) override {
    core_->Publish(snapshot);
  }
  const HttpCounters& counters() const override { return core_->counters(); }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<HttpServer> MakeHttpServer(asio::io_context& io, HttpServerOptions options,
                                           const HistorySource& history) {
  return std::make_unique<BeastHttpServer>(std::make_shared<Core>(io, std::move(options), history));
}

}  // namespace stirbar
