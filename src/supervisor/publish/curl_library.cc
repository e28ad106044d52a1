#include "supervisor/publish/curl_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>

namespace stirbar {
namespace {

constexpr size_t kLargestAnswer = 64U << 10U;
// Names of libcurl's before 7.85, which knew no CURLOPT_PROTOCOLS_STR.
constexpr auto kOldProtocols = static_cast<CURLoption>(181);
constexpr long kOldHttp = 3;
constexpr long kOldSmtp = 3L << 16;

Result<CurlLibrary> Load() {
  constexpr std::array<const char*, 3> kFiles{"libcurl.so.4", "libcurl-gnutls.so.4",
                                              "libcurl-gnutls.so.3"};
  void* handle = nullptr;
  for (const char* const file : kFiles) {
    if (handle == nullptr) handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  }
  if (handle == nullptr) {
    return Error{"libcurl is not installed (libcurl.so.4; Debian's package is libcurl4)"};
  }
  CurlLibrary library;
  const char* missing = nullptr;
#define STIRBAR_CURL_FUNCTION(name)                                              \
  library.name = reinterpret_cast<decltype(library.name)>(dlsym(handle, #name)); \
  if (library.name == nullptr) missing = #name;
  STIRBAR_CURL_FUNCTIONS(STIRBAR_CURL_FUNCTION)
#undef STIRBAR_CURL_FUNCTION
  if (missing != nullptr) return Error{std::string("libcurl has no ") + missing};
  // Before the first thread uses it: what it sets up is the process's.
  if (library.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return Error{"libcurl could not be initialised"};
  }
  return library;
}

}  // namespace

const Result<CurlLibrary>& LoadCurlLibrary() {
  // Never destroyed: a thread that waits for a server may outlive main().
  static const auto* const library = new Result<CurlLibrary>(Load());
  return *library;
}

CurlTransfer::CurlTransfer(const CurlLibrary& library, const char* protocols, long timeout_ms,
                           const std::atomic<bool>& stop)
    : library_(library), handle_(library.curl_easy_init()), stop_(stop) {
  if (library_.curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, protocols) != CURLE_OK) {
    Set(kOldProtocols, std::strncmp(protocols, "http", 4) == 0 ? kOldHttp : kOldSmtp);
  }
  Set(CURLOPT_NOSIGNAL, 1L);
  Set(CURLOPT_FOLLOWLOCATION, 0L);
  Set(CURLOPT_TIMEOUT_MS, timeout_ms);
  Set(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
  Set(CURLOPT_ERRORBUFFER, error_.data());
  Set(CURLOPT_WRITEFUNCTION, &CurlTransfer::Take);
  Set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  Set(CURLOPT_NOPROGRESS, 0L);
  Set(CURLOPT_XFERINFOFUNCTION, &CurlTransfer::Watch);
  Set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
}

CurlTransfer::~CurlTransfer() {
  library_.curl_easy_cleanup(handle_);
  for (curl_slist* const list : lists_) library_.curl_slist_free_all(list);
}

void CurlTransfer::SetList(CURLoption option, const std::vector<std::string>& words) {
  curl_slist* list = nullptr;
  for (const std::string& word : words) list = library_.curl_slist_append(list, word.c_str());
  lists_.push_back(list);
  Set(option, list);
}

void CurlTransfer::SetUpload(std::string_view text) {
  upload_ = text;
  Set(CURLOPT_READFUNCTION, &CurlTransfer::Give);
  Set(CURLOPT_READDATA, static_cast<void*>(this));
  Set(CURLOPT_UPLOAD, 1L);
}

std::string CurlTransfer::Perform() {
  const CURLcode code = library_.curl_easy_perform(handle_);
  if (code == CURLE_OK) return "";
  if (code == CURLE_WRITE_ERROR && answer_.size() >= kLargestAnswer) return "";
  return error_[0] != '\0' ? error_.data() : library_.curl_easy_strerror(code);
}

long CurlTransfer::Status() const {
  long status = 0;
  library_.curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::chrono::seconds CurlTransfer::RetryAfter() const {
  curl_off_t seconds = 0;
  library_.curl_easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &seconds);
  return std::chrono::seconds(std::max<curl_off_t>(seconds, 0));
}

size_t CurlTransfer::Take(char* data, size_t size, size_t count, void* self) {
  std::string& answer = static_cast<CurlTransfer*>(self)->answer_;
  const size_t taken = std::min(size * count, kLargestAnswer - answer.size());
  answer.append(data, taken);
  return taken;  // fewer than there are: the transfer ends
}

size_t CurlTransfer::Give(char* data, size_t size, size_t count, void* self) {
  std::string_view& upload = static_cast<CurlTransfer*>(self)->upload_;
  const size_t given = std::min(size * count, upload.size());
  std::memcpy(data, upload.data(), given);
  upload.remove_prefix(given);
  return given;
}

int CurlTransfer::Watch(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<CurlTransfer*>(self)->stop_ ? 1 : 0;
}

}  // namespace stirbar
