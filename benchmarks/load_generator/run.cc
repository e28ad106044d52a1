#include "load_generator/run.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "load_generator/schedule.h"

namespace stirbar {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

class Generator {
 public:
  Generator(const Target& target, const Plan& plan, const RunOptions& options)
      : client_(target, options.client), plan_(plan), options_(options) {}

  asio::awaitable<void> SendAll(asio::io_context& context) {
    Schedule schedule(plan_);
    asio::steady_timer timer(context);
    start_ = Clock::now();
    while (const std::optional<Arrival> arrival = schedule.Next()) {
      if (start_ + arrival->at > Clock::now()) {
        timer.expires_at(start_ + arrival->at);
        co_await timer.async_wait(asio::use_awaitable);
      }
      asio::co_spawn(context, Send(*arrival), asio::detached);
    }
  }

  RunResult TakeResult() { return std::move(result_); }

 private:
  asio::awaitable<void> Send(Arrival arrival) {
    const Clock::time_point due = start_ + arrival.at;
    Record record;
    record.due = arrival.at;
    record.lag = Clock::now() - due;
    record.phase = static_cast<uint32_t>(arrival.phase);
    record.route = static_cast<uint32_t>(arrival.route);
    const Answer answer =
        co_await client_.Get(plan_.routes[arrival.route].path, due + options_.patience);
    record.latency = Clock::now() - due;
    record.outcome = Judge(answer, record.latency, options_.deadline);
    if (record.outcome == Outcome::kFailed) {
      ++result_
            .complaints[answer.stage == Stage::kAnswered ? "status " + std::to_string(answer.status)
                                                         : answer.fault.message()];
    }
    result_.records.push_back(record);
  }

  Client client_;
  const Plan& plan_;
  const RunOptions& options_;
  Clock::time_point start_;
  RunResult result_;
};

}  // namespace

Outcome Judge(const Answer& answer, std::chrono::nanoseconds latency,
              std::chrono::nanoseconds deadline) {
  const bool lost_patience = answer.fault == boost::beast::error::timeout;
  switch (answer.stage) {
    case Stage::kConnecting:
      if (lost_patience || answer.fault == asio::error::connection_refused) {
        return Outcome::kNotConnected;
      }
      return answer.fault == asio::error::connection_reset ? Outcome::kReset : Outcome::kFailed;
    case Stage::kWaiting:
      if (lost_patience) return Outcome::kGaveUp;
      return answer.fault == asio::error::connection_reset ? Outcome::kReset : Outcome::kFailed;
    case Stage::kAnswered:
      if (answer.status == 503) return Outcome::kRefused;
      if (answer.status != 200) return Outcome::kFailed;
      return latency <= deadline ? Outcome::kInTime : Outcome::kLate;
  }
  return Outcome::kFailed;
}

RunResult Run(const Target& target, const Plan& plan, const RunOptions& options) {
  asio::io_context context(1);
  Generator generator(target, plan, options);
  asio::co_spawn(context, generator.SendAll(context), asio::detached);
  context.run();
  return generator.TakeResult();
}

}  // namespace stirbar
