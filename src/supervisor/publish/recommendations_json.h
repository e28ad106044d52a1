#pragma once

#include <string>

#include "supervisor/publish/json_writer.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// GET /api/v1/recommendations: those of rules and those about pools and databases, ranked.
std::string RecommendationsJson(const Snapshot& snapshot);

// One of them, as a value.
void WriteRecommendation(const Recommendation& recommendation, JsonWriter* json);

// The trends as the member "trends".
void WriteTrends(const Evaluation& evaluation, JsonWriter* json);

}  // namespace stirbar
