// What all commands need that show JSON of the supervisor as text on a terminal: members that may
// be missing or of another kind, figures with units, tables.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stirbar {

// Members of `object`. What is missing or of another kind is "-", absent, or empty.
std::string TextOf(const boost::json::object& object, std::string_view name);
std::optional<double> NumberOf(const boost::json::object& object, std::string_view name);
const boost::json::array& RowsOf(const boost::json::object& object, std::string_view name);
const boost::json::object& PartOf(const boost::json::object& object, std::string_view name);

// Figures for people; "-" for what is absent.
std::string CountText(std::optional<double> value);       // "12"
std::string RateText(std::optional<double> value);        // "12.3"
std::string PercentText(std::optional<double> value);     // of 0..100: "12.3 %"
std::string RatioText(std::optional<double> value);       // of 0..1: "12.3 %"
std::string MegabytesText(std::optional<double> bytes);   // "12.3 MB"
std::string DurationText(std::optional<double> seconds);  // "12.3 ms", "12.3 s", "123 s"

// At most `width` bytes of `text`, in which nothing steers the terminal: texts come from the app,
// its routes, its clients. Replaced are the control characters of ASCII and of Unicode (U+0080 to
// U+009F, two bytes in UTF-8).
std::string SafeText(std::string text, size_t width);

// Columns under a header: text to the left, the rest to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  // `text_columns`: a bit for each column that is text.
  std::vector<std::string> Lines(unsigned text_columns) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace stirbar
