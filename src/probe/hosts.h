// Outgoing calls: whom the app calls, how that goes, and whether it is worth trying (segment:
// HostStats). What instrument_http.py asks; in types that nanobind converts by itself.
//
// Threads: with the interpreter lock held, which makes the process the single writer of its
// HostStats, also for calls that belong to no request. `host`: "api.example.org:443".
#pragma once

#include <string>
#include <tuple>

namespace stirbar {

// Something of a call begins or ends on this thread; the request of this thread, if there is one,
// is in HTTP for that long. HttpBegin returns what HttpEnd wants back. `calls`: 1 with the last
// part of a call, else 0.
int HttpBegin();
void HttpEnd(int token, int calls);

// How a call has ended: `outcome` is "ok", "failed" or "timeout".
void CallEnded(const std::string& host, long long duration_ns, const std::string& outcome);
// A call to `host` had no time-out of its own.
void CountDefaulted(const std::string& host);

// Something of the instrumentation did not work out (segment: probe_faults).
void CountFault();

// outgoing_timeouts as it is in force (0 off, 1 observe, 2 on), outgoing_connect_timeout and
// outgoing_read_timeout in seconds. Mode 0 in a process without a segment.
std::tuple<int, double, double> OutgoingTimeouts();

// From now on calls to `host` go through a breaker (breaker.h); again: with other options.
void Protect(const std::string& host, int failures, double cooldown_seconds);
// Seconds until `host` may be called again, counted as a refusal; 0: now. Whoever gets 0 must say
// by CallEnded how it went.
double SecondsUntilAdmitted(const std::string& host);

}  // namespace stirbar
