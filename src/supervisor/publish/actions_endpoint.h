// /api/v1/actions: what was done to the app, and an operator's way to have something done.
#pragma once

#include "supervisor/publish/api_endpoint.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// GET: as ActionsJson.
// POST {"action": "cleanup"|"recycle", "worker": PID, "dry_run": true|false}: `worker` may be
// missing for a cleanup (all workers), `dry_run` for both (false). Answers {"accepted": true,
// "text": "..."}; 400 names the field that is not allowed, 409 says why it is not done now.
//
// `taker` must outlive the endpoint.
ApiEndpoint MakeActionsEndpoint(ActionTaker& taker);

}  // namespace stirbar
