#include "supervisor/publish/alerts_endpoint.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "supervisor/publish/alerts_json.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr size_t kLongestComment = 500;
constexpr double kLongestSeconds = 30 * 86'400;

// Which of the members is none that is known.
std::optional<std::string> Unknown(const json::object& body,
                                   std::initializer_list<std::string_view> known) {
  std::string names;
  for (const std::string_view name : known) {
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  for (const auto& [key, value] : body) {
    if (std::find(known.begin(), known.end(), std::string_view(key)) == known.end()) {
      return "'" + std::string(key).substr(0, 100) + "' is not known; known: " + names;
    }
  }
  return std::nullopt;
}

// A text of at most `longest` characters without control characters; empty when it is not there.
Result<std::string> Text(const json::object& body, std::string_view name, size_t longest) {
  const json::value* const value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string();
  const Error wrong{std::string(name) + " takes a text of at most " + std::to_string(longest) +
                    " bytes on one line"};
  if (!value->is_string() || value->get_string().size() > longest) return wrong;
  std::string text(value->get_string());
  for (const char letter : text) {
    if (static_cast<uint8_t>(letter) < 0x20) return wrong;
  }
  return text;
}

Result<double> Seconds(const json::object& body, std::string_view name, double lowest,
                       std::optional<double> initial) {
  const json::value* const value = body.if_contains(name);
  if (value == nullptr && initial) return *initial;
  const bool number = value != nullptr && value->is_number();
  const double seconds = number ? value->to_number<double>() : -1;
  if (!(seconds >= lowest && seconds <= kLongestSeconds)) {
    return Error{std::string(name) + " takes a number of seconds from " +
                 std::to_string(static_cast<int>(lowest)) + " to 2592000 (30 days)"};
  }
  return seconds;
}

HttpResponse BadRequest(const std::string& why) { return ErrorResponse(400, why); }

HttpResponse Done(std::string_view name, const std::string& value) {
  JsonWriter writer;
  writer.BeginObject();
  writer.Field(name, value);
  writer.EndObject();
  return JsonResponse(writer.Take());
}

HttpResponse PostSilence(AlertDesk& desk, const ApiRequest& request) {
  const Result<json::object> body = request.Body();
  if (!body) return BadRequest(body.error());
  if (const auto unknown = Unknown(*body, {"matchers", "seconds", "start", "comment", "expire"})) {
    return BadRequest(*unknown);
  }
  const uint64_t wall_ns = WallNs();
  if (body->contains("expire")) {
    const Result<std::string> id = Text(*body, "expire", 100);
    if (!id) return BadRequest(id.error());
    const Result<bool> ended = desk.ExpireSilence(*id, request.actor, wall_ns);
    return ended ? Done("expired", *id) : ErrorResponse(404, ended.error());
  }
  Silence silence;
  const json::value* const matchers = body->if_contains("matchers");
  const bool several = matchers != nullptr && matchers->is_array() &&
                       !matchers->get_array().empty() &&
                       matchers->get_array().size() <= kMostMatchers;
  if (!several) {
    return BadRequest("matchers takes a list of 1 to " + std::to_string(kMostMatchers) +
                      " texts such as \"rule=memory\"");
  }
  for (const json::value& each : matchers->get_array()) {
    if (!each.is_string()) return BadRequest("matchers takes texts such as \"rule=memory\"");
    const Result<AlertMatcher> matcher = ParseMatcher(std::string_view(each.get_string()));
    if (!matcher) return BadRequest(matcher.error());
    silence.matchers.push_back(*matcher);
  }
  const Result<double> seconds = Seconds(*body, "seconds", 1, std::nullopt);
  if (!seconds) return BadRequest(seconds.error());
  const Result<double> start = Seconds(*body, "start", 0, 0.0);
  if (!start) return BadRequest(start.error());
  const Result<std::string> comment = Text(*body, "comment", kLongestComment);
  if (!comment) return BadRequest(comment.error());
  silence.comment = *comment;
  silence.author = request.actor;
  silence.start_wall_ns = wall_ns + static_cast<uint64_t>(*start * 1e9);
  silence.end_wall_ns = silence.start_wall_ns + static_cast<uint64_t>(*seconds * 1e9);
  const Result<Silence> added = desk.AddSilence(std::move(silence), wall_ns);
  return added ? Done("id", added->id) : ErrorResponse(409, added.error());
}

HttpResponse PostAcknowledge(AlertDesk& desk, const ApiRequest& request) {
  const Result<json::object> body = request.Body();
  if (!body) return BadRequest(body.error());
  if (const auto unknown = Unknown(*body, {"id", "comment", "undo"})) return BadRequest(*unknown);
  const Result<std::string> id = Text(*body, "id", 200);
  if (!id) return BadRequest(id.error());
  if (id->empty()) return BadRequest("id is missing: that of an alert that fires, or its rule");
  const Result<std::string> comment = Text(*body, "comment", kLongestComment);
  if (!comment) return BadRequest(comment.error());
  const json::value* const undo = body->if_contains("undo");
  if (undo != nullptr && !undo->is_bool()) return BadRequest("undo takes true or false");
  const auto what =
      undo != nullptr && undo->get_bool() ? AlertDesk::Ack::kUndo : AlertDesk::Ack::kSet;
  const Result<bool> done = desk.Acknowledge(*id, what, request.actor, *comment, WallNs());
  return done ? Done("id", *id) : ErrorResponse(404, done.error());
}

HttpResponse PostTest(AlertDesk& desk, const ApiRequest& request) {
  const Result<json::object> body = request.Body();
  if (!body) return BadRequest(body.error());
  if (const auto unknown = Unknown(*body, {"sink"})) return BadRequest(*unknown);
  const Result<std::string> sink = Text(*body, "sink", 100);
  if (!sink) return BadRequest(sink.error());
  const auto sent = desk.Test(*sink, request.actor, WallNs());
  if (!sent) return ErrorResponse(404, sent.error());
  JsonWriter writer;
  writer.BeginObject();
  writer.BeginArray("sinks");
  for (const std::string& name : *sent) writer.Value(name);
  writer.EndArray();
  writer.EndObject();
  return JsonResponse(writer.Take());
}

}  // namespace

std::vector<ApiEndpoint> AlertEndpoints(AlertDesk& desk) {
  const auto with_desk = [&desk](HttpResponse (*post)(AlertDesk&, const ApiRequest&)) {
    return [&desk, post](const ApiRequest& request) { return post(desk, request); };
  };
  const auto get = [&desk](const ApiRequest& request) {
    const Settings settings =
        request.snapshot != nullptr ? request.snapshot->sample.settings : Settings();
    return JsonResponse(AlertsJson(desk, settings, WallNs()));
  };
  return {{"/api/v1/alerts", get, {}},
          {"/api/v1/alerts/silences", {}, with_desk(PostSilence)},
          {"/api/v1/alerts/acknowledge", {}, with_desk(PostAcknowledge)},
          {"/api/v1/alerts/test", {}, with_desk(PostTest)}};
}

}  // namespace stirbar
