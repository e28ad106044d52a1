// libcurl, loaded when a sink needs it.
//
// It is not linked, for the reasons of collect/mysql_library.h: the supervisor has to run on
// machines that have none, and a wheel must not bring a TLS library that we would have to keep free
// of holes. Both builds that Debian has do: libcurl4 (OpenSSL) and libcurl3-gnutls.
#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stirbar {

// The functions that are used, by their names.
// clang-format off
#define STIRBAR_CURL_FUNCTIONS(X)                                                                \
  X(curl_global_init) X(curl_easy_init) X(curl_easy_setopt) X(curl_easy_perform)                 \
  X(curl_easy_getinfo) X(curl_easy_cleanup) X(curl_easy_strerror) X(curl_slist_append)           \
  X(curl_slist_free_all)
// clang-format on

struct CurlLibrary {
#define STIRBAR_CURL_FUNCTION(name) decltype(&::name) name = nullptr;
  STIRBAR_CURL_FUNCTIONS(STIRBAR_CURL_FUNCTION)
#undef STIRBAR_CURL_FUNCTION
};

// The library, loaded at the first call and never unloaded. Failure: there is none, or it lacks a
// function; says what to install. Threads: any.
const Result<CurlLibrary>& LoadCurlLibrary();

// One transfer. What all of them have in common is set: a time-out for the whole, no redirects, no
// proxy but the environment's, no signals, no more than 64 KiB of answer, and an end soon after
// `stop` is set. Threads: one.
class CurlTransfer {
 public:
  // `protocols`: "http,https" or "smtp,smtps".
  CurlTransfer(const CurlLibrary& library, const char* protocols, long timeout_ms,
               const std::atomic<bool>& stop);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  template <typename T>
  void Set(CURLoption option, T value) {
    library_.curl_easy_setopt(handle_, option, value);
  }
  void SetList(CURLoption option, const std::vector<std::string>& words);
  // Of the upload's text, which must live until Perform() has returned.
  void SetUpload(std::string_view text);

  // Empty: it worked. Else why not, without what may be secret.
  std::string Perform();
  long Status() const;                      // of HTTP and SMTP
  std::chrono::seconds RetryAfter() const;  // of HTTP
  const std::string& answer() const { return answer_; }

 private:
  static size_t Take(char* data, size_t size, size_t count, void* self);
  static size_t Give(char* data, size_t size, size_t count, void* self);
  static int Watch(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const CurlLibrary& library_;
  CURL* const handle_;
  const std::atomic<bool>& stop_;
  std::vector<curl_slist*> lists_;
  std::string_view upload_;
  std::string answer_;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace stirbar
