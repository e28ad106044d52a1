// Members of JSON objects that Stirbar wrote itself: what is missing or of another kind is empty.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace stirbar {

std::string TextField(const boost::json::object& object, std::string_view name);
uint64_t CountField(const boost::json::object& object, std::string_view name);
double NumberField(const boost::json::object& object, std::string_view name);  // NaN
bool FlagField(const boost::json::object& object, std::string_view name);
const boost::json::array& ArrayField(const boost::json::object& object, std::string_view name);
const boost::json::object& ObjectField(const boost::json::object& object, std::string_view name);
// JSON knows no NaN: null.
boost::json::value NumberValue(double value);

}  // namespace stirbar
