#include "probe/request_arrival.h"

#include <array>
#include <cstring>

#include "base/clock.h"
#include "probe/queue_time.h"
#include "probe/socket_descriptor.h"
#include "probe/wsgi_names.h"

namespace stirbar {
namespace {

TrustedPeers g_trusted;
PyObject* g_descriptor_source = nullptr;  // guarded by the interpreter lock

// Waitress passes no socket, but a bound method of its channel, which has it.
int DescriptorOfChannel(PyObject* method) {
  if (!PyMethod_Check(method)) return -1;
  PyObject* const socket = PyObject_GetAttr(PyMethod_GET_SELF(method), Names::Get().socket);
  if (socket == nullptr) {
    PyErr_Clear();
    return -1;
  }
  const int descriptor = socket != Py_None ? DescriptorOf(socket) : -1;
  Py_DECREF(socket);
  return descriptor;
}

int FindDescriptor(PyObject* environ, ServerKind server) {
  const Names& names = Names::Get();
  if (server == ServerKind::kUwsgi) {
    return g_descriptor_source != nullptr ? DescriptorFrom(PyObject_CallNoArgs(g_descriptor_source))
                                          : -1;
  }
  if (server == ServerKind::kWaitress) {
    PyObject* const method = ItemOf(environ, names.waitress_client);
    return method != nullptr ? DescriptorOfChannel(method) : -1;
  }
  PyObject* socket = nullptr;
  if (server != ServerKind::kWerkzeug) socket = ItemOf(environ, names.gunicorn_socket);
  if (socket == nullptr) socket = ItemOf(environ, names.werkzeug_socket);
  return socket != nullptr ? DescriptorOf(socket) : -1;
}

void ReadQueueStamp(PyObject* stamp, QueueSource source, Arrival* arrival) {
  if (stamp == nullptr) return;
  const std::optional<uint64_t> wait = WaitSinceStamp(TextOf(stamp), WallNs());
  if (!wait) return;
  arrival->queue_ns = *wait;
  arrival->queue_source = source;
}

// A header that a proxy sets on all requests or on none: looked for in the first requests of a
// process and from time to time, and in each once it was seen. A look-up costs 130 instructions.
class ProxyHeader {
 public:
  PyObject* In(PyObject* environ, PyObject* name) noexcept {
    constexpr uint32_t kEvery = 32;
    if (!seen_ && ++asked_ > kEvery && asked_ % kEvery != 0) return nullptr;
    PyObject* const value = ItemOf(environ, name);
    seen_ = seen_ || value != nullptr;
    return value;
  }

 private:
  bool seen_ = false;
  uint32_t asked_ = 0;
};

ProxyHeader g_request_start;
ProxyHeader g_queue_start;
ProxyHeader g_envoy_timeout;

// What the environ says of the time, whoever has said it.
struct Headers {
  PyObject* queue_start = nullptr;
  PyObject* timeout = nullptr;
  PyObject* timeout_ms = nullptr;

  bool any() const { return queue_start != nullptr || timeout != nullptr || timeout_ms != nullptr; }
};

Headers FindHeaders(PyObject* environ) {
  const Names& names = Names::Get();
  Headers headers{.queue_start = g_request_start.In(environ, names.request_start),
                  .timeout = ItemOf(environ, names.request_timeout)};
  PyObject* const queue_start = g_queue_start.In(environ, names.queue_start);
  if (headers.queue_start == nullptr) headers.queue_start = queue_start;
  headers.timeout_ms = g_envoy_timeout.In(environ, names.envoy_timeout);
  return headers;
}

void Believe(const Headers& headers, Arrival* arrival) {
  ReadQueueStamp(headers.queue_start, QueueSource::kHeader, arrival);
  if (headers.timeout != nullptr) arrival->budget_ns = ParseBudget(TextOf(headers.timeout));
  if (arrival->budget_ns == 0 && headers.timeout_ms != nullptr) {
    arrival->budget_ns = ParseBudgetMs(TextOf(headers.timeout_ms));
  }
}

// Whether the peer is trusted. It is not the client where ProxyFix has put the one that a proxy
// names in its place.
bool PeerIsTrusted(PyObject* environ, PyObject* client) {
  const Names& names = Names::Get();
  PyObject* const original = ItemOf(environ, names.proxy_fix);
  PyObject* peer = client;
  if (original != nullptr) {
    peer = PyDict_Check(original) ? ItemOf(original, names.remote_addr) : nullptr;
  }
  return peer != nullptr && g_trusted.Contain(TextOf(peer), ParseAddress(TextOf(peer)));
}

// Behind a proxy, and with clients that come again, it is the address of the request before.
const Address& MaskedClient(PyObject* client, uint32_t address_bits) {
  struct Known {
    std::array<char, 48> text{};
    size_t length = 0;
    uint32_t bits = 0;
    Address masked{};
  };
  static Known known;  // guarded by the interpreter lock
  const std::string_view text = TextOf(client);
  if (text.size() == known.length && address_bits == known.bits &&
      std::memcmp(text.data(), known.text.data(), text.size()) == 0) {
    return known.masked;
  }
  known.masked = MaskAddress(ParseAddress(text), address_bits);
  known.length = text.size() <= known.text.size() ? text.size() : SIZE_MAX;
  known.bits = address_bits;
  if (known.length != SIZE_MAX) std::memcpy(known.text.data(), text.data(), text.size());
  return known.masked;
}

uint64_t LengthOf(PyObject* text) {
  uint64_t length = 0;
  for (const char letter : TextOf(text)) {
    if (letter < '0' || letter > '9' || length > UINT64_MAX / 16) return 0;
    length = length * 10 + static_cast<uint64_t>(letter - '0');
  }
  return length;
}

}  // namespace

TrustedPeers& Trusted() noexcept { return g_trusted; }

void SetDescriptorSource(PyObject* source) noexcept {
  Py_XINCREF(source);
  Py_XSETREF(g_descriptor_source, source);
}

Arrival ReadArrival(PyObject* environ, ServerKind server, uint32_t address_bits) noexcept {
  const Names& names = Names::Get();
  Arrival arrival;
  arrival.now_ns = MonotonicNs();
  arrival.method = names.MethodOf(ItemOf(environ, names.request_method));
  if (arrival.method != HttpMethod::kGet && arrival.method != HttpMethod::kHead) {
    arrival.request_bytes = LengthOf(ItemOf(environ, names.content_length));
  }
  PyObject* const client = ItemOf(environ, names.remote_addr);
  arrival.client = MaskedClient(client, address_bits);
  const Headers headers = FindHeaders(environ);
  if (headers.any() && PeerIsTrusted(environ, client)) Believe(headers, &arrival);
  if (arrival.queue_source != QueueSource::kNone) return arrival;
  if (server == ServerKind::kOther || server == ServerKind::kModWsgi) {
    ReadQueueStamp(ItemOf(environ, names.mod_wsgi_queue_start), QueueSource::kServer, &arrival);
    if (arrival.queue_source != QueueSource::kNone) return arrival;
  }
  const int descriptor = FindDescriptor(environ, server);
  const std::optional<uint64_t> wait = descriptor >= 0 ? SocketWait(descriptor) : std::nullopt;
  if (wait) {
    arrival.queue_ns = *wait;
    arrival.queue_source = QueueSource::kSocket;
  }
  return arrival;
}

}  // namespace stirbar
