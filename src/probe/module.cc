// The binding table: Python names on the left, plain C++ on the right, and nothing else.
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "probe/bindings.h"
#include "probe/wsgi.h"

namespace nb = nanobind;
using namespace stirbar;  // NOLINT(google-build-using-namespace): a table of its names

NB_MODULE(_stirbar, m) {
  m.doc() = "The native probe of Stirbar. Use the package `stirbar`; this is its inside.";
  if (!InitialiseWsgiTypes()) nb::raise_python_error();

  m.def("configure", &Configure, nb::arg("segment"), nb::arg("app_name"),
        nb::arg("supervisor_command"), nb::arg("settings"));
  m.def("start", &Start, nb::arg("server"), nb::arg("lock_is_given_up") = true);
  m.def("shutdown", &Shutdown);
  m.def("trouble", &Trouble);
  m.def("state", &State);
  m.def("supervisor", &Supervisor);

  m.def("middleware", [](nb::handle app) { return nb::steal(NewMiddleware(app.ptr())); });
  m.def(
      "route_hook",
      [](nb::handle original, nb::handle context_variable) {
        return nb::steal(NewRouteHook(original.ptr(), context_variable.ptr()));
      },
      nb::arg("original"), nb::arg("context_variable").none());

  m.def("segment_path", &SegmentPath, nb::arg("name"));
  m.def("snapshot", &SnapshotText);
  m.def("history", &History, nb::arg("points"));

  m.def("setting_specs", &SettingRows);
  m.def("check_setting", &CheckOne, nb::arg("name"), nb::arg("value"));
  m.def("parse_setting", &ParseOne, nb::arg("name"), nb::arg("text"));
  m.def("check_settings", &CheckAll, nb::arg("values"));
  m.def("settings", &CurrentSettings);

  m.def("clean_up_memory", &CleanUp);
}
