// GET and POST /api/v1/settings: docs/openapi.yaml has the shapes.
#pragma once

#include "supervisor/publish/api_endpoint.h"
#include "supervisor/setting_desk.h"

namespace stirbar {

// `desk` must live longer.
ApiEndpoint SettingsEndpoint(SettingDesk& desk);

// The body of a change, read. Failure: says which member is of a wrong kind.
struct SettingsRequest {
  SettingProposal proposal;
  ChangeMode mode = ChangeMode::kApply;
};
Result<SettingsRequest> ParseSettingsRequest(const boost::json::object& body);

}  // namespace stirbar
