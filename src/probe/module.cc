// The binding table: Python names on the left, plain C++ on the right, and nothing else.
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "probe/bindings.h"
#include "probe/cache_counters.h"
#include "probe/cleanup.h"
#include "probe/connection_book.h"
#include "probe/connection_leaks.h"
#include "probe/connection_texts.h"
#include "probe/current_request.h"
#include "probe/database_targets.h"
#include "probe/door.h"
#include "probe/executor_depth.h"
#include "probe/garbage_pauses.h"
#include "probe/held_connections.h"
#include "probe/hosts.h"
#include "probe/interrupt.h"
#include "probe/pool_type.h"
#include "probe/refusal.h"
#include "probe/request_arrival.h"
#include "probe/timed_method.h"
#include "probe/wsgi.h"

namespace nb = nanobind;
using namespace stirbar;  // NOLINT(google-build-using-namespace): a table of its names

static PyObject* OrNull(nb::handle object) { return object.is_none() ? nullptr : object.ptr(); }

NB_MODULE(_stirbar, m) {
  m.doc() = "The native probe of Stirbar. Use the package `stirbar`; this is its inside.";
  // An application's engines, and with them what is bound here, live to the end of the process.
  nb::set_leak_warnings(false);
  if (!InitialiseWsgiTypes() || !InitialiseTimedMethod() || !InitialisePoolType()) {
    nb::raise_python_error();
  }

  m.def("configure", &Configure, nb::arg("segment"), nb::arg("app_name"),
        nb::arg("supervisor_command"), nb::arg("settings"));
  m.def("start", &Start, nb::arg("server"), nb::arg("lock_is_given_up") = true,
        nb::arg("capacity") = 0, nb::arg("listeners") = std::vector<int>(), nb::arg("backlog") = 0);
  m.def("shutdown", &Shutdown);
  m.def("trouble", &Trouble);
  m.def("state", &State);
  m.def("supervisor", &Supervisor);

  m.def(
      "middleware",
      [](nb::handle app, nb::handle route_source) {
        return nb::steal(NewMiddleware(app.ptr(), route_source.ptr()));
      },
      nb::arg("app"), nb::arg("route_source").none() = nb::none());
  m.def(
      "route_hook",
      [](nb::handle original, nb::handle context_variable, nb::handle policy_source) {
        return nb::steal(NewRouteHook(original.ptr(), context_variable.ptr(), policy_source.ptr()));
      },
      nb::arg("original"), nb::arg("context_variable").none(),
      nb::arg("policy_source").none() = nb::none());
  m.attr("RequestInterrupted") = nb::handle(RequestInterrupted());

  m.def("share_threads", &ShareThreads);
  m.def(
      "set_depth_source", [](nb::handle source) { SetDepthSource(OrNull(source)); },
      nb::arg("source").none());
  m.def(
      "set_descriptor_source", [](nb::handle source) { SetDescriptorSource(OrNull(source)); },
      nb::arg("source").none());
  m.def("set_trusted_peers", &SetTrustedPeers, nb::arg("peers"));
  m.def(
      "set_refusal",
      [](nb::bytes body, const std::string& content_type) {
        if (!SetRefusalBody(body.c_str(), body.size(), content_type.c_str())) {
          nb::raise_python_error();
        }
      },
      nb::arg("body"), nb::arg("content_type"));
  m.def("pressure", &Pressure);
  m.def("shed_level", &ShedLevel);
  m.def("backlog_ordered", &BacklogOrdered);
  m.def("door_is_watched", &DoorIsWatched);
  m.def("refuse_at_door", &RefuseAtDoor, nb::arg("descriptor"));
  m.def("concurrency_limit", &ConcurrencyLimitNow);
  m.def("degrades", &Degrades, nb::arg("at"));
  m.def("count_degraded", &CountDegraded);

  const auto timed = [&m](const char* name, TimedKind kind) {
    m.def(
        name,
        [kind](nb::handle original) { return nb::steal(NewTimedMethod(original.ptr(), kind)); },
        nb::arg("original"));
  };
  timed("timed_statement", TimedKind::kStatement);
  timed("timed_connection", TimedKind::kConnection);
  timed("timed_redis", TimedKind::kRedis);
  timed("timed_transaction_end", TimedKind::kTransactionEnd);
  m.def(
      "checkout_listener", [](nb::str pool) { return nb::steal(NewCheckoutListener(pool.ptr())); },
      nb::arg("pool"));
  m.def(
      "checkin_listener", [](nb::str pool) { return nb::steal(NewCheckinListener(pool.ptr())); },
      nb::arg("pool"));
  m.def("book_connecting", &BookConnecting, nb::arg("pool"));
  m.def("book_opened", &BookOpened, nb::arg("record"), nb::arg("target"));
  m.def("book_closed", &BookClosed, nb::arg("record"));
  m.def("holders_text", &HoldersText, nb::arg("pool"));
  m.def("held_connections", [] { return nb::steal(HeldConnections()); });
  m.def(
      "set_reclaimer", [](nb::handle reclaimer) { SetReclaimer(OrNull(reclaimer)); },
      nb::arg("reclaimer").none());
  m.def(
      "leaks_to_reclaim", [](uint32_t mode) { return nb::steal(LeaksToReclaim(mode)); },
      nb::arg("mode"));
  m.def("garbage_listener", [] { return nb::steal(NewGarbageListener()); });

  m.attr("PoolCore") = nb::handle(PoolType());

  m.def("http_begin", &HttpBegin);
  m.def("http_end", &HttpEnd, nb::arg("token"), nb::arg("calls"));
  m.def("call_ended", &CallEnded, nb::arg("host"), nb::arg("duration_ns"), nb::arg("outcome"));
  m.def("count_defaulted", &CountDefaulted, nb::arg("host"));
  m.def("count_fault", &CountFault);
  m.def("outgoing_timeouts", &OutgoingTimeouts);
  m.def("protect", &Protect, nb::arg("host"), nb::arg("failures"), nb::arg("cooldown_seconds"));
  m.def("seconds_until_admitted", &SecondsUntilAdmitted, nb::arg("host"));

  nb::class_<DatabaseTargets>(m, "DatabaseTargets")
      .def(nb::init<const std::vector<std::string>&, bool>(), nb::arg("names"), nb::arg("readonly"))
      .def("set_pool", &DatabaseTargets::SetPool, nb::arg("name"))
      .def("set_name", &DatabaseTargets::SetName, nb::arg("target"), nb::arg("name"))
      .def("choose", &DatabaseTargets::Choose, nb::arg("tried"))
      .def("ended", &DatabaseTargets::Ended, nb::arg("target"), nb::arg("outcome"),
           nb::arg("duration_ns"), nb::arg("error"))
      .def("broke", &DatabaseTargets::Broke, nb::arg("target"), nb::arg("error"))
      .def("fails_back", &DatabaseTargets::FailsBack, nb::arg("target"))
      .def("next_probe", &DatabaseTargets::NextProbe)
      .def("begin_probe", &DatabaseTargets::BeginProbe, nb::arg("target"))
      .def("unavailable_seconds", &DatabaseTargets::UnavailableSeconds, nb::arg("target"));
  m.def("changes_nothing", &ChangesNothing);

  m.def("segment_path", &SegmentPath, nb::arg("name"));
  m.def("snapshot", &SnapshotText);
  m.def("history", &History, nb::arg("points"));

  m.def("setting_specs", &SettingRows);
  m.def("check_setting", &CheckOne, nb::arg("name"), nb::arg("value"));
  m.def("parse_setting", &ParseOne, nb::arg("name"), nb::arg("text"));
  m.def("check_settings", &CheckAll, nb::arg("values"));
  m.def("settings", &CurrentSettings);

  m.def("run_cleanup_step", &RunStep, nb::arg("step"), nb::arg("trims"));
  m.def("trim", &Trim);
  m.def("resident_bytes", &ResidentBytes);
  m.def("arenas", &Arenas);
  m.def("set_python_steps", &SetPythonSteps, nb::arg("bits"));
  m.def(
      "set_cleanup_starter", [](nb::handle starter) { SetCleanupStarter(OrNull(starter)); },
      nb::arg("starter").none());
  m.def("take_cleanup", &TakePythonStep);
  m.def("cleanup_is_offered", &CleanupIsOffered);
  m.def("end_cleanup", &EndPythonStep, nb::arg("count"), nb::arg("outcome"), nb::arg("text"));
  m.def("add_cache", &AddNamedCache, nb::arg("name"));
  m.def("count_hit", &CountHit, nb::arg("cache"));
  m.def("count_miss", &CountMiss, nb::arg("cache"));
  m.def("count_evictions", &CountEvictions, nb::arg("cache"), nb::arg("entries"));
  m.def("set_cache_totals", &SetCacheTotals, nb::arg("cache"), nb::arg("hits"), nb::arg("misses"));
  m.def("set_cache_entries", &SetCacheEntries, nb::arg("cache"), nb::arg("entries"));
  m.def("cache_totals", &CacheTotals, nb::arg("cache"));
}
