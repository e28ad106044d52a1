// Reading the small text files in which the kernel tells its figures: /proc, /sys/fs/cgroup.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stirbar {

// The text of `path`, in `buffer`; what does not fit is left out. Time: about 3 us for a small file
// of /proc; does not allocate unless it fails. Failure: names the path and the reason.
Result<std::string_view> ReadKernelFile(const std::string& path, std::span<char> buffer);

// The same for a file whose length has no bound (mountinfo, children).
Result<std::string> ReadWholeFile(const std::string& path);

// The number at the start of `*text`, behind blanks, which it takes away; absent where there is
// none.
std::optional<uint64_t> TakeNumber(std::string_view* text);

// The number behind the first line that begins with `key`: NumberAfter("MemTotal:   12 kB\n",
// "MemTotal:") is 12. `key` ends with the sign that separates it (a colon, a blank), so that it is
// not taken for the start of a longer one.
std::optional<uint64_t> NumberAfter(std::string_view text, std::string_view key);

// The names in a directory that are numbers, as pids in /proc and descriptors in /proc/PID/fd are.
// At most `most` of them, in the kernel's order. Failure: names the path and the reason.
Result<std::vector<uint32_t>> ListNumbers(const std::string& directory, size_t most = SIZE_MAX);

// "<proc>/<pid>/<name>"
std::string ProcPath(std::string_view proc, uint32_t pid, std::string_view name);

// `text` with '?' for every byte that is not printable ASCII. Names of processes and sockets are
// chosen by the app and may be any bytes; what goes into JSON and logs must not.
std::string PrintableText(std::string_view text);

}  // namespace stirbar
