// The built-in rules, in order of importance: among findings of one severity the earlier rule's
// comes first.
//
//   rule                component  warning                        critical
//   server              workers                                   its process has ended
//   no_worker_answers   workers                                   every worker is hung
//   worker_stopped      workers                                   SIGSTOP or a debugger
//   lock_wait           workers    lock_wait_warning_threshold    lock_wait_critical_threshold
//   heartbeat           workers    heartbeat_warning_threshold    heartbeat_critical_threshold
//   worker_deaths       workers    1 in the last minute           5 in the last minute
//   memory              memory     memory_warning_threshold       memory_critical_threshold
//   saturation          queue      saturation_warning_threshold,  saturation_critical_threshold,
//                                  5 s                            5 s
//   accept_queue        queue      accept_queue_warning_threshold accept_queue_critical_threshold
//   queue_time          queue      queue_time_warning_threshold   queue_time_critical_threshold
//   database_unavailable database                                 no server of a pool is in reach
//   pool_wait           database                                  pool_wait_critical_threshold
//   pool_utilization    database   pool_utilization_warning_
//                                  threshold, 2 s
//   connection_leaks    database   1 held, or seen within 5 min
//   database_target     database   one server of several, or one
//                                  that the supervisor asks
//   error_rate          requests   error_rate_warning_threshold   error_rate_critical_threshold
//   disk                disk       90 %                           97 %
//   cpu                 cpu        cpu_warning_threshold, 30 s    cpu_critical_threshold, 5 min
//   stuck_request       requests   slow_request_threshold, or its
//                                  own limit (stuck_request_limit)
//   slow_requests       requests   5 % of the last minute's
//   cache_hit_rate      requests   below 50 %, 5 min
//   outgoing            requests   half of the last minute's
//                                  calls to a host failed
//   in_flight_overflow  requests   1 in the last minute
//   history             history    it is not written, or had to be
//                                  made anew
//   exports             history    sink_failure_limit
//   alert_sinks         alerts     sink_failure_limit
//
// Those that an expression measures can be replayed over recorded figures. What is not here yet:
// failures of background tasks and memory leaks; nothing measures them so far.
//
// The rules of one worker (worker_stopped, lock_wait, heartbeat, stuck_request) exclude each other
// by its condition: one cause makes one finding.
#pragma once

#include <vector>

#include "supervisor/evaluate/rule.h"

namespace stirbar {

// Below 20 requests a share says nothing: one failure would be 5 % and more.
inline constexpr uint64_t kFewestRequests = 20;

std::vector<Rule> BuiltInRules();

}  // namespace stirbar
