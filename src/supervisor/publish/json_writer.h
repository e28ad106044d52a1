// Writes JSON text front to back into one string, without building a tree first.
//
// Why not boost::json::serialize: it prints 0.8 as 8E-1, passes wrong UTF-8 through (which makes
// Python's reader refuse the whole answer), and wants a tree of some 5,000 nodes once a second for
// 200 routes. Reading JSON is Boost.JSON's.
//
// Use: Begin…/End… in pairs, Field inside objects, Value inside arrays. Pairing is the caller's
// duty. Numbers that are not finite become null.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace stirbar {

// A number whose digits all count (a setting, a threshold): printed in the fewest digits that read
// back as the same double.
struct Exact {
  double value;
};

// A point in time, nanoseconds since 1970: "2026-11-23T16:20:00.123Z" (RFC 3339, UTC).
struct Time {
  uint64_t wall_ns;
};
std::string Rfc3339(uint64_t wall_ns);

class JsonWriter {
 public:
  // Values that are texts are cut at `longest_text` bytes; keys and times are not.
  explicit JsonWriter(size_t longest_text = SIZE_MAX) : longest_text_(longest_text) {}

  void BeginObject() { Begin('{'); }
  void BeginObject(std::string_view key) { Key(key), Begin('{'); }
  void EndObject() { End('}'); }
  void BeginArray() { Begin('['); }
  void BeginArray(std::string_view key) { Key(key), Begin('['); }
  void EndArray() { End(']'); }

  template <typename T>
  void Field(std::string_view key, const T& value) {
    Key(key);
    Value(value);
  }

  void Value(std::string_view text);
  void Value(const char* text) { Value(std::string_view(text)); }
  void Value(const std::string& text) { Value(std::string_view(text)); }
  void Value(bool value) { Raw(value ? "true" : "false"); }
  // Four significant digits, at least one and at most six after the point: the figures here are
  // measurements, and the buckets of the histograms are 1/8 wide.
  void Value(double value);
  void Value(Exact value);
  void Value(Time time) { Value(std::string_view(Rfc3339(time.wall_ns))); }
  void Value(std::nullopt_t) { Raw("null"); }
  template <std::integral T>
  void Value(T value) {
    Raw(std::to_string(value));
  }
  template <typename T>
  void Value(const std::optional<T>& value) {
    value ? Value(*value) : Raw("null");
  }
  // `text` as it is: must be one JSON value.
  void Raw(std::string_view text);

  size_t size() const { return text_.size(); }
  std::string Take() { return std::move(text_); }

 private:
  void Key(std::string_view key);
  void Begin(char bracket);
  void End(char bracket);
  void Comma();

  size_t longest_text_;
  std::string text_;
  bool comma_ = false;  // whether the next thing on this level is not the first
};

}  // namespace stirbar
