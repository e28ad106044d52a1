#include "supervisor/collect/stack_walker.h"

#include <algorithm>

namespace stirbar {
namespace {

constexpr int kListTries = 3;
// Frames of the interpreter itself and such as have not begun stand between those that are shown.
constexpr size_t kMostHops = 2 * kMaxStackFrames;

// User space of 47 (x86-64) or 48 bits (arm64), and what malloc gives out is aligned.
bool CanBeAddress(uint64_t address) {
  return address >= 4096 && address < uint64_t{1} << 48U && address % 8 == 0;
}

}  // namespace

std::optional<std::vector<ThreadHead>> StackWalker::Threads() const {
  for (int i = 0; i < kListTries; ++i) {
    if (auto heads = TryThreads()) return heads;
  }
  return std::nullopt;
}

std::optional<std::vector<ThreadHead>> StackWalker::TryThreads() const {
  uint64_t state = 0;
  if (!memory_.Get(view_.interpreter + view_[kInterpreterThreads], &state)) return std::nullopt;
  std::vector<ThreadHead> heads;
  uint64_t previous = 0;
  while (state != 0 && heads.size() < kMaxStackThreads) {
    StructBuffer thread{};
    if (!CanBeAddress(state) || !memory_.Read(state, thread.data(), view_[kThreadBytes])) {
      return std::nullopt;
    }
    // Also what ends a list that goes in a circle: only one can have this one before it.
    if (FieldOf<uint64_t>(thread, view_[kThreadInterpreter]) != view_.interpreter ||
        FieldOf<uint64_t>(thread, view_[kThreadPrevious]) != previous) {
      return std::nullopt;
    }
    ThreadHead head;
    head.state = state;
    head.ident = FieldOf<uint64_t>(thread, view_[kThreadIdent]);
    if (view_.Has(kThreadNativeId)) {
      head.native_id = static_cast<uint32_t>(FieldOf<uint64_t>(thread, view_[kThreadNativeId]));
    }
    heads.push_back(head);
    previous = state;
    state = FieldOf<uint64_t>(thread, view_[kThreadNext]);
  }
  return heads;
}

std::optional<StackWalker::Anchor> StackWalker::AnchorOf(uint64_t state) const {
  Anchor anchor;
  if (view_.Has(kThreadFrame)) {
    if (!memory_.Get(state + view_[kThreadFrame], &anchor.frame)) return std::nullopt;
    return anchor;
  }
  if (!memory_.Get(state + view_[kThreadCFrame], &anchor.holder) || !CanBeAddress(anchor.holder) ||
      !memory_.Get(anchor.holder + view_[kCFrameFrame], &anchor.frame)) {
    return std::nullopt;
  }
  return anchor;
}

// False: this frame runs no Python code and is left out, as Python leaves it out of tracebacks.
// `*sound` false: it is no frame at all.
bool StackWalker::IsShown(const StructBuffer& frame, RawFrame* raw, bool* sound) const {
  const uint32_t owner = view_.Has(kFrameOwner) ? FieldOf<uint8_t>(frame, view_[kFrameOwner]) : 0U;
  if (view_.Has(kFrameForeignOwner) && owner >= view_[kFrameForeignOwner]) {
    *sound = owner <= view_[kFrameForeignOwner] + 1;
    return false;
  }
  raw->code = FieldOf<uint64_t>(frame, view_[kFrameCode]) & ~uint64_t{view_[kFrameCodeTagBits]};
  const CodeText* const code = CanBeAddress(raw->code) ? codes_.Get(raw->code) : nullptr;
  if (code == nullptr) {
    *sound = false;
    return false;
  }
  if (code->instructions == 0) {
    raw->instruction = FieldOf<uint32_t>(frame, view_[kFrameLastIndex]);
    return true;
  }
  raw->instruction = FieldOf<uint64_t>(frame, view_[kFrameInstruction]);
  // One unit in front: a frame that has just been made.
  const uint64_t place = raw->instruction + 2 - code->instructions;
  *sound = raw->instruction % 2 == 0 && place <= 2 * (uint64_t{code->units} + 1);
  return owner == view_[kFrameGenerator] || place >= 2 * (uint64_t{code->first_traceable} + 1);
}

RawStack StackWalker::Walk(const ThreadHead& thread) const {
  RawStack stack;
  const std::optional<Anchor> anchor = AnchorOf(thread.state);
  if (!anchor) return stack;
  stack.top = anchor->frame;
  std::vector<uint64_t> addresses;
  std::vector<StructBuffer> buffers;
  bool sound = true;
  uint64_t address = anchor->frame;
  while (address != 0 && addresses.size() < kMostHops && stack.frames.size() < kMaxStackFrames) {
    StructBuffer frame{};
    if (!CanBeAddress(address) || !memory_.Read(address, frame.data(), view_[kFrameBytes])) {
      return stack;
    }
    RawFrame raw{.address = address};
    if (IsShown(frame, &raw, &sound) && sound) stack.frames.push_back(raw);
    if (!sound) return stack;
    addresses.push_back(address);
    buffers.push_back(frame);
    address = FieldOf<uint64_t>(frame, view_[kFramePrevious]);
  }
  stack.cut = address != 0;
  stack.whole = Unchanged(thread.state, *anchor, addresses, buffers);
  return stack;
}

bool StackWalker::Unchanged(uint64_t state, const Anchor& anchor,
                            const std::vector<uint64_t>& addresses,
                            const std::vector<StructBuffer>& frames) const {
  // The kernel copies in this order: the anchor first and last, the frames in between.
  std::vector<StructBuffer> again(frames.size());
  Anchor before;
  Anchor after;
  std::vector<MemoryPiece> pieces;
  pieces.reserve(frames.size() + 4);
  const auto add_anchor = [&](Anchor* to) {
    if (view_.Has(kThreadFrame)) {
      pieces.push_back({state + view_[kThreadFrame], &to->frame, sizeof to->frame});
    } else {
      pieces.push_back({state + view_[kThreadCFrame], &to->holder, sizeof to->holder});
      pieces.push_back({anchor.holder + view_[kCFrameFrame], &to->frame, sizeof to->frame});
    }
  };
  add_anchor(&before);
  for (size_t i = 0; i < frames.size(); ++i) {
    pieces.push_back({addresses[i], again[i].data(), view_[kFrameBytes]});
  }
  add_anchor(&after);
  if (!memory_.Read(pieces)) return false;
  const auto is_anchor = [&](const Anchor& other) {
    return other.frame == anchor.frame && other.holder == anchor.holder;
  };
  if (!is_anchor(before) || !is_anchor(after)) return false;
  const StirbarInterpreterOffset place =
      view_.Has(kFrameInstruction) ? kFrameInstruction : kFrameLastIndex;
  for (size_t i = 0; i < frames.size(); ++i) {
    for (const auto field : {kFramePrevious, kFrameCode}) {
      if (FieldOf<uint64_t>(again[i], view_[field]) != FieldOf<uint64_t>(frames[i], view_[field])) {
        return false;
      }
    }
    if (FieldOf<uint32_t>(again[i], view_[place]) != FieldOf<uint32_t>(frames[i], view_[place])) {
      return false;
    }
  }
  return true;
}

}  // namespace stirbar
