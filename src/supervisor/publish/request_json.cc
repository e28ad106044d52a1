#include "supervisor/publish/request_json.h"

#include <optional>

namespace stirbar {
namespace {

template <typename T>
void Write(std::string_view key, const std::array<T, kParts>& values, JsonWriter* json) {
  json->BeginObject(key);
  for (size_t i = 0; i < kParts; ++i) json->Field(Name(static_cast<Part>(i)), values[i]);
  json->EndObject();
}

}  // namespace

std::string RequestId(uint32_t slot, uint32_t index, uint64_t started_ns) {
  return std::to_string(slot) + ":" + std::to_string(index) + ":" + std::to_string(started_ns);
}

void WriteParts(std::string_view key, const std::array<double, kParts>& seconds, JsonWriter* json) {
  Write(key, seconds, json);
}

void WriteParts(std::string_view key, const std::array<uint32_t, kParts>& calls, JsonWriter* json) {
  Write(key, calls, json);
}

void WriteFrame(const FrameSample& frame, JsonWriter* json) {
  json->BeginObject();
  json->Field("function", frame.function);
  json->Field("file", frame.file);
  json->Field("line", frame.line != 0 ? std::optional(frame.line) : std::nullopt);
  json->EndObject();
}

}  // namespace stirbar
