#include "probe/request_arrival.h"

#include <climits>

#include "base/clock.h"
#include "probe/queue_time.h"
#include "probe/wsgi_names.h"

namespace stirbar {
namespace {

TrustedPeers g_trusted;
PyObject* g_descriptor_source = nullptr;  // guarded by the interpreter lock

int DescriptorFrom(PyObject* number) {
  if (number == nullptr || !PyLong_Check(number)) {
    PyErr_Clear();
    Py_XDECREF(number);
    return -1;
  }
  const long descriptor = PyLong_AsLong(number);
  PyErr_Clear();
  Py_DECREF(number);
  return descriptor >= 0 && descriptor <= INT_MAX ? static_cast<int>(descriptor) : -1;
}

// A method call without a bound method: a third of PyObject_AsFileDescriptor's instructions.
int DescriptorOf(PyObject* socket) {
  PyObject* const arguments[] = {socket};
  return DescriptorFrom(PyObject_VectorcallMethod(Names::Get().fileno, arguments,
                                                  1 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
}

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

void ReadTrustedHeaders(PyObject* environ, Arrival* arrival) {
  const Names& names = Names::Get();
  ReadQueueStamp(ItemOf(environ, names.request_start), QueueSource::kHeader, arrival);
  if (arrival->queue_source == QueueSource::kNone) {
    ReadQueueStamp(ItemOf(environ, names.queue_start), QueueSource::kHeader, arrival);
  }
  if (PyObject* const text = ItemOf(environ, names.request_timeout); text != nullptr) {
    arrival->budget_ns = ParseBudget(TextOf(text));
  }
  if (arrival->budget_ns != 0) return;
  if (PyObject* const text = ItemOf(environ, names.envoy_timeout); text != nullptr) {
    arrival->budget_ns = ParseBudgetMs(TextOf(text));
  }
}

// Whether the peer is trusted; notes the client on the way. They differ where ProxyFix has put the
// client that a proxy names in the peer's place.
bool ReadPeer(PyObject* environ, uint32_t address_bits, Arrival* arrival) {
  const Names& names = Names::Get();
  PyObject* const client = ItemOf(environ, names.remote_addr);
  const Address address = ParseAddress(TextOf(client));
  arrival->client = MaskAddress(address, address_bits);
  PyObject* const original = ItemOf(environ, names.proxy_fix);
  if (original == nullptr) return client != nullptr && g_trusted.Contain(TextOf(client), address);
  PyObject* const peer = PyDict_Check(original) ? ItemOf(original, names.remote_addr) : nullptr;
  return peer != nullptr && g_trusted.Contain(TextOf(peer), ParseAddress(TextOf(peer)));
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
  arrival.request_bytes = LengthOf(ItemOf(environ, names.content_length));
  if (ReadPeer(environ, address_bits, &arrival)) ReadTrustedHeaders(environ, &arrival);
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
