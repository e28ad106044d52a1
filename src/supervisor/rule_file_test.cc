#include "supervisor/rule_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/evaluate/rules.h"
#include "supervisor/health_groups_file.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

ConfigFile FileOf(const std::string& text) {
  toml::parse_result parsed = toml::parse(std::string_view(text));
  EXPECT_TRUE(static_cast<bool>(parsed)) << text;
  return {"stirbar.toml", std::move(parsed).table()};
}

std::vector<Rule> Read(const std::string& text) {
  Result<std::vector<Rule>> rules = RulesOf(FileOf(text));
  EXPECT_TRUE(rules.ok()) << rules.error();
  return rules ? std::move(*rules) : std::vector<Rule>();
}

std::string ErrorOf(const std::string& text) {
  const Result<std::vector<Rule>> rules = RulesOf(FileOf(text));
  return rules.ok() ? "it was accepted" : rules.error();
}

const Rule& Named(const std::vector<Rule>& rules, std::string_view name) {
  for (const Rule& rule : rules) {
    if (rule.name == name) return rule;
  }
  ADD_FAILURE() << name;
  return rules.front();
}

TEST(RuleFile, WithoutRulesThereAreTheBuiltInOnes) {
  EXPECT_EQ(Read("").size(), BuiltInRules().size());
  EXPECT_EQ(Read("[settings]\n").size(), BuiltInRules().size());
}

TEST(RuleFile, ARuleOfOnesOwn) {
  const std::vector<Rule> rules = Read(R"toml([[rules]]
name = "slow_checkout"
expr = "avg_over(p95_seconds, 5m)"
component = "requests"
warning = {enter = 1, leave = 0.5, for = "30s"}
critical = {enter = 3.5, for = 90}
summary = "p95 {value}, {in_flight} in flight"
advice = "Look at /checkout: {value}."
)toml");
  ASSERT_EQ(rules.size(), BuiltInRules().size() + 1);
  const Rule& rule = rules.back();
  EXPECT_EQ(rule.origin, RuleOrigin::kOwn);
  EXPECT_EQ(rule.unit, MetricUnit::kSeconds);
  EXPECT_EQ(rule.warning->enter_for, std::chrono::seconds(30));
  EXPECT_EQ(rule.critical->enter_for, std::chrono::seconds(90));
  EXPECT_DOUBLE_EQ(BoundsOf(*rule.warning, rule.unit, {}).leave, 0.5);
  EXPECT_DOUBLE_EQ(BoundsOf(*rule.critical, rule.unit, {}).leave, 1.75);
  RuleFigures figures = RuleFiguresOf({});
  EXPECT_EQ(FillTemplate(rule.summary, rule, &figures, 2.5, 1),
            "p95 2.5 s, an unknown figure in flight");
}

TEST(RuleFile, BuiltInRulesCanBeSwitchedOffAndChanged) {
  const std::vector<Rule> rules = Read(R"([[rules]]
name = "disk"
enabled = false
[[rules]]
name = "cpu"
critical = {for = "10s"}
[[rules]]
name = "memory"
warning = 0.6
)");
  ASSERT_EQ(rules.size(), BuiltInRules().size());
  EXPECT_FALSE(Named(rules, "disk").enabled);
  EXPECT_EQ(Named(rules, "disk").origin, RuleOrigin::kChanged);
  const Rule& cpu = Named(rules, "cpu");
  EXPECT_EQ(cpu.critical->enter_for, std::chrono::seconds(10));
  EXPECT_EQ(std::get<SettingId>(cpu.critical->enter), SettingId::cpu_critical_threshold)
      << "still follows the setting";
  EXPECT_DOUBLE_EQ(std::get<double>(Named(rules, "memory").warning->enter), 0.6);
  EXPECT_TRUE(Named(rules, "memory").critical.has_value());
}

TEST(RuleFile, LowValuesWhereLeaveLiesAbove) {
  const Rule rule = Read(R"([[rules]]
name = "idle"
expr = "requests_per_second"
warning = {enter = 1, leave = 2}
)")
                        .back();
  EXPECT_DOUBLE_EQ(BoundsOf(*rule.warning, rule.unit, {}).leave, 2);
}

TEST(RuleFile, SaysWhereAndWhatIsWrong) {
  EXPECT_THAT(ErrorOf("[[rules]]\nname = \"a\"\nexpr = \"cpu_ratio +\"\nwarning = 1\n"),
              StartsWith("stirbar.toml:3:8: rules: expr: column 12: a figure"));
  EXPECT_THAT(ErrorOf("[[rules]]\nname = \"a\"\nwarning = 1\n"), HasSubstr("expr is missing"));
  EXPECT_THAT(ErrorOf("[[rules]]\nname = \"a\"\nexpr = \"cpu_ratio\"\n"),
              HasSubstr("warning or critical is missing"));
  EXPECT_THAT(ErrorOf("[[rules]]\nname = \"A b\"\n"), HasSubstr(":2:8: rules: name: 'A b'"));
  EXPECT_THAT(ErrorOf("[[rules]]\nnames = \"a\"\n"),
              HasSubstr("'names' is not known; known: name"));
  EXPECT_THAT(ErrorOf("[[rules]]\nname = 5\n"), HasSubstr("name takes a text"));
  EXPECT_THAT(ErrorOf("[[rules]]\nname = \"memory\"\nexpr = \"cpu_ratio\"\n"),
              HasSubstr(":3:8: rules: expr: 'memory' is a built-in rule"));
  EXPECT_THAT(ErrorOf("[[rules]]\nname = \"memory\"\nenabled = 1\n"),
              HasSubstr("enabled takes true or false"));
  EXPECT_THAT(ErrorOf("[[rules]]\nname=\"memory\"\n[[rules]]\nname=\"memory\"\n"),
              HasSubstr("twice"));
  EXPECT_THAT(ErrorOf("rules = 5\n"), HasSubstr("[[rules]]"));
  EXPECT_THAT(ErrorOf("rules = [1]\n"), HasSubstr("[[rules]]"));
  const std::string head = "[[rules]]\nname = \"a\"\nexpr = \"in_flight\"\n";
  EXPECT_THAT(ErrorOf(head + "warning = {enter = 1, leave = 1}\n"), HasSubstr("would flap"));
  EXPECT_THAT(ErrorOf(head + "warning = {leave = 1}\n"), HasSubstr("enter is missing"));
  EXPECT_THAT(ErrorOf(head + "warning = \"1\"\n"), HasSubstr("warning takes a number"));
  EXPECT_THAT(ErrorOf(head + "warning = {enter = nan}\n"), HasSubstr("enter takes a number"));
  EXPECT_THAT(ErrorOf(head + "warning = {enter = 1, for = \"5 minutes\"}\n"),
              HasSubstr("for takes seconds"));
  EXPECT_THAT(ErrorOf(head + "warning = {enter = 1, for = \"25h\"}\n"), HasSubstr("24h at most"));
  EXPECT_THAT(ErrorOf(head + "warning = 5\ncritical = 2\n"),
              HasSubstr("critical is entered before warning is"));
  EXPECT_THAT(ErrorOf(head + "warning = 5\ncritical = {enter = 9, leave = 10}\n"),
              HasSubstr("different sides"));
  EXPECT_THAT(ErrorOf(head + "warning = 5\nsummary = \"{cpu}\"\n"),
              HasSubstr("summary: '{cpu}' is not known"));
  EXPECT_THAT(ErrorOf(head + "warning = 5\nscope = \"process\"\n"),
              HasSubstr("it takes app or worker"));
  EXPECT_THAT(ErrorOf(head + "warning = 5\nunit = \"MB\"\n"), HasSubstr("unit: 'MB'"));
  EXPECT_THAT(ErrorOf(head + "warning = 5\ncomponent = \"A\"\n"), HasSubstr("component: 'A'"));
}

TEST(HealthGroupsFile, ListsAndTables) {
  const auto groups = HealthGroupsOf(FileOf(R"([health.groups]
checkout = ["database", "queue"]
deploy = {members = ["ready"], fails_at = "warning"}
)"));
  ASSERT_TRUE(groups.ok()) << groups.error();
  ASSERT_EQ(groups->size(), 2U);
  EXPECT_EQ((*groups)[0].members, (std::vector<std::string>{"database", "queue"}));
  EXPECT_EQ((*groups)[1].fails_at, Status::kWarning);
}

TEST(HealthGroupsFile, SaysWhereAndWhatIsWrong) {
  const auto error = [](const std::string& text) {
    const auto groups = HealthGroupsOf(FileOf(text));
    return groups.ok() ? "it was accepted" : groups.error();
  };
  EXPECT_THAT(error("health = 5\n"), HasSubstr("health is a table"));
  EXPECT_THAT(error("[health]\ngroup = 1\n"), HasSubstr(":2:9: health: 'group' is not known"));
  EXPECT_THAT(error("[health.groups]\na = []\n"), HasSubstr("it takes a list of components"));
  EXPECT_THAT(error("[health.groups]\na = [5]\n"), HasSubstr("a member is a component"));
  EXPECT_THAT(error("[health.groups]\n\"A/b\" = [\"cpu\"]\n"), HasSubstr("the name 'A/b'"));
  EXPECT_THAT(error("[health.groups]\na = {members = [\"cpu\"], fails_at = \"worst\"}\n"),
              HasSubstr("fails_at takes"));
  EXPECT_THAT(error("[health.groups]\na = {fails_at = \"warning\"}\n"),
              HasSubstr("members is missing"));
}

}  // namespace
}  // namespace stirbar
