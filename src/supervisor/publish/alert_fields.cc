#include "supervisor/publish/alert_fields.h"

#include <cmath>
#include <limits>

namespace stirbar {

namespace json = boost::json;

std::string TextField(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

uint64_t CountField(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->get_uint64();
  return value->is_int64() && value->get_int64() > 0 ? static_cast<uint64_t>(value->get_int64())
                                                     : 0;
}

double NumberField(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::numeric_limits<double>::quiet_NaN();
  return value->to_number<double>();
}

bool FlagField(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::array& ArrayField(const json::object& object, std::string_view name) {
  static const json::array* const none = new json::array();
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : *none;
}

const json::object& ObjectField(const json::object& object, std::string_view name) {
  static const json::object* const none = new json::object();
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : *none;
}

json::value NumberValue(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

}  // namespace stirbar
