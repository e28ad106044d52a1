#include "supervisor/collect/mysql_library.h"

#include <dlfcn.h>

#include <string>

namespace stirbar {
namespace {

constexpr const char* kFile = "libmariadb.so.3";

Result<MySqlLibrary> Load() {
  void* const handle = dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return Error{std::string("MariaDB Connector/C is not installed (") + kFile +
                 "; Debian's package is libmariadb3)"};
  }
  MySqlLibrary library;
  const char* missing = nullptr;
#define STIRBAR_MYSQL_FUNCTION(name)                                             \
  library.name = reinterpret_cast<decltype(library.name)>(dlsym(handle, #name)); \
  if (library.name == nullptr) missing = #name;
  STIRBAR_MYSQL_FUNCTIONS(STIRBAR_MYSQL_FUNCTION)
#undef STIRBAR_MYSQL_FUNCTION
  if (missing != nullptr) {
    return Error{std::string(kFile) + " is not MariaDB Connector/C 3: it has no " + missing};
  }
  // Before the first thread uses it: what it sets up is the process's.
  if (library.mysql_server_init(0, nullptr, nullptr) != 0) {
    return Error{std::string(kFile) + " could not be initialised"};
  }
  return library;
}

}  // namespace

const Result<MySqlLibrary>& LoadMySqlLibrary() {
  static const Result<MySqlLibrary> library = Load();
  return library;
}

}  // namespace stirbar
