#include "supervisor/collect/checkout_stack.h"

#include <string_view>

namespace stirbar {
namespace {

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Where packages are installed, and where their sources lie in their own repositories.
bool IsOf(const std::string& file, const std::string& package) {
  for (const char* folder : {"-packages/", "/lib/", "/src/", "/python/"}) {
    if (Has(file, folder + package + "/")) return true;
  }
  return false;
}

// Whoever asks for a connection in the app's place.
bool IsPoolCode(const FrameSample& frame) {
  // "<sqlalchemy generated _go() wrapper for ...>": it makes some of its functions at run time.
  return frame.file.starts_with("<sqlalchemy") || IsOf(frame.file, "sqlalchemy") ||
         IsOf(frame.file, "flask_sqlalchemy") || IsOf(frame.file, "stirbar");
}

HolderKind HolderOf(const std::vector<FrameSample>& frames, size_t end) {
  HolderKind holder = HolderKind::kUnknown;
  for (size_t i = 0; i < end; ++i) {
    const std::string& file = frames[i].file;
    if (Has(frames[i].function, "_wrap_pool_connect")) continue;  // SQLAlchemy 1.4: inner to both
    HolderKind kind = HolderKind::kUnknown;
    if (Has(file, "/flask_sqlalchemy/")) {
      kind = HolderKind::kFlaskSession;
    } else if (Has(file, "/sqlalchemy/orm/")) {
      kind = HolderKind::kSession;
    } else if (Has(file, "/sqlalchemy/engine/")) {
      const bool raw = Has(frames[i].function, "raw_connection");
      kind = raw && holder == HolderKind::kUnknown ? HolderKind::kRaw : HolderKind::kConnection;
    }
    // Engine.connect() itself asks for a raw connection: who stands further out decides.
    if (kind > holder) holder = kind;
  }
  return holder;
}

}  // namespace

CheckoutStack WithoutLibrary(std::vector<FrameSample> frames) {
  size_t begin = 0;
  for (size_t i = 0; i < frames.size(); ++i) {
    if (IsPoolCode(frames[i])) {
      begin = i + 1;
    } else if (!Has(frames[i].file, "/lib/python3") || Has(frames[i].file, "-packages/")) {
      break;  // the app's own, or a package that it uses
    }
  }
  // `with engine.begin()`: contextlib stands between the app and SQLAlchemy.
  while (begin > 0 && begin < frames.size() && Has(frames[begin].file, "/contextlib.py")) ++begin;
  CheckoutStack stack;
  stack.holder = HolderOf(frames, begin);
  if (begin == frames.size()) begin = 0;  // no frame of the app was kept: better these than none
  frames.erase(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(begin));
  stack.frames = std::move(frames);
  return stack;
}

CheckoutStackReader::CheckoutStackReader(const Memory& memory, const InterpreterMap& map)
    : codes_(memory, view_) {
  const Result<InterpreterView> view = ViewOf(map);
  if (view) {
    view_ = *view;
  } else {
    unavailable_ = view.error();
  }
}

bool CheckoutStackReader::Append(uint64_t code, uint64_t instruction,
                                 std::vector<FrameSample>* frames) {
  if (!unavailable_.empty() || instruction > UINT32_MAX) return false;
  const CodeText* const text = codes_.Get(code);
  if (text == nullptr) return false;
  frames->push_back(codes_.DescribeAt(*text, static_cast<uint32_t>(instruction)));
  return true;
}

}  // namespace stirbar
