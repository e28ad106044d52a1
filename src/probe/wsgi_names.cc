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

HttpMethod Names::MethodOf(PyObject* text) const {
  for (size_t i = 1; i < methods_.size(); ++i) {
    if (methods_[i] == text) return static_cast<HttpMethod>(i);
  }
  for (size_t i = 1; i < methods_.size(); ++i) {
    if (PyUnicode_Compare(methods_[i], text) == 0) return static_cast<HttpMethod>(i);
  }
  return HttpMethod::kOther;
}

}  // namespace stirbar
