#include "supervisor/collect/process_stat.h"

#include <array>
#include <optional>

#include "supervisor/collect/kernel_file.h"

namespace stirbar {
namespace {

// Numbers of the fields in proc(5).
enum Field { kState = 3, kParent = 4, kUser = 14, kSystem = 15, kThreads = 20, kStart = 22 };

}  // namespace

Result<ProcessStat> ParseProcessStat(std::string_view text) {
  const Error malformed{"not a line of /proc/PID/stat: \"" + PrintableText(text.substr(0, 80)) +
                        "\""};
  ProcessStat stat;
  std::string_view rest = text;
  const std::optional<uint64_t> pid = TakeNumber(&rest);
  // The command is in parentheses and may hold blanks and parentheses itself: only the last one
  // that closes is sure.
  const size_t begin = rest.find('(');
  const size_t end = rest.rfind(')');
  if (!pid || begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
    return malformed;
  }
  stat.pid = static_cast<uint32_t>(*pid);
  stat.command = PrintableText(rest.substr(begin + 1, end - begin - 1));
  rest.remove_prefix(end + 1);

  for (int field = kState; field <= kStart; ++field) {
    const size_t start = rest.find_first_not_of(' ');
    if (start == std::string_view::npos) return malformed;
    rest.remove_prefix(start);
    std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    if (field == kState) {
      stat.state = word.front();
      continue;
    }
    const bool wanted = field == kParent || field == kUser || field == kSystem ||
                        field == kThreads || field == kStart;
    if (!wanted) continue;  // some of the others are negative
    const std::optional<uint64_t> number = TakeNumber(&word);
    if (!number) return malformed;
    if (field == kParent) stat.parent_pid = static_cast<uint32_t>(*number);
    if (field == kUser || field == kSystem) stat.cpu_ticks += *number;
    if (field == kThreads) stat.threads = static_cast<uint32_t>(*number);
    if (field == kStart) stat.start_ticks = *number;
  }
  return stat;
}

Result<ProcessStat> ReadProcessStat(std::string_view proc, uint32_t pid) {
  std::array<char, 1024> buffer;  // 52 numbers, mostly short ones
  const auto text = ReadKernelFile(ProcPath(proc, pid, "stat"), buffer);
  if (!text) return Error{text.error()};
  return ParseProcessStat(*text);
}

}  // namespace stirbar
