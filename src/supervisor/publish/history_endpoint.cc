#include "supervisor/publish/history_endpoint.h"

#include <charconv>

#include "supervisor/publish/history_text.h"
#include "supervisor/publish/json_writer.h"

namespace stirbar {
namespace {

constexpr size_t kMostRecords = 1000;
constexpr size_t kMostRoutes = 200;

int64_t Now() { return static_cast<int64_t>(WallNs() / 1'000'000'000); }

Result<HistoryRange> RangeOf(const ApiRequest& request) {
  return ParseRange({request.Query("from"), request.Query("until"), request.Query("step")}, Now(),
                    kHistoryPoints);
}

Result<HistoryQuery> QueryOf(const ApiRequest& request) {
  const Result<HistoryRange> range = RangeOf(request);
  if (!range) return Error{range.error()};
  HistoryQuery query;
  query.range = *range;
  const Result<bool> metrics = ParseMetrics(request.Query("metrics").value_or(""), &query);
  if (!metrics) return Error{metrics.error()};
  return query;
}

// `field` of the query as a whole number from `least` to `highest`.
Result<uint64_t> WholeNumber(const ApiRequest& request, const char* field, uint64_t least,
                             uint64_t highest, uint64_t otherwise) {
  const std::optional<std::string> text = request.Query(field);
  if (!text) return otherwise;
  uint64_t value = 0;
  const auto result = std::from_chars(text->data(), text->data() + text->size(), value);
  if (result.ec != std::errc() || result.ptr != text->data() + text->size() || value < least ||
      value > highest) {
    return Error{std::string(field) + ": '" + text->substr(0, 40) +
                 "' is not allowed; it takes a whole number from " + std::to_string(least) +
                 " to " + std::to_string(highest)};
  }
  return value;
}

HttpResponse Unavailable(const std::string& why) { return ErrorResponse(503, why); }

class HistoryApi {
 public:
  HistoryApi(const HistoryStore& store, const HistoryExports& exports)
      : store_(store), exports_(exports) {}

  HttpResponse Range(const ApiRequest& request) const {
    const Result<HistoryQuery> query = QueryOf(request);
    if (!query) return ErrorResponse(400, query.error());
    return With([&](HistoryReader& reader) -> Result<HttpResponse> {
      const Result<HistoryAnswer> answer = reader.Figures(*query);
      if (!answer) return Error{answer.error()};
      return JsonResponse(RangeJson(*answer));
    });
  }

  HttpResponse Export(const ApiRequest& request) const {
    const std::string format = request.Query("format").value_or("csv");
    if (format != "csv" && format != "json") {
      return ErrorResponse(
          400, "format: '" + format.substr(0, 40) + "' is not allowed; it takes csv or json");
    }
    const Result<HistoryQuery> query = QueryOf(request);
    if (!query) return ErrorResponse(400, query.error());
    return With([&](HistoryReader& reader) -> Result<HttpResponse> {
      const Result<HistoryAnswer> answer = reader.Figures(*query);
      if (!answer) return Error{answer.error()};
      HttpResponse response;
      if (format == "csv") {
        response.SetBody("text/csv; charset=utf-8", RangeCsv(*answer));
      } else {
        response.SetBody("application/json", RangeJson(*answer));
      }
      response.headers.emplace_back("Cache-Control", "no-store");
      response.headers.emplace_back("Content-Disposition",
                                    "attachment; filename=\"stirbar-history-" +
                                        std::to_string(answer->range.from) + "-" +
                                        std::to_string(answer->range.until) + "." + format + "\"");
      return response;
    });
  }

  HttpResponse Routes(const ApiRequest& request) const {
    const Result<HistoryRange> range = RangeOf(request);
    if (!range) return ErrorResponse(400, range.error());
    const Result<uint64_t> most = WholeNumber(request, "most", 1, kMostRoutes, 20);
    if (!most) return ErrorResponse(400, most.error());
    return With([&](HistoryReader& reader) -> Result<HttpResponse> {
      const Result<std::vector<RouteHistory>> routes = reader.Routes(*range, *most);
      if (!routes) return Error{routes.error()};
      return JsonResponse(RoutesJson(*routes, *range));
    });
  }

  HttpResponse Records(const ApiRequest& request) const {
    const Result<RecordQuery> query = RecordQueryOf(request);
    if (!query) return ErrorResponse(400, query.error());
    return With([&](HistoryReader& reader) -> Result<HttpResponse> {
      const Result<std::vector<HistoryRecord>> records = reader.Records(*query);
      if (!records) return Error{records.error()};
      return JsonResponse(RecordsJson(*records, query->most));
    });
  }

  HttpResponse Info(const ApiRequest&) const {
    const HistorySample state = store_.State();
    JsonWriter json;
    json.BeginObject();
    json.Field("written", state.on);
    json.Field("path", state.path);
    json.Field("problem", state.problem);
    json.Field("off_reason", state.off_reason);
    json.Field("dropped", state.dropped);
    std::string why;
    HistoryReader* const reader = store_.Reader(&why);
    if (reader != nullptr) {
      const Result<HistoryInfo> info = reader->Info();
      if (info) AddInfo(*info, &json);
    }
    AddExports(exports_.State(), &json);
    json.EndObject();
    return JsonResponse(json.Take());
  }

 private:
  static Result<RecordQuery> RecordQueryOf(const ApiRequest& request) {
    RecordQuery query;
    const Result<uint64_t> most = WholeNumber(request, "most", 1, kMostRecords, 200);
    if (!most) return Error{most.error()};
    query.most = *most;
    const Result<uint64_t> before =
        WholeNumber(request, "before", 1, INT64_MAX, query.before_number);
    if (!before) return Error{before.error()};
    query.before_number = *before;
    query.name = request.Query("name").value_or("");
    if (const auto text = request.Query("from")) {
      const Result<int64_t> from = ParseTime("from", *text);
      if (!from) return Error{from.error()};
      query.from_wall_ns = static_cast<uint64_t>(*from) * 1'000'000'000;
    }
    if (const auto text = request.Query("until")) {
      const Result<int64_t> until = ParseTime("until", *text);
      if (!until) return Error{until.error()};
      query.until_wall_ns = static_cast<uint64_t>(*until) * 1'000'000'000;
    }
    const std::optional<std::string> kind = request.Query("kind");
    if (!kind || kind->empty()) return query;
    for (int i = 0; i <= static_cast<int>(RecordKind::kAccess); ++i) {
      if (Name(static_cast<RecordKind>(i)) == *kind) query.kind = static_cast<RecordKind>(i);
    }
    if (query.kind) return query;
    return Error{"kind: '" + kind->substr(0, 40) +
                 "' is not allowed; it takes event, alert, setting, action or access"};
  }

  template <typename Answer>
  HttpResponse With(const Answer& answer) const {
    std::string why;
    HistoryReader* const reader = store_.Reader(&why);
    if (reader == nullptr) return Unavailable(why);
    Result<HttpResponse> response = answer(*reader);
    return response ? std::move(*response) : Unavailable(response.error());
  }

  const HistoryStore& store_;
  const HistoryExports& exports_;
};

}  // namespace

std::vector<ApiEndpoint> HistoryEndpoints(const HistoryStore& store,
                                          const HistoryExports& exports) {
  const auto api = std::make_shared<HistoryApi>(store, exports);
  return {
      {.path = "/api/v1/history",
       .get = [api](const auto& request) { return api->Range(request); }},
      {.path = "/api/v1/history/export",
       .get = [api](const auto& request) { return api->Export(request); }},
      {.path = "/api/v1/history/routes",
       .get = [api](const auto& request) { return api->Routes(request); }},
      {.path = "/api/v1/history/info",
       .get = [api](const auto& request) { return api->Info(request); }},
      {.path = "/api/v1/records",
       .get = [api](const auto& request) { return api->Records(request); }},
  };
}

}  // namespace stirbar
