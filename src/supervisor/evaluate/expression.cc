#include "supervisor/evaluate/expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "supervisor/evaluate/metrics.h"

namespace stirbar {
namespace {

constexpr size_t kDeepest = 24;  // values on the stack; more is no rule that anybody can read
constexpr size_t kLongest = 400;
constexpr size_t kMostWindows = 8;  // 3 kB each
constexpr Nanoseconds kShortestWindow = std::chrono::milliseconds(500);
constexpr Nanoseconds kLongestWindow = std::chrono::hours(1);

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

RuleFigures RuleFiguresOf(const MetricValues& metrics) {
  RuleFigures figures;
  figures.fill(kNotMeasured);
  std::copy(metrics.values().begin(), metrics.values().end(), figures.begin());
  return figures;
}

void SetWorker(const WorkerSample& worker, RuleFigures* figures) {
  const auto set = [&](WorkerFigure figure, double value) {
    (*figures)[kMetricCount + static_cast<size_t>(figure)] = value;
  };
  const ProcessSample& process = worker.process;
  const bool seen = process.pid != 0;
  set(WorkerFigure::kMemoryBytes, seen ? MemoryOf(process) : kNotMeasured);
  set(WorkerFigure::kCpuRatio, seen ? process.cpu_ratio : kNotMeasured);
  set(WorkerFigure::kThreads, seen ? process.threads : kNotMeasured);
  set(WorkerFigure::kFileDescriptors, process.file_descriptors.has_value()
                                          ? static_cast<double>(*process.file_descriptors)
                                          : kNotMeasured);
  set(WorkerFigure::kInFlight, worker.in_flight);
  set(WorkerFigure::kOldestRequestSeconds, worker.oldest_request_seconds);
  set(WorkerFigure::kLockWaitSeconds, worker.lock_wait_seconds);
  set(WorkerFigure::kHeartbeatAgeSeconds, worker.heartbeat_age_seconds);
  set(WorkerFigure::kAgeSeconds, worker.age_seconds);
  set(WorkerFigure::kRequests, static_cast<double>(worker.requests));
}

std::optional<FigureName> FindFigure(std::string_view name, RuleScope scope) {
  if (const MetricSpec* const spec = FindMetric(name)) {
    return FigureName{static_cast<uint16_t>(spec->id), spec->unit};
  }
  if (scope != RuleScope::kWorker) return std::nullopt;
  for (size_t i = 0; i < kWorkerFigures.size(); ++i) {
    if (kWorkerFigures[i].name != name) continue;
    return FigureName{static_cast<uint16_t>(kMetricCount + i), kWorkerFigures[i].unit};
  }
  return std::nullopt;
}

// ------------------------------------------------------------------------------------- windows

double TimeWindow::Add(uint64_t now_ns, double value, Kind kind) {
  if (begun_ns_ == 0) begun_ns_ = std::max<uint64_t>(now_ns, 1);
  const uint64_t number = now_ns / slice_ns_ + 1;
  if (std::isfinite(value)) {
    Slice& slice = slices_[number % slices_.size()];
    if (slice.number != number) {
      slice = {.number = number, .least = value, .most = value, .first = value, .first_ns = now_ns};
    }
    ++slice.count;
    slice.sum += value;
    slice.least = std::min(slice.least, value);
    slice.most = std::max(slice.most, value);
  }
  const uint64_t length = slice_ns_ * 60;
  // A slice's width less, so that figures that come once a minute are enough for a few minutes.
  if (now_ns < begun_ns_ + length - slice_ns_) return kNotMeasured;
  return Sum(number > 60 ? number - 60 : 0, kind, now_ns, value);
}

double TimeWindow::Sum(uint64_t oldest, Kind kind, uint64_t now_ns, double value) const {
  Slice all;
  for (const Slice& slice : slices_) {
    if (slice.number < std::max<uint64_t>(oldest, 1)) continue;
    if (all.count == 0) all.least = slice.least, all.most = slice.most;
    if (all.count == 0 || slice.first_ns < all.first_ns) {
      all.first = slice.first;
      all.first_ns = slice.first_ns;
    }
    all.count += slice.count;
    all.sum += slice.sum;
    all.least = std::min(all.least, slice.least);
    all.most = std::max(all.most, slice.most);
  }
  if (all.count == 0) return kNotMeasured;
  switch (kind) {
    case Kind::kAverage:
      return all.sum / all.count;
    case Kind::kLeast:
      return all.least;
    case Kind::kMost:
      return all.most;
    case Kind::kRate:
      if (now_ns <= all.first_ns) return kNotMeasured;
      return (value - all.first) / (static_cast<double>(now_ns - all.first_ns) * 1e-9);
  }
  return kNotMeasured;
}

// ------------------------------------------------------------------------------------- parsing

class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, RuleScope scope) : text_(text), scope_(scope) {}

  Result<Expression> Parse() {
    if (text_.size() > kLongest) {
      return Error{"an expression has at most " + std::to_string(kLongest) + " characters"};
    }
    Sum();
    Skip();
    if (error_.empty() && at_ < text_.size())
      Fail(std::string("'") + text_[at_] + "' is not expected");
    if (!error_.empty()) return Error{error_};
    out_.text_ = std::string(text_);
    if (units_ == 1) out_.unit_ = unit_;
    return std::move(out_);
  }

 private:
  using Code = Expression::Code;

  void Fail(const std::string& what) { FailAt(at_, what); }
  void FailAt(size_t place, const std::string& what) {
    if (error_.empty()) error_ = "column " + std::to_string(place + 1) + ": " + what;
  }
  void Skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool Take(char wanted) {
    Skip();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void Expect(char wanted) {
    if (Take(wanted) || !error_.empty()) return;
    Fail(std::string("'") + wanted + "' is missing" +
         (at_ < text_.size() ? std::string(" before '") + text_[at_] + "'" : " at the end"));
  }

  void Push(Expression::Step step) {
    out_.steps_.push_back(step);
    if (++depth_ > kDeepest) Fail("this is nested too deeply");
  }
  void Join(Code code) {
    out_.steps_.push_back({.code = code});
    --depth_;
  }

  // A number that is reckoned with keeps the unit of a figure only where it is alone.
  void Sum() {
    Product();
    while (error_.empty()) {
      if (Take('+')) {
        Product(), Join(Code::kAdd);
      } else if (Take('-')) {
        Product(), Join(Code::kSubtract);
      } else {
        return;
      }
    }
  }

  void Product() {
    Factor();
    while (error_.empty()) {
      if (Take('*')) {
        Factor(), Join(Code::kMultiply), units_ = 2;
      } else if (Take('/')) {
        Factor(), Join(Code::kDivide), units_ = 2;
      } else {
        return;
      }
    }
  }

  void Factor() {
    if (!error_.empty()) return;
    if (++nested_ > 2 * static_cast<int>(kDeepest)) return Fail("this is nested too deeply");
    if (Take('-')) {
      Factor();
      out_.steps_.push_back({.code = Code::kNegate});
    } else if (Take('(')) {
      Sum();
      Expect(')');
    } else if (at_ >= text_.size()) {
      Fail("a figure, a number or '(' is missing at the end");
    } else if (IsDigit(text_[at_]) || text_[at_] == '.') {
      Number();
    } else if (IsLetter(text_[at_])) {
      Word();
    } else {
      Fail(std::string("'") + text_[at_] + "' is not expected; a figure, a number or '(' is");
    }
    --nested_;
  }

  void Number() {
    double number = 0;
    const char* const begin = text_.data() + at_;
    const auto read = std::from_chars(begin, text_.data() + text_.size(), number);
    if (read.ec != std::errc() || !std::isfinite(number)) return Fail("this is no number");
    at_ += static_cast<size_t>(read.ptr - begin);
    if (at_ < text_.size() && IsLetter(text_[at_])) {
      return Fail("a number is followed by an operator; times are only allowed in ..._over()");
    }
    Push({.code = Code::kNumber, .number = number});
  }

  void Word() {
    const size_t begin = at_;
    while (at_ < text_.size() && (IsLetter(text_[at_]) || IsDigit(text_[at_]))) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (Take('(')) return Call(name, begin);
    const std::optional<FigureName> figure = FindFigure(name, scope_);
    if (!figure.has_value()) return FailAt(begin, UnknownFigure(name));
    if (figure->index >= kMetricCount) out_.of_worker_ = true;
    if (units_ == 0) {
      units_ = 1;
      unit_ = figure->unit;
    } else if (unit_ != figure->unit) {
      units_ = 2;
    }
    Push({.code = Code::kFigure, .index = figure->index});
  }

  std::string UnknownFigure(std::string_view name) const {
    std::string text = "'" + std::string(name) + "' is no figure";
    if (FindFigure(name, RuleScope::kWorker).has_value()) {
      return text + " of the whole app; it needs scope = \"worker\"";
    }
    // What begins alike is likely meant.
    std::string near;
    const std::string_view stem = name.substr(0, std::min<size_t>(name.size(), 4));
    for (const MetricSpec& spec : kMetricSpecs) {
      if (stem.empty() || !spec.name.starts_with(stem)) continue;
      near += (near.empty() ? "" : ", ") + std::string(spec.name);
    }
    return text + (near.empty() ? "; docs/rules.md lists them" : "; there are " + near);
  }

  void Call(std::string_view name, size_t begin) {
    if (name == "abs") {
      Sum();
      Expect(')');
      out_.steps_.push_back({.code = Code::kAbs});
    } else if (name == "min" || name == "max") {
      Sum();
      size_t operands = 1;
      while (error_.empty() && Take(',')) {
        Sum();
        Join(name == "min" ? Code::kMin : Code::kMax);
        ++operands;
      }
      Expect(')');
      if (error_.empty() && operands < 2) FailAt(begin, std::string(name) + " takes two and more");
    } else if (name == "avg_over") {
      Over(TimeWindow::Kind::kAverage);
    } else if (name == "min_over") {
      Over(TimeWindow::Kind::kLeast);
    } else if (name == "max_over") {
      Over(TimeWindow::Kind::kMost);
    } else if (name == "rate_over") {
      Over(TimeWindow::Kind::kRate);
      units_ = 2;
    } else {
      FailAt(begin, "'" + std::string(name) +
                        "' is no function; there are min, max, abs, avg_over, min_over, max_over, "
                        "rate_over");
    }
  }

  void Over(TimeWindow::Kind kind) {
    Sum();
    Expect(',');
    if (!error_.empty()) return;
    Skip();
    const bool quoted = Take('"');
    const size_t begin = at_;
    while (at_ < text_.size() &&
           (IsDigit(text_[at_]) || IsLetter(text_[at_]) || text_[at_] == '.')) {
      ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (quoted) Expect('"');
    const std::optional<Nanoseconds> length = ParseDuration(word);
    if (!length.has_value() || *length < kShortestWindow || *length > kLongestWindow) {
      return FailAt(
          begin, "'" + std::string(word) + "' is not allowed; it takes 500ms to 1h, as 30s or 5m");
    }
    Expect(')');
    if (out_.windows_.size() >= kMostWindows) {
      return FailAt(begin,
                    "an expression has at most " + std::to_string(kMostWindows) + " ..._over()");
    }
    out_.steps_.push_back(
        {.code = Code::kOver, .index = static_cast<uint16_t>(out_.windows_.size()), .kind = kind});
    out_.windows_.push_back(*length);
  }

  const std::string_view text_;
  const RuleScope scope_;
  Expression out_;
  std::string error_;
  size_t at_ = 0;
  size_t depth_ = 0;
  int nested_ = 0;
  int units_ = 0;  // 0: none seen, 1: `unit_` alone, 2: mixed
  MetricUnit unit_ = MetricUnit::kCount;
};

Result<Expression> Expression::Parse(std::string_view text, RuleScope scope) {
  return ExpressionParser(text, scope).Parse();
}

ExpressionMemory Expression::NewMemory() const {
  ExpressionMemory memory;
  for (const Nanoseconds length : windows_) memory.emplace_back(length);
  return memory;
}

double Expression::Value(const RuleFigures& figures, uint64_t now_ns,
                         ExpressionMemory* memory) const {
  std::array<double, kDeepest + 1> stack{};
  size_t top = 0;  // one past the newest
  for (const Step& step : steps_) {
    switch (step.code) {
      case Code::kNumber:
        stack[top++] = step.number;
        continue;
      case Code::kFigure:
        stack[top++] = figures[step.index];
        continue;
      case Code::kNegate:
        stack[top - 1] = -stack[top - 1];
        continue;
      case Code::kAbs:
        stack[top - 1] = std::fabs(stack[top - 1]);
        continue;
      case Code::kOver:
        stack[top - 1] = (*memory)[step.index].Add(now_ns, stack[top - 1], step.kind);
        continue;
      default:
        break;
    }
    const double right = stack[--top];
    double& left = stack[top - 1];
    switch (step.code) {
      case Code::kAdd:
        left += right;
        break;
      case Code::kSubtract:
        left -= right;
        break;
      case Code::kMultiply:
        left *= right;
        break;
      case Code::kDivide:
        left = right == 0 ? kNotMeasured : left / right;
        break;
      case Code::kMin:
        left = std::isnan(left) || std::isnan(right) ? kNotMeasured : std::min(left, right);
        break;
      case Code::kMax:
        left = std::isnan(left) || std::isnan(right) ? kNotMeasured : std::max(left, right);
        break;
      default:
        break;
    }
  }
  return std::isfinite(stack[0]) ? stack[0] : kNotMeasured;
}

}  // namespace stirbar
