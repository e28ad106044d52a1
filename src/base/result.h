// Result<T>: a value, or the reason why there is none. For likely faults (a file is missing, a
// peer is down); a broken invariant aborts instead.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <variant>

namespace stirbar {

// The reason, in words that an operator can act on: "open /proc/41/statm: No such file".
struct Error {
  std::string message;
};

// `what` followed by the text of errno value `code`.
inline Error ErrnoError(std::string what, int code) {
  return Error{std::move(what) + ": " + std::strerror(code)};
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  // Precondition: ok().
  const T& operator*() const& { return std::get<T>(state_); }
  T& operator*() & { return std::get<T>(state_); }
  T&& operator*() && { return std::get<T>(std::move(state_)); }
  const T* operator->() const { return &std::get<T>(state_); }
  T* operator->() { return &std::get<T>(state_); }

  // Precondition: !ok().
  const std::string& error() const { return std::get<Error>(state_).message; }

 private:
  std::variant<T, Error> state_;
};

}  // namespace stirbar
