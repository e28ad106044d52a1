#include "supervisor/publish/actions_endpoint.h"

#include <boost/json/serialize.hpp>
#include <cstdint>
#include <string>

#include "supervisor/publish/actions_json.h"

namespace stirbar {
namespace {

namespace json = boost::json;

std::string Shown(const json::value& value) { return json::serialize(value).substr(0, 60); }

Error NotAllowed(std::string_view field, const json::value& value, std::string_view allowed) {
  return Error{std::string(field) + ": " + Shown(value) + " is not allowed; it takes " +
               std::string(allowed)};
}

Result<ActionRequest> RequestOf(const json::object& body) {
  constexpr std::string_view kActions = "\"cleanup\" or \"recycle\"";
  ActionRequest request;
  const json::value* const action = body.if_contains("action");
  if (action == nullptr) return Error{"action: is missing; it takes " + std::string(kActions)};
  if (*action == "cleanup") {
    request.kind = ActionKind::kCleanup;
  } else if (*action == "recycle") {
    request.kind = ActionKind::kRecycle;
  } else {
    return NotAllowed("action", *action, kActions);
  }
  if (const json::value* const worker = body.if_contains("worker");
      worker != nullptr && !worker->is_null()) {
    if (!worker->is_int64() || worker->as_int64() < 1 || worker->as_int64() > INT32_MAX) {
      return NotAllowed("worker", *worker, "the pid of a worker");
    }
    request.pid = static_cast<uint32_t>(worker->as_int64());
  }
  if (const json::value* const dry_run = body.if_contains("dry_run"); dry_run != nullptr) {
    if (!dry_run->is_bool()) return NotAllowed("dry_run", *dry_run, "true or false");
    request.dry_run = dry_run->as_bool();
  }
  for (const auto& [key, value] : body) {
    if (key != "action" && key != "worker" && key != "dry_run") {
      return Error{std::string(key).substr(0, 60) +
                   ": no such field; there are action, worker and dry_run"};
    }
  }
  return request;
}

HttpResponse NoFiguresYet() {
  return ErrorResponse(503, "the supervisor has just started and has no figures yet");
}

HttpResponse Post(ActionTaker& taker, const ApiRequest& asked) {
  if (asked.snapshot == nullptr) return NoFiguresYet();
  const Result<json::object> body = asked.Body();
  if (!body) return ErrorResponse(400, body.error());
  Result<ActionRequest> request = RequestOf(*body);
  if (!request) return ErrorResponse(400, request.error());
  request->actor = asked.actor;
  const Result<std::string> done = taker.Ask(*request, *asked.snapshot);
  if (!done) return ErrorResponse(409, done.error());
  JsonWriter answer;
  answer.BeginObject();
  answer.Field("accepted", true);
  answer.Field("text", *done);
  answer.EndObject();
  return JsonResponse(answer.Take());
}

}  // namespace

ApiEndpoint MakeActionsEndpoint(ActionTaker& taker) {
  ApiEndpoint endpoint;
  endpoint.path = "/api/v1/actions";
  endpoint.get = [](const ApiRequest& asked) {
    if (asked.snapshot == nullptr) return NoFiguresYet();
    return JsonResponse(ActionsJson(asked.snapshot->sample));
  };
  endpoint.post = [&taker](const ApiRequest& asked) { return Post(taker, asked); };
  return endpoint;
}

}  // namespace stirbar
