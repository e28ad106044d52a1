#include "load_generator/report.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/src.hpp>  // the library itself: this is the one file that compiles it
#include <cmath>

namespace stirbar {
namespace {

namespace json = boost::json;
using Records = std::vector<const Record*>;

json::value Number(double value) { return std::isnan(value) ? json::value() : json::value(value); }

json::object ToJson(const Percentiles& seconds) {
  return {{"p50", Number(seconds.p50)},
          {"p95", Number(seconds.p95)},
          {"p99", Number(seconds.p99)},
          {"max", Number(seconds.max)}};
}

json::object ToJson(const Summary& summary) {
  json::object object{{"offered", summary.offered}};
  for (size_t i = 0; i < kOutcomes; ++i) {
    object[Name(static_cast<Outcome>(i))] = summary.counts[i];
  }
  object["accepted_seconds"] = ToJson(summary.accepted);
  object["refused_seconds"] = ToJson(summary.refused);
  return object;
}

template <typename Wanted>
Records Select(const Records& records, const Wanted& wanted) {
  Records selected;
  std::copy_if(records.begin(), records.end(), std::back_inserter(selected),
               [&](const Record* record) { return wanted(*record); });
  return selected;
}

json::array PhasesJson(const Plan& plan, const Records& all) {
  json::array phases;
  for (size_t phase = 0; phase < plan.phases.size(); ++phase) {
    const Records records =
        Select(all, [&](const Record& record) { return record.phase == phase; });
    json::object routes;
    for (size_t route = 0; route < plan.routes.size(); ++route) {
      routes[plan.routes[route].path] = ToJson(
          Summary(Select(records, [&](const Record& record) { return record.route == route; })));
    }
    phases.push_back(json::object{
        {"phase", plan.phases[phase].text},
        {"seconds", std::chrono::duration<double>(plan.phases[phase].duration).count()},
        {"all", ToJson(Summary(records))},
        {"routes", std::move(routes)}});
  }
  return phases;
}

// Precondition: `all` is in the order in which they were due.
json::array SeriesJson(const Records& all) {
  json::array series;
  for (auto first = all.begin(); first != all.end();) {
    const auto second = std::chrono::floor<std::chrono::seconds>((*first)->due);
    const auto last = std::find_if(first, all.end(), [&](const Record* record) {
      return record->due >= second + std::chrono::seconds(1);
    });
    json::object point{{"second", second.count()}, {"phase", (*first)->phase}};
    const json::object summary = ToJson(Summary(Records(first, last)));
    point.insert(summary.begin(), summary.end());
    series.push_back(std::move(point));
    first = last;
  }
  return series;
}

json::object LagJson(const Records& all) {
  std::vector<std::chrono::nanoseconds> lags;
  for (const Record* const record : all) lags.push_back(record->lag);
  const Percentiles lag(std::move(lags));
  return {{"lag_p99_seconds", Number(lag.p99)}, {"lag_max_seconds", Number(lag.max)}};
}

}  // namespace

json::object Report(const Plan& plan, const RunResult& result) {
  Records all;
  for (const Record& record : result.records) all.push_back(&record);
  std::sort(all.begin(), all.end(),
            [](const Record* a, const Record* b) { return a->due < b->due; });
  json::object complaints;
  for (const auto& [text, count] : result.complaints) complaints[text] = count;
  return {{"phases", PhasesJson(plan, all)},
          {"series", SeriesJson(all)},
          {"complaints", std::move(complaints)},
          {"generator", LagJson(all)}};
}

}  // namespace stirbar
