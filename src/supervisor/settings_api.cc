#include "supervisor/settings_api.h"

#include <boost/json/serialize.hpp>

#include "base/clock.h"
#include "supervisor/publish/json_writer.h"

namespace stirbar {
namespace {

namespace json = boost::json;

const SettingSpec& SpecOf(SettingId id) { return kSettingSpecs[static_cast<size_t>(id)]; }

// As a program expects it: a number, true or false, or the word of a mode.
void WriteValue(const SettingSpec& spec, std::optional<double> value, std::string_view key,
                JsonWriter* json) {
  if (!value) {
    json->Field(key, std::nullopt);
  } else if (spec.type == SettingType::kSwitch) {
    json->Field(key, *value != 0);
  } else if (spec.type == SettingType::kMode) {
    json->Field(key, SettingText(spec, *value));
  } else {
    json->Field(key, Exact{*value});
  }
}

void WriteChange(const SettingChange& change, JsonWriter* json) {
  const SettingSpec& spec = SpecOf(change.id);
  json->Field("number", change.number != 0 ? std::optional<uint64_t>(change.number) : std::nullopt);
  json->Field("time", change.wall_ns != 0 ? std::optional(Rfc3339(change.wall_ns)) : std::nullopt);
  json->Field("actor", change.actor);
  json->Field("kind", Name(change.kind));
  json->Field("reverts",
              change.reverts != 0 ? std::optional<uint64_t>(change.reverts) : std::nullopt);
  json->Field("name", spec.name);
  WriteValue(spec, change.before, "old", json);
  json->Field("old_origin", Name(change.origin_before));
  WriteValue(spec, change.after, "new", json);
  json->Field("new_origin", Name(change.origin_after));
  json->Field("text", ChangeText(change));
}

void WriteChanges(const std::vector<SettingChange>& oldest_first, JsonWriter* json) {
  json->BeginArray("changes");
  for (auto one = oldest_first.rbegin(); one != oldest_first.rend(); ++one) {
    json->BeginObject();
    WriteChange(*one, json);
    json->EndObject();
  }
  json->EndArray();
}

void WriteLayers(const SettingDesk& desk, const SettingSpec& spec, JsonWriter* json) {
  json->BeginObject("layers");
  for (const SettingOrigin origin :
       {SettingOrigin::kDefault, SettingOrigin::kApplication, SettingOrigin::kFile,
        SettingOrigin::kEnvironment, SettingOrigin::kRuntime}) {
    WriteValue(spec, desk.layers().Said(origin, spec.id), Name(origin), json);
  }
  json->EndObject();
  std::optional<std::string> ignored;
  for (const IgnoredSetting& one : desk.resolved().ignored) {
    if (one.id != spec.id) continue;
    ignored = SettingText(spec, one.value) + " (" + std::string(Name(one.origin)) +
              ") is not obeyed: " + one.reason;
  }
  json->Field("ignored", ignored);
}

void WriteSetting(const SettingDesk& desk, const SettingSpec& spec, JsonWriter* json) {
  json->BeginObject();
  json->Field("name", spec.name);
  WriteValue(spec, desk.resolved().values[spec.id], "value", json);
  json->Field("origin", Name(desk.resolved().OriginOf(spec.id)));
  json->Field("type", Name(spec.type));
  json->Field("unit", spec.type == SettingType::kSeconds ? std::optional<std::string>("seconds")
                                                         : std::nullopt);
  WriteValue(spec, spec.initial, "default", json);
  json->Field("lowest", Exact{spec.lowest});
  json->Field("highest", Exact{spec.highest});
  json->Field("allowed", AllowedValues(spec));
  json->Field("meaning", spec.meaning);
  json->Field("effect", Name(EffectOf(spec)));
  WriteLayers(desk, spec, json);
  if (const SettingChange* const change = desk.LastChange(spec.id)) {
    json->BeginObject("last_change");
    WriteChange(*change, json);
    json->EndObject();
  } else {
    json->Field("last_change", std::nullopt);
  }
  json->EndObject();
}

HttpResponse Refusal(std::string_view text, const SettingRefusal& refusal) {
  JsonWriter json;
  json.BeginObject();
  json.Field("error", text);
  json.Field("field", refusal.field);
  json.Field("value", refusal.value);
  json.Field("allowed", refusal.allowed);
  json.EndObject();
  HttpResponse response = JsonResponse(json.Take());
  response.status = 400;
  return response;
}

HttpResponse Get(const SettingDesk& desk) {
  JsonWriter json;
  json.BeginObject();
  json.Field("stored_in", desk.path());
  json.Field("not_stored",
             desk.not_stored().empty() ? std::nullopt : std::optional(desk.not_stored()));
  json.BeginArray("settings");
  for (const SettingSpec& spec : kSettingSpecs) WriteSetting(desk, spec, &json);
  json.EndArray();
  WriteChanges(desk.changes(), &json);
  json.EndObject();
  return JsonResponse(json.Take());
}

HttpResponse Post(SettingDesk& desk, const ApiRequest& request) {
  const Result<json::object> body = request.Body();
  if (!body) return ErrorResponse(400, body.error());
  const Result<SettingsRequest> asked = ParseSettingsRequest(*body);
  if (!asked) return ErrorResponse(400, asked.error());
  const SettingOutcome outcome = desk.Change(asked->proposal, request.actor, asked->mode, WallNs());
  if (outcome.refusal) return Refusal(outcome.refusal->Text(), *outcome.refusal);
  JsonWriter json;
  json.BeginObject();
  json.Field("dry_run", asked->mode == ChangeMode::kDryRun);
  WriteChanges(outcome.changes, &json);
  json.Field("not_stored",
             outcome.not_stored.empty() ? std::nullopt : std::optional(outcome.not_stored));
  json.EndObject();
  return JsonResponse(json.Take());
}

SettingInput InputOf(const json::value& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_number()) return value.to_number<double>();
  if (value.is_string()) return std::string(value.as_string());
  return json::serialize(value);  // none of them is allowed, and the refusal shows it
}

Result<bool> TakeSet(const json::value& value, SettingsRequest* request) {
  if (!value.is_object()) return Error{"set: it takes an object of names and values"};
  for (const auto& [name, one] : value.as_object()) {
    request->proposal.set.emplace_back(name, InputOf(one));
  }
  return true;
}

Result<bool> TakeReset(const json::value& value, SettingsRequest* request) {
  const std::string wrong = "reset: it takes an array of names";
  if (!value.is_array()) return Error{wrong};
  for (const json::value& name : value.as_array()) {
    if (!name.is_string()) return Error{wrong};
    request->proposal.reset.emplace_back(name.as_string());
  }
  return true;
}

Result<bool> TakeRevert(const json::value& value, SettingsRequest* request) {
  json::error_code code;
  const auto number = value.is_number() ? value.to_number<uint64_t>(code) : 0;
  if (code || number == 0) return Error{"revert: it takes the number of a change"};
  request->proposal.revert = number;
  return true;
}

Result<bool> TakeMember(std::string_view name, const json::value& value, SettingsRequest* request) {
  if (name == "set") return TakeSet(value, request);
  if (name == "reset") return TakeReset(value, request);
  if (name == "revert") return TakeRevert(value, request);
  if (name == "dry_run" && value.is_bool()) {
    request->mode = value.as_bool() ? ChangeMode::kDryRun : ChangeMode::kApply;
    return true;
  }
  if (name == "dry_run") return Error{"dry_run: it takes true or false"};
  return Error{"'" + std::string(name.substr(0, 60)) +
               "' is not known; known: set, reset, revert, dry_run"};
}

}  // namespace

Result<SettingsRequest> ParseSettingsRequest(const json::object& body) {
  SettingsRequest request;
  for (const auto& [name, value] : body) {
    const Result<bool> taken = TakeMember(name, value, &request);
    if (!taken) return Error{taken.error()};
  }
  return request;
}

ApiEndpoint SettingsEndpoint(SettingDesk& desk) {
  return {.path = "/api/v1/settings",
          .get = [&desk](const ApiRequest&) { return Get(desk); },
          .post = [&desk](const ApiRequest& request) { return Post(desk, request); }};
}

}  // namespace stirbar
