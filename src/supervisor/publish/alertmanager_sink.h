// Prometheus Alertmanager, POST /api/v2/alerts. It forgets what is not said again (resolve_timeout,
// 5 minutes where nobody has changed it): what fires is said each minute, with an end 4 minutes
// ahead, so that a supervisor that has gone resolves its alerts there, not keeps them for ever.
#pragma once

#include <memory>

#include "supervisor/publish/alert_sink.h"

namespace stirbar {

std::unique_ptr<AlertSink> MakeAlertmanagerSink(const SinkOptions& options);

}  // namespace stirbar
