#include "supervisor/publish/evaluation_endpoints.h"

#include <algorithm>
#include <utility>

#include "supervisor/publish/health_json.h"
#include "supervisor/publish/health_matrix_json.h"
#include "supervisor/publish/recommendations_json.h"
#include "supervisor/publish/rules_json.h"

namespace stirbar {
namespace {

// The answer made of a snapshot; before the first one 503.
ApiHandler From(std::string (*text)(const Snapshot&)) {
  return [text](const ApiRequest& request) {
    if (request.snapshot != nullptr) return JsonResponse(text(*request.snapshot));
    HttpResponse response =
        ErrorResponse(503, "the supervisor has just started and has no figures yet");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  };
}

HttpResponse GroupAnswer(const std::string& name, const Snapshot* snapshot) {
  HealthAnswer answer = GroupHealthJson(name, snapshot);
  HttpResponse response;
  response.SetBody("application/health+json", std::move(answer.text));
  response.headers.emplace_back("Cache-Control", "no-store");
  response.status = answer.http_status;
  return response;
}

}  // namespace

void AddEvaluationEndpoints(const std::vector<HealthGroup>& groups,
                            std::vector<ApiEndpoint>* endpoints) {
  endpoints->push_back({.path = "/api/v1/rules", .get = From(RulesJson)});
  endpoints->push_back({.path = "/api/v1/recommendations", .get = From(RecommendationsJson)});
  endpoints->push_back({.path = "/api/v1/health", .get = From(HealthMatrixJson)});
  for (const HealthGroup& group : groups) {
    endpoints->push_back({.path = "/health/group/" + group.name,
                          .get = [name = group.name](const ApiRequest& request) {
                            return GroupAnswer(name, request.snapshot.get());
                          }});
  }
}

}  // namespace stirbar
