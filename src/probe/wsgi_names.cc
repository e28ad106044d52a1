#include "probe/wsgi_names.h"

namespace stirbar {

Names Names::names_;

bool Names::Initialise() {
  struct Row {
    PyObject** target;
    const char* text;
  };
  auto method = [](HttpMethod value) { return &names_.methods_[static_cast<size_t>(value)]; };
  const Row rows[] = {{&names_.request_method, "REQUEST_METHOD"},
                      {&names_.route, "stirbar.route"},
                      {&names_.file_wrapper, "wsgi.file_wrapper"},
                      {&names_.url_rule, "url_rule"},
                      {&names_.request, "request"},
                      {&names_.environ, "environ"},
                      {&names_.close, "close"},
                      {&names_.read, "read"},
                      {&names_.path_info, "PATH_INFO"},
                      {&names_.content_length, "CONTENT_LENGTH"},
                      {&names_.remote_addr, "REMOTE_ADDR"},
                      {&names_.proxy_fix, "werkzeug.proxy_fix.orig"},
                      {&names_.request_start, "HTTP_X_REQUEST_START"},
                      {&names_.queue_start, "HTTP_X_QUEUE_START"},
                      {&names_.request_timeout, "HTTP_X_REQUEST_TIMEOUT"},
                      {&names_.envoy_timeout, "HTTP_X_ENVOY_EXPECTED_RQ_TIMEOUT_MS"},
                      {&names_.mod_wsgi_queue_start, "mod_wsgi.queue_start"},
                      {&names_.gunicorn_socket, "gunicorn.socket"},
                      {&names_.werkzeug_socket, "werkzeug.socket"},
                      {&names_.waitress_client, "waitress.client_disconnected"},
                      {&names_.socket, "socket"},
                      {&names_.fileno, "fileno"},
                      {method(HttpMethod::kOther), "*"},
                      {method(HttpMethod::kGet), "GET"},
                      {method(HttpMethod::kHead), "HEAD"},
                      {method(HttpMethod::kPost), "POST"},
                      {method(HttpMethod::kPut), "PUT"},
                      {method(HttpMethod::kDelete), "DELETE"},
                      {method(HttpMethod::kPatch), "PATCH"},
                      {method(HttpMethod::kOptions), "OPTIONS"}};
  for (const Row& row : rows) {
    *row.target = PyUnicode_InternFromString(row.text);
    if (*row.target == nullptr) return false;
  }
  return true;
}

const char* NameOf(HttpMethod method) noexcept {
  static constexpr std::array<const char*, 8> kNames = {"*",   "GET",    "HEAD",  "POST",
                                                        "PUT", "DELETE", "PATCH", "OPTIONS"};
  return kNames[static_cast<size_t>(method) & 7U];
}

HttpMethod Names::MethodOf(PyObject* text) const {
  if (text == nullptr || !PyUnicode_Check(text)) return HttpMethod::kOther;
  for (size_t i = 1; i < methods_.size(); ++i) {
    if (methods_[i] == text) return static_cast<HttpMethod>(i);
  }
  for (size_t i = 1; i < methods_.size(); ++i) {
    if (PyUnicode_Compare(methods_[i], text) == 0) return static_cast<HttpMethod>(i);
  }
  return HttpMethod::kOther;
}

}  // namespace stirbar
