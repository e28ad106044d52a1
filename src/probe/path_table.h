// From method and path of a request to its route, before Flask has matched it: what admission needs
// to know whom it would refuse. Asked only while there is something to refuse.
//
// Follows werkzeug's order closely enough: static parts before converters, numbers before text,
// text before paths. It does not check what a converter of the app's own accepts, nor hosts.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "probe/route_policy.h"
#include "segment/layout.h"

namespace stirbar {

// Threads: with the interpreter lock held. Time: Find about 20 ns a rule that begins like the path;
// no allocation.
class PathTable {
 public:
  struct Route {
    std::string rule;      // as in url_map: "/user/<int:number>"
    uint32_t methods = 0;  // bit per HttpMethod
    RoutePolicy policy;
    // The id in the segment, by HttpMethod; kRouteUnknown until it was needed.
    std::array<uint32_t, 8> ids{};
  };

  static constexpr uint32_t Bit(HttpMethod method) { return 1U << static_cast<uint32_t>(method); }

  void Add(std::string rule, uint32_t methods, const RoutePolicy& policy);
  // After the last Add(): before the first Find().
  void Seal();

  // Null: no rule matches.
  Route* Find(HttpMethod method, std::string_view path) noexcept;

  bool has_long_lived() const { return has_long_lived_; }
  size_t size() const { return rules_.size(); }

 private:
  enum class Kind : uint8_t { kStatic, kNumber, kText, kPath };
  struct Piece {
    Kind kind;
    std::string text;  // of kStatic
  };
  struct Rule {
    Route route;
    std::vector<Piece> pieces;
  };

  static std::vector<Piece> Parse(std::string_view rule);
  static bool Before(const Rule& left, const Rule& right);
  static bool Matches(const std::vector<Piece>& pieces, size_t piece, std::string_view path,
                      int depth) noexcept;

  std::vector<Rule> rules_;
  // The rules that begin with a static "/part" and those that begin otherwise (under ""), by index.
  std::map<std::string, std::vector<uint32_t>, std::less<>> by_start_;
  bool has_long_lived_ = false;
};

}  // namespace stirbar
