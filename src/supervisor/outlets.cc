#include "supervisor/outlets.h"

#include <cctype>
#include <cstring>
#include <utility>

#include "supervisor/export_connection.h"
#include "supervisor/log.h"
#include "supervisor/publish/mysql_export.h"
#include "supervisor/publish/otlp_export.h"
#include "supervisor/state_folder.h"

namespace stirbar {
namespace {

// As a part of a file's name.
std::string FileNameOf(std::string text) {
  for (char& letter : text) {
    if (std::isalnum(static_cast<uint8_t>(letter)) == 0 && letter != '-') letter = '_';
  }
  return text;
}

}  // namespace

std::string AppNameOf(const Segment& segment) {
  const char* const name = segment.header.app_name;
  return {name, strnlen(name, sizeof(Header::app_name))};
}

HistoryOptions HistoryOptionsOf(const SupervisorOptions& options, const Segment& segment) {
  const HistoryPlace place = HistoryPlaceOf(options.history, AppNameOf(segment));
  return {place.path, place.is_default};
}

std::vector<std::unique_ptr<HistoryExport>> ExportsOf(const SupervisorOptions& options,
                                                      const Segment& segment) {
  const std::string app = AppNameOf(segment);
  const ExportOrigin origin = OriginOfApp(app);
  std::vector<std::unique_ptr<HistoryExport>> exports;
  for (const ExportOptions& each : options.exports) {
    if (each.kind == ExportKind::kOtlp) {
      exports.push_back(MakeOtlpExport(each, origin));
      continue;
    }
    const MySqlExportSource source{
        HistoryOptionsOf(options, segment).path,
        StateFolder() + "/export-" + FileNameOf(app) + "-" + FileNameOf(each.name) + ".position"};
    exports.push_back(MakeMySqlExport(each, origin, source, ConnectExport));
  }
  return exports;
}

AlertDeskOptions AlertDeskOptionsOf(const SupervisorOptions& options, const Segment& segment,
                                    RecordSink* history) {
  AlertDeskOptions desk;
  desk.outbox.folder = StateFolder();
  desk.outbox.name = FileNameOf(AppNameOf(segment));
  for (const SinkOptions& sink : options.sinks) desk.sinks.push_back({sink, MakeSink(sink)});
  desk.history = history;
  desk.log = Log;
  return desk;
}

}  // namespace stirbar
