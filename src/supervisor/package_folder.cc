#include "supervisor/package_folder.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace stirbar {
namespace {

namespace fs = std::filesystem;

// python3.9 before python3.11: by number, not by letter.
int MinorOf(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? 0 : std::atoi(name.c_str() + dot + 1);
}

std::vector<fs::path> PythonFolders(const fs::path& lib) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(lib, ignored)) {
    if (entry.path().filename().string().starts_with("python3")) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end(),
            [](const auto& a, const auto& b) { return MinorOf(a) > MinorOf(b); });
  return folders;
}

}  // namespace

Result<std::string> FindPackageFolder() {
  std::error_code code;
  if (const char* const configured = std::getenv("STIRBAR_PACKAGE"); configured != nullptr) {
    if (fs::exists(fs::path(configured) / "bootstrap" / "sitecustomize.py", code)) {
      return std::string(configured);
    }
    return Error{std::string("STIRBAR_PACKAGE: '") + configured +
                 "' is not the folder of the Python package stirbar"};
  }
  const fs::path binary = fs::read_symlink("/proc/self/exe", code);
  if (code) return Error{"read /proc/self/exe: " + code.message()};
  const fs::path prefix = binary.parent_path().parent_path();
  std::string looked;
  for (const fs::path& lib : {prefix / "lib", prefix / "local" / "lib"}) {
    for (const fs::path& python : PythonFolders(lib)) {
      for (const char* packages : {"site-packages", "dist-packages"}) {
        const fs::path folder = python / packages / "stirbar";
        if (fs::exists(folder / "bootstrap" / "sitecustomize.py", code)) return folder.string();
      }
    }
    looked += (looked.empty() ? "" : ", ") + (lib / "python3*").string();
  }
  return Error{"the Python package stirbar was not found in " + looked +
               "; set STIRBAR_PACKAGE to its folder"};
}

}  // namespace stirbar
