#include "supervisor/publish/export_position.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "supervisor/publish/alert_fields.h"
#include "supervisor/publish/json_writer.h"

namespace stirbar {

HistoryPosition LoadPosition(const ExportPlace& place) {
  std::ifstream file(place.path);
  std::ostringstream text;
  text << file.rdbuf();
  boost::system::error_code code;
  const boost::json::value value = boost::json::parse(text.str(), code);
  if (code || !value.is_object()) return {};
  const boost::json::object& object = value.get_object();
  if (TextField(object, "target") != place.target) return {};
  return {static_cast<int64_t>(CountField(object, "figures")), CountField(object, "record"),
          CountField(object, "record_time_ns")};
}

Result<bool> SavePosition(const ExportPlace& place, const HistoryPosition& position) {
  JsonWriter json;
  json.BeginObject();
  json.Field("target", place.target);
  json.Field("figures", position.figures);
  json.Field("record", position.record);
  json.Field("record_time_ns", position.record_wall_ns);
  json.EndObject();
  const std::string text = json.Take() + "\n";
  std::error_code ignored;
  const auto folder = std::filesystem::path(place.path).parent_path();
  if (std::filesystem::create_directories(folder, ignored)) chmod(folder.c_str(), 0700);
  const std::string fresh = place.path + ".new";
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return ErrnoError("open " + fresh, errno);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int failed = errno;
  close(file);
  if (!written) return ErrnoError("write " + fresh, failed);
  if (rename(fresh.c_str(), place.path.c_str()) != 0) {
    return ErrnoError("rename " + fresh, errno);
  }
  return true;
}

}  // namespace stirbar
