#include "supervisor/rule_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/evaluate/rules.h"

namespace stirbar {
namespace {

constexpr Nanoseconds kLongestFor = std::chrono::hours(24);
constexpr std::array<std::pair<std::string_view, MetricUnit>, 5> kUnits{
    {{"ratio", MetricUnit::kRatio},
     {"seconds", MetricUnit::kSeconds},
     {"bytes", MetricUnit::kBytes},
     {"count", MetricUnit::kCount},
     {"per_second", MetricUnit::kPerSecond}}};

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 60 && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// Reads one table of [[rules]]. The first thing that is wrong ends it.
class RuleReader {
 public:
  RuleReader(const ConfigFile& file, const toml::table& table) : file_(file), table_(table) {}

  // Into `rules`, which has the built-in ones.
  std::optional<Error> Read(std::vector<Rule>* rules) {
    CheckKeys(table_, {"name", "enabled", "expr", "unit", "component", "scope", "warning",
                       "critical", "summary", "advice"});
    const std::string name = Text(table_, "name").value_or("");
    if (Ok() && !IsName(name)) {
      Refuse(At(table_, "name"), "name: '" + name.substr(0, 60) +
                                     "' is not allowed; it takes small letters, digits and _, "
                                     "beginning with a letter, 60 at most");
    }
    if (!Ok()) return error_;
    const auto known = std::find_if(rules->begin(), rules->end(),
                                    [&](const Rule& rule) { return rule.name == name; });
    if (known == rules->end()) {
      Rule rule;
      rule.name = name;
      rule.origin = RuleOrigin::kOwn;
      ReadOwn(&rule);
      ReadLevels(&rule);
      if (Ok()) rules->push_back(std::move(rule));
    } else if (known->origin != RuleOrigin::kBuiltIn) {
      Refuse(At(table_, "name"), "name: '" + name + "' stands in the file twice");
    } else {
      known->origin = RuleOrigin::kChanged;
      for (const char* const key : {"expr", "unit", "component", "scope", "summary"}) {
        if (table_.contains(key)) {
          Refuse(At(table_, key), std::string(key) + ": '" + name +
                                      "' is a built-in rule: of it enabled, warning, critical and "
                                      "advice can be set; give a rule of your own another name");
        }
      }
      ReadCommon(&*known);
      ReadLevels(&*known);
    }
    return error_;
  }

 private:
  bool Ok() const { return !error_.has_value(); }

  void Refuse(const toml::node& where, const std::string& what) {
    if (Ok()) error_ = ConfigError(file_, where, "rules: " + what);
  }

  const toml::node& At(const toml::table& table, std::string_view key) const {
    const toml::node* const node = table.get(key);
    return node != nullptr ? *node : static_cast<const toml::node&>(table);
  }

  void CheckKeys(const toml::table& table, std::initializer_list<std::string_view> known) {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      std::string list;
      for (const std::string_view name : known)
        list += (list.empty() ? "" : ", ") + std::string(name);
      Refuse(node, "'" + std::string(key.str()) + "' is not known; known: " + list);
    }
  }

  std::optional<std::string> Text(const toml::table& table, std::string_view key) {
    const toml::node* const node = table.get(key);
    if (node == nullptr) return std::nullopt;
    const std::optional<std::string> text = node->value_exact<std::string>();
    if (!text.has_value()) Refuse(*node, std::string(key) + " takes a text");
    if (text.has_value() && text->size() > 400) {
      Refuse(*node, std::string(key) + " has more than 400 bytes");
    }
    return text;
  }

  // A number, from a whole one too.
  std::optional<double> Number(const toml::node& node, std::string_view key) {
    const std::optional<double> number =
        node.is_number() ? node.value<double>() : std::optional<double>();
    if (!number.has_value() || !std::isfinite(*number)) {
      Refuse(node, std::string(key) + " takes a number");
      return std::nullopt;
    }
    return number;
  }

  void ReadCommon(Rule* rule) {
    if (const toml::node* const node = table_.get("enabled")) {
      const std::optional<bool> enabled = node->value_exact<bool>();
      if (!enabled.has_value()) Refuse(*node, "enabled takes true or false");
      rule->enabled = enabled.value_or(true);
    }
    if (const std::optional<std::string> advice = Text(table_, "advice")) {
      rule->advice = *advice;
      CheckPlaces("advice", *advice, rule->scope);
    }
  }

  void CheckPlaces(std::string_view key, const std::string& text, RuleScope scope) {
    const std::optional<std::string> unknown = UnknownPlace(text, scope);
    if (!unknown.has_value()) return;
    Refuse(At(table_, key),
           std::string(key) + ": '{" + unknown->substr(0, 60) +
               "}' is not known; there are {value}, {threshold} and the figures of "
               "docs/rules.md");
  }

  void ReadOwn(Rule* rule) {
    const std::string scope = Text(table_, "scope").value_or("app");
    if (scope != "app" && scope != "worker") {
      Refuse(At(table_, "scope"),
             "scope: '" + scope.substr(0, 60) + "' is not allowed; it takes app or worker");
    }
    rule->scope = scope == "worker" ? RuleScope::kWorker : RuleScope::kApp;
    rule->component = Text(table_, "component").value_or("custom");
    if (Ok() && !IsName(rule->component)) {
      Refuse(At(table_, "component"), "component: '" + rule->component.substr(0, 60) +
                                          "' is not allowed; it takes small letters, digits and _");
    }
    ReadCommon(rule);
    ReadExpression(rule);
    rule->summary = Text(table_, "summary")
                        .value_or(rule->expression ? rule->expression->text() +
                                                         " is {value}, threshold {threshold}"
                                                   : "");
    CheckPlaces("summary", rule->summary, rule->scope);
  }

  void ReadExpression(Rule* rule) {
    const std::optional<std::string> text = Text(table_, "expr");
    if (!Ok()) return;
    if (!text.has_value()) {
      return Refuse(table_, "expr is missing: '" + rule->name +
                                "' is no built-in rule, and one of your own says what it judges");
    }
    Result<Expression> parsed = Expression::Parse(*text, rule->scope);
    if (!parsed) return Refuse(At(table_, "expr"), "expr: " + parsed.error());
    rule->unit = parsed->unit();
    rule->expression = std::move(*parsed);
    const std::optional<std::string> unit = Text(table_, "unit");
    if (!unit.has_value()) return;
    for (const auto& [name, value] : kUnits) {
      if (name == *unit) {
        rule->unit = value;
        return;
      }
    }
    Refuse(At(table_, "unit"), "unit: '" + unit->substr(0, 60) +
                                   "' is not allowed; it takes ratio, seconds, bytes, count or "
                                   "per_second");
  }

  void ReadLevels(Rule* rule) {
    if (!Ok()) return;
    ReadLevel("warning", *rule, &rule->warning);
    ReadLevel("critical", *rule, &rule->critical);
    if (!Ok()) return;
    if (!rule->warning.has_value() && !rule->critical.has_value()) {
      return Refuse(table_, "warning or critical is missing, as in warning = {enter = 0.8}");
    }
    if (!rule->warning.has_value() || !rule->critical.has_value()) return;
    const Settings settings;
    const Bounds warning = BoundsOf(*rule->warning, rule->unit, settings);
    const Bounds critical = BoundsOf(*rule->critical, rule->unit, settings);
    const bool low = warning.leave > warning.enter;
    if (low != (critical.leave > critical.enter)) {
      return Refuse(At(table_, "critical"),
                    "warning and critical watch for different sides: leave lies above enter in one "
                    "of them only");
    }
    const bool follows = std::holds_alternative<SettingId>(rule->warning->enter) ||
                         std::holds_alternative<SettingId>(rule->critical->enter);
    if (!follows && (low ? critical.enter > warning.enter : critical.enter < warning.enter)) {
      Refuse(At(table_, "critical"), "critical is entered before warning is");
    }
  }

  // A number is `enter` alone.
  void ReadLevel(const char* key, const Rule& rule, std::optional<RuleLevel>* level) {
    const toml::node* const node = table_.get(key);
    if (node == nullptr || !Ok()) return;
    RuleLevel read = level->value_or(RuleLevel{});
    const toml::table* const table = node->as_table();
    if (table == nullptr) {
      if (!node->is_number()) {
        return Refuse(*node, std::string(key) +
                                 " takes a number, or {enter = 0.8, leave = 0.7, for = \"1m\"}");
      }
      read.enter = Number(*node, key).value_or(0);
      read.leave.reset();
    } else {
      CheckKeys(*table, {"enter", "leave", "for", "leave_for"});
      const toml::node* const enter = table->get("enter");
      if (enter != nullptr) {
        read.enter = Number(*enter, "enter").value_or(0);
        read.leave.reset();
      } else if (!level->has_value()) {
        Refuse(*node, std::string(key) + ": enter is missing");
      }
      if (const toml::node* const leave = table->get("leave")) read.leave = Number(*leave, "leave");
      read.enter_for = Duration(*table, "for").value_or(read.enter_for);
      read.leave_for = Duration(*table, "leave_for").value_or(read.leave_for);
    }
    if (!Ok()) return;
    const Bounds bounds = BoundsOf(read, rule.unit, {});
    if (bounds.leave == bounds.enter) {
      return Refuse(*node, std::string(key) +
                               ": leave is enter; a signal that hovers there would flap. Set leave "
                               "below it, or above it to watch for low values");
    }
    *level = read;
  }

  std::optional<Nanoseconds> Duration(const toml::table& table, std::string_view key) {
    const toml::node* const node = table.get(key);
    if (node == nullptr) return std::nullopt;
    std::optional<Nanoseconds> time;
    if (const auto text = node->value_exact<std::string>()) time = ParseDuration(*text);
    if (node->is_number()) {
      const double seconds = node->value<double>().value_or(-1);
      if (seconds >= 0 && seconds <= 1e6) time = Nanoseconds(static_cast<int64_t>(seconds * 1e9));
    }
    if (!time.has_value() || *time > kLongestFor) {
      Refuse(*node, std::string(key) +
                        " takes seconds, or a time as \"30s\", \"5m\" or \"1h\", of "
                        "24h at most");
      return std::nullopt;
    }
    return time;
  }

  const ConfigFile& file_;
  const toml::table& table_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<Rule>> RulesOf(const ConfigFile& file) {
  std::vector<Rule> rules = BuiltInRules();
  const size_t built_in = rules.size();
  const toml::node* const node = file.root.get("rules");
  if (node == nullptr) return rules;
  const toml::array* const tables = node->as_array();
  if (tables == nullptr) return ConfigError(file, *node, "rules is a list of tables: [[rules]]");
  for (const toml::node& entry : *tables) {
    const toml::table* const table = entry.as_table();
    if (table == nullptr) return ConfigError(file, entry, "rules is a list of tables: [[rules]]");
    if (std::optional<Error> error = RuleReader(file, *table).Read(&rules)) return *error;
    if (rules.size() > built_in + kMostOwnRules) {
      return ConfigError(file, entry,
                         "rules: more than " + std::to_string(kMostOwnRules) + " of one's own");
    }
  }
  return rules;
}

}  // namespace stirbar
