#include "supervisor/publish/otlp_export.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "supervisor/publish/export_thread.h"
#include "supervisor/publish/otlp_json.h"
#include "supervisor/publish/outbox_queue.h"

namespace stirbar {
namespace {

using std::chrono::milliseconds;

// The thread's side and the loop's, which share what is behind the mutex.
class OtlpSender : public ExportWork {
 public:
  OtlpSender(ExportOptions options, ExportOrigin origin, OtlpPost post)
      : options_(std::move(options)), origin_(std::move(origin)), post_(std::move(post)) {
    sample_.name = options_.name;
    sample_.kind = std::string(Name(options_.kind));
    sample_.target = TargetOf(options_);
  }

  void Add(OtlpPoint point) {
    const std::lock_guard lock(mutex_);
    point.number = ++newest_;
    queue_.push_back(point);
    sample_.waiting += DataPoints(point);
    while (queue_.size() > kOtlpPointsQueued) sample_.dropped += TakeFirst();
    changed_.notify_all();
  }

  ExportSample State() const {
    const uint64_t now = WallNs();
    const std::lock_guard lock(mutex_);
    ExportSample sample = sample_;
    if (!queue_.empty()) sample.behind_seconds = Seconds(AgeOf(queue_.front().wall_ns, now));
    return sample;
  }

  milliseconds interval() const { return options_.interval; }

  void Run() override {
    std::minstd_rand random{std::random_device{}()};
    std::uniform_real_distribution<double> chance(0, 1);
    uint32_t failures = 0;  // in a row
    std::unique_lock lock(mutex_);
    while (!stop_) {
      changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (stop_) return;
      const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kOtlpPointsSent));
      const std::vector<OtlpPoint> batch(queue_.begin(), queue_.begin() + count);
      lock.unlock();
      HttpPostRequest request{options_.url, OtlpBody(origin_, batch), options_.headers,
                              options_.timeout};
      const HttpPostAnswer answer = post_(request, stop_);
      lock.lock();
      if (stop_) return;
      if (Settle(answer, batch.back().number)) {
        failures = 0;
        continue;
      }
      const milliseconds pause =
          OutboxPause(++failures, options_.longest_pause, chance(random), answer.retry_after);
      changed_.wait_for(lock, pause, [this] { return stop_.load(); });
    }
  }

 private:
  // What the answer means for the points up to number `last`; with the mutex held. False: it is
  // time for a pause.
  bool Settle(const HttpPostAnswer& answer, uint64_t last) {
    const bool taken = answer.error.empty() && answer.status >= 200 && answer.status < 300;
    if (!taken) {
      ++sample_.failures;
      if (sample_.failing_since_wall_ns == 0) sample_.failing_since_wall_ns = WallNs();
      sample_.error = answer.error.empty() ? AnswerText(answer.status, answer.body) : answer.error;
      const bool again = !answer.error.empty() || IsRetryable(answer.status);
      if (!again) sample_.refused += TakeOut(last);
      return false;
    }
    const OtlpPartialSuccess partial = PartialSuccessOf(answer.body);
    const uint64_t points = TakeOut(last);
    const uint64_t refused = std::min(points, partial.rejected);
    sample_.sent += points - refused;
    sample_.refused += refused;
    sample_.last_success_wall_ns = WallNs();
    sample_.failing_since_wall_ns = 0;
    sample_.error = refused > 0 ? "it has not taken " + std::to_string(refused) +
                                      " data points: " + partial.message
                                : partial.message;
    return true;
  }

  // The data points that went. Some may have gone before: there was no room for them any more.
  uint64_t TakeOut(uint64_t last) {
    uint64_t points = 0;
    while (!queue_.empty() && queue_.front().number <= last) points += TakeFirst();
    return points;
  }

  uint64_t TakeFirst() {
    const uint64_t points = DataPoints(queue_.front());
    queue_.pop_front();
    sample_.waiting -= points;
    return points;
  }

  const ExportOptions options_;
  const ExportOrigin origin_;
  const OtlpPost post_;
  std::deque<OtlpPoint> queue_;
  uint64_t newest_ = 0;
  ExportSample sample_;
};

class OtlpExport : public HistoryExport {
 public:
  explicit OtlpExport(std::shared_ptr<OtlpSender> sender)
      : sender_(std::move(sender)), thread_(sender_) {}

  void Offer(const Snapshot& snapshot) override {
    const uint64_t now_ns = snapshot.sample.tick.now_ns;
    if (next_ns_ != 0 && now_ns < next_ns_) return;
    const auto interval =
        static_cast<uint64_t>(std::chrono::nanoseconds(sender_->interval()).count());
    // Ticks are a second apart: half of one early is nearer than half of one late.
    next_ns_ = now_ns + interval - 500'000'000;
    sender_->Add(PointOf(snapshot));
  }

  ExportSample State() const override { return sender_->State(); }

 private:
  const std::shared_ptr<OtlpSender> sender_;
  const ExportThread thread_;
  uint64_t next_ns_ = 0;
};

}  // namespace

std::unique_ptr<HistoryExport> MakeOtlpExport(const ExportOptions& options,
                                              const ExportOrigin& origin, OtlpPost post) {
  return std::make_unique<OtlpExport>(
      std::make_shared<OtlpSender>(options, origin, std::move(post)));
}

}  // namespace stirbar
