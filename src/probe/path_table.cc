#include "probe/path_table.h"

#include <algorithm>

namespace stirbar {
namespace {

// Patterns with several paths in one rule could be tried in very many ways; none of that kind is of
// use, and a request must not be able to ask for it.
constexpr int kMostTries = 8;

// "/user" of "/user/7": what rules are sorted by. Empty for "/" alone.
std::string_view StartOf(std::string_view path) {
  if (path.size() < 2 || path[0] != '/') return {};
  return path.substr(0, path.find('/', 1));
}

bool IsNumber(std::string_view text) {
  size_t digits = 0;
  for (const char letter : text) {
    if (letter >= '0' && letter <= '9') {
      ++digits;
    } else if (letter != '.' && letter != '-') {
      return false;
    }
  }
  return digits > 0;
}

}  // namespace

std::vector<PathTable::Piece> PathTable::Parse(std::string_view rule) {
  std::vector<Piece> pieces;
  while (!rule.empty()) {
    const size_t open = rule.find('<');
    if (open != 0) pieces.push_back({Kind::kStatic, std::string(rule.substr(0, open))});
    if (open == std::string_view::npos) break;
    const size_t close = rule.find('>', open);
    if (close == std::string_view::npos) break;
    const std::string_view inside = rule.substr(open + 1, close - open - 1);
    const std::string_view converter = inside.substr(0, inside.find_first_of(":("));
    Kind kind = Kind::kText;
    if (inside.find(':') != std::string_view::npos) {
      if (converter == "int" || converter == "float") kind = Kind::kNumber;
      if (converter == "path") kind = Kind::kPath;
    }
    pieces.push_back({kind, {}});
    rule.remove_prefix(close + 1);
  }
  return pieces;
}

bool PathTable::Before(const Rule& left, const Rule& right) {
  const size_t count = std::min(left.pieces.size(), right.pieces.size());
  for (size_t i = 0; i < count; ++i) {
    const Piece& first = left.pieces[i];
    const Piece& second = right.pieces[i];
    if (first.kind != second.kind) return first.kind < second.kind;
    // The longer text is the narrower: "/user/me" before "/user/" of "/user/<name>".
    if (first.text.size() != second.text.size()) return first.text.size() > second.text.size();
  }
  return left.pieces.size() > right.pieces.size();
}

void PathTable::Add(std::string rule, uint32_t methods, const RoutePolicy& policy) {
  std::vector<Piece> pieces = Parse(rule);
  Route route{.rule = std::move(rule), .methods = methods, .policy = policy};
  route.ids.fill(kRouteUnknown);
  rules_.push_back({std::move(route), std::move(pieces)});
  has_long_lived_ = has_long_lived_ || policy.long_lived;
}

void PathTable::Seal() {
  std::stable_sort(rules_.begin(), rules_.end(), Before);
  by_start_.clear();
  for (uint32_t i = 0; i < rules_.size(); ++i) {
    const std::vector<Piece>& pieces = rules_[i].pieces;
    std::string_view start;
    if (!pieces.empty() && pieces[0].kind == Kind::kStatic) {
      start = StartOf(pieces[0].text);
      // "/user-<name>": the first part is not whole.
      if (start.size() == pieces[0].text.size() && pieces.size() > 1) start = {};
    }
    by_start_[std::string(start)].push_back(i);
  }
}

bool PathTable::Matches(const std::vector<Piece>& pieces, size_t piece, std::string_view path,
                        int depth) noexcept {
  for (; piece < pieces.size(); ++piece) {
    const Piece& here = pieces[piece];
    if (here.kind == Kind::kStatic) {
      if (!path.starts_with(here.text)) return false;
      path.remove_prefix(here.text.size());
      continue;
    }
    const size_t end =
        here.kind == Kind::kPath ? path.size() : std::min(path.find('/'), path.size());
    if (piece + 1 == pieces.size()) {
      return end == path.size() && end > 0 && (here.kind != Kind::kNumber || IsNumber(path));
    }
    // What follows a converter is text: the last place where it stands first, as a regex would.
    const std::string& next = pieces[piece + 1].text;
    if (next.empty()) return false;
    size_t from = end;
    for (int tries = 0; tries < kMostTries && depth < kMostTries; ++tries) {
      const size_t at = path.rfind(next, from);
      if (at == std::string_view::npos || at == 0 || at > end) return false;
      if ((here.kind != Kind::kNumber || IsNumber(path.substr(0, at))) &&
          Matches(pieces, piece + 1, path.substr(at), depth + 1)) {
        return true;
      }
      from = at - 1;
    }
    return false;
  }
  return path.empty();
}

PathTable::Route* PathTable::Find(HttpMethod method, std::string_view path) noexcept {
  const std::string_view start = StartOf(path);
  Rule* best = nullptr;
  for (const std::string_view key : {start, std::string_view()}) {
    const auto found = by_start_.find(key);
    if (found == by_start_.end()) continue;
    for (const uint32_t index : found->second) {
      Rule& rule = rules_[index];
      if ((rule.route.methods & Bit(method)) == 0 || !Matches(rule.pieces, 0, path, 0)) continue;
      if (best == nullptr || &rule < best) best = &rule;
      break;
    }
    if (start.empty()) break;
  }
  return best != nullptr ? &best->route : nullptr;
}

}  // namespace stirbar
