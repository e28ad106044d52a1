#include "supervisor/health_groups_file.h"

#include <algorithm>
#include <string>

namespace stirbar {
namespace {

constexpr size_t kMostGroups = 20;
constexpr size_t kMostMembers = 20;

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 60 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::optional<Error> ReadMembers(const ConfigFile& file, const toml::node& node,
                                 HealthGroup* group) {
  const std::string where = "health.groups." + group->name + ": ";
  const toml::array* const members = node.as_array();
  if (members == nullptr || members->empty()) {
    return ConfigError(file, node, where + "it takes a list of components, as [\"database\"]");
  }
  for (const toml::node& entry : *members) {
    const std::optional<std::string> member = entry.value_exact<std::string>();
    if (!member.has_value() || !IsName(*member)) {
      return ConfigError(file, entry,
                         where +
                             "a member is a component (memory, cpu, disk, workers, queue, "
                             "requests, database, those of your rules) or live, ready, startup");
    }
    group->members.push_back(*member);
  }
  if (group->members.size() > kMostMembers) {
    return ConfigError(file, node,
                       where + "more than " + std::to_string(kMostMembers) + " members");
  }
  return std::nullopt;
}

std::optional<Error> ReadGroup(const ConfigFile& file, const toml::node& node, HealthGroup* group) {
  const toml::table* const table = node.as_table();
  if (table == nullptr) return ReadMembers(file, node, group);
  for (const auto& [key, value] : *table) {
    if (key.str() == "members") {
      if (auto error = ReadMembers(file, value, group)) return error;
    } else if (key.str() == "fails_at") {
      const std::string word = value.value_exact<std::string>().value_or("");
      if (word != "warning" && word != "critical") {
        return ConfigError(
            file, value,
            "health.groups." + group->name + ": fails_at takes \"warning\" or \"critical\"");
      }
      group->fails_at = word == "warning" ? Status::kWarning : Status::kCritical;
    } else {
      return ConfigError(file, value,
                         "health.groups." + group->name + ": '" + std::string(key.str()) +
                             "' is not known; known: members, fails_at");
    }
  }
  if (group->members.empty()) {
    return ConfigError(file, node, "health.groups." + group->name + ": members is missing");
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<HealthGroup>> HealthGroupsOf(const ConfigFile& file) {
  std::vector<HealthGroup> groups;
  const toml::node* const health = file.root.get("health");
  if (health == nullptr) return groups;
  const toml::table* const table = health->as_table();
  if (table == nullptr) return ConfigError(file, *health, "health is a table: [health.groups]");
  for (const auto& [key, node] : *table) {
    if (key.str() != "groups" || !node.is_table()) {
      return ConfigError(
          file, node,
          "health: '" + std::string(key.str()) + "' is not known; known: groups, a table");
    }
    for (const auto& [name, entry] : *node.as_table()) {
      HealthGroup group;
      group.name = std::string(name.str());
      if (!IsName(group.name)) {
        return ConfigError(file, entry,
                           "health.groups: the name '" + group.name.substr(0, 60) +
                               "' is not allowed; it takes small letters, digits, _ "
                               "and -");
      }
      if (auto error = ReadGroup(file, entry, &group)) return *error;
      groups.push_back(std::move(group));
    }
  }
  if (groups.size() > kMostGroups) {
    return ConfigError(file, *health, "health.groups: more than " + std::to_string(kMostGroups));
  }
  return groups;
}

}  // namespace stirbar
