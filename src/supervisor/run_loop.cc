#include "supervisor/run_loop.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "segment/events.h"
#include "segment/identity.h"
#include "segment/mapping.h"
#include "supervisor/action_log.h"
#include "supervisor/audit_log.h"
#include "supervisor/collect/cache_collector.h"
#include "supervisor/collect/cgroup_collector.h"
#include "supervisor/collect/connection_collector.h"
#include "supervisor/collect/connection_reader.h"
#include "supervisor/collect/database_collector.h"
#include "supervisor/collect/host_collector.h"
#include "supervisor/collect/leak_collector.h"
#include "supervisor/collect/listener_collector.h"
#include "supervisor/collect/machine_collector.h"
#include "supervisor/collect/mysql_client.h"
#include "supervisor/collect/pool_collector.h"
#include "supervisor/collect/pressure_collector.h"
#include "supervisor/collect/process_collector.h"
#include "supervisor/collect/segment_collector.h"
#include "supervisor/collect/slow_query_collector.h"
#include "supervisor/collect/slow_request_collector.h"
#include "supervisor/collect/stack_reader.h"
#include "supervisor/collect/traffic_collector.h"
#include "supervisor/evaluate/default_evaluator.h"
#include "supervisor/health_groups_file.h"
#include "supervisor/listen_address.h"
#include "supervisor/log.h"
#include "supervisor/mitigate/cleanup_mitigator.h"
#include "supervisor/mitigate/directive_desk.h"
#include "supervisor/mitigate/emergency_mitigator.h"
#include "supervisor/mitigate/operator_actions.h"
#include "supervisor/mitigate/overload_mitigator.h"
#include "supervisor/mitigate/stuck_mitigator.h"
#include "supervisor/mitigate/worker_recycler.h"
#include "supervisor/mitigate/worker_replacement.h"
#include "supervisor/outlets.h"
#include "supervisor/publish/access_token.h"
#include "supervisor/publish/actions_endpoint.h"
#include "supervisor/publish/alert_desk.h"
#include "supervisor/publish/alerts_endpoint.h"
#include "supervisor/publish/evaluation_endpoints.h"
#include "supervisor/publish/event_publisher.h"
#include "supervisor/publish/history_endpoint.h"
#include "supervisor/publish/history_store.h"
#include "supervisor/publish/http_server.h"
#include "supervisor/publish/latency_grid.h"
#include "supervisor/publish/segment_publisher.h"
#include "supervisor/publish/slow_request_log.h"
#include "supervisor/rule_file.h"
#include "supervisor/segment_claim.h"
#include "supervisor/setting_desk.h"
#include "supervisor/settings_api.h"
#include "supervisor/state_folder.h"

namespace stirbar {
namespace {

// Four looks at the segment a second let a hang of 0.5 s show within 1 s; the kernel is asked every
// fourth time.
constexpr std::chrono::milliseconds kTick{250};
constexpr int kTicksPerFull = 4;
constexpr uint64_t kIdleNs = 60'000'000'000;    // without a worker: a restart takes less
constexpr uint64_t kOrphanNs = 10'000'000'000;  // without launcher and worker
constexpr int kSegmentWentBad = 75;             // EX_TEMPFAIL

std::vector<uint64_t> InodeOf(int file) {
  struct stat info {};
  if (file < 0 || fstat(file, &info) != 0) return {};
  return {static_cast<uint64_t>(info.st_ino)};
}

// Stacks for the pages, which know the snapshot of the last full tick: the loop has newer requests.
class CurrentStacks : public StackSource {
 public:
  CurrentStacks(StackSource& source, const Sample& current) : source_(source), current_(current) {}

  std::vector<WorkerStacks> Read(const Sample&, std::optional<uint32_t> pid) override {
    return source_.Read(current_, pid);
  }

 private:
  StackSource& source_;
  const Sample& current_;
};

// The same of connections.
class CurrentConnections : public ConnectionSource {
 public:
  CurrentConnections(ConnectionSource& source, const Sample& current)
      : source_(source), current_(current) {}

  std::vector<ConnectionSample> ReadConnections(const Sample&) override {
    return source_.ReadConnections(current_);
  }

 private:
  ConnectionSource& source_;
  const Sample& current_;
};

class Supervisor {
 public:
  Supervisor(const SupervisorOptions& options, std::unique_ptr<SegmentMapping> mapping)
      : options_(options),
        mapping_(std::move(mapping)),
        segment_(mapping_->segment()),
        text_(std::make_shared<SnapshotText>()),
        segment_publisher_(segment_, [this](const auto& snapshot) { return text_->Get(snapshot); }),
        event_publisher_(segment_, Log),
        slow_request_log_(segment_, Log),
        history_(HistoryOptionsOf(options, segment_), Log),
        exports_(ExportsOf(options, segment_)),
        alert_desk_(AlertDeskOptionsOf(options, segment_, &history_)),
        evaluator_(NewEvaluator(options)) {
    collectors_.push_back(std::make_unique<SegmentCollector>(segment_));
    collectors_.push_back(std::make_unique<ProcessCollector>(options.server_pid));
    collectors_.push_back(std::make_unique<SlowRequestCollector>(segment_, stack_reader_));
    collectors_.push_back(std::make_unique<MachineCollector>("/"));
    collectors_.push_back(std::make_unique<CgroupCollector>(options.server_pid));
    collectors_.push_back(std::make_unique<PressureCollector>(options.server_pid));
    collectors_.push_back(std::make_unique<ListenerCollector>(InodeOf(options.listen_fd)));
    collectors_.push_back(std::make_unique<HostCollector>(segment_));
    collectors_.push_back(std::make_unique<PoolCollector>(segment_));
    collectors_.push_back(std::make_unique<ConnectionCollector>(segment_));
    collectors_.push_back(std::make_unique<LeakCollector>(segment_));
    collectors_.push_back(std::make_unique<SlowQueryCollector>(segment_));
    collectors_.push_back(std::make_unique<TrafficCollector>(segment_));
    collectors_.push_back(std::make_unique<DatabaseCollector>(options.databases, ConnectMySql));
    collectors_.push_back(std::make_unique<CacheCollector>(segment_));
    mitigators_ = {&overload_mitigator_, &replacement_,       &stuck_mitigator_,
                   &recycler_,           &cleanup_mitigator_, &emergency_mitigator_};
    publishers_ = {&slow_request_log_, &event_publisher_, &segment_publisher_, &latency_grid_,
                   &history_,          &exports_,         &alert_desk_};
  }

  int Run() {
    if (options_.listen_fd >= 0 && !OpenPages()) return 1;
    Announce();
    // SIGHUP does not end it: a terminal that closes must not blind a daemon's supervisor.
    std::signal(SIGHUP, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of that file
    signals_.async_wait([this](auto error, int) {
      if (!error) io_.stop();
    });
    next_turn_ = std::chrono::steady_clock::now();
    Turn();
    io_.run();
    // The pages go first: a new supervisor may already wait for the port.
    server_.reset();
    overload_mitigator_.Withdraw();
    segment_.supervisor.heartbeat_ns.store(0, std::memory_order_relaxed);
    return status_;
  }

  bool EndedIdle() const { return ended_idle_; }

 private:
  // The commands have refused a file that is wrong.
  std::unique_ptr<Evaluator> NewEvaluator(const SupervisorOptions& options) {
    EvaluatorOptions made;
    if (Result<std::vector<Rule>> rules = RulesOf(options.config)) made.rules = std::move(*rules);
    if (auto groups = HealthGroupsOf(options.config)) made.groups = std::move(*groups);
    made.past = segment_publisher_.Recent(kHistoryLength);
    return MakeEvaluator(std::move(made));
  }

  bool OpenPages() {
    HttpServerOptions http;
    http.listen_fd = options_.listen_fd;
    http.host = options_.host;
    http.assets = WebAssets();
    http.snapshot_text = text_;
    http.latency = &latency_grid_;
    http.stacks = &current_stacks_;
    http.connections = &current_connections_;
    http.records = &audit_;
    http.endpoints = HistoryEndpoints(history_, exports_);
    http.endpoints.push_back(SettingsEndpoint(settings_));
    for (ApiEndpoint& endpoint : AlertEndpoints(alert_desk_)) {
      http.endpoints.push_back(std::move(endpoint));
    }
    http.endpoints.push_back(MakeActionsEndpoint(operator_actions_));
    const auto groups = HealthGroupsOf(options_.config);
    AddEvaluationEndpoints(groups ? *groups : std::vector<HealthGroup>(), &http.endpoints);
    if (!TakeTokens(&http)) return false;
    const Result<std::string> url = UrlOf(options_.listen_fd);
    url_ = url ? *url : "";
    server_ = MakeHttpServer(io_, std::move(http), segment_publisher_);
    publishers_.push_back(server_.get());
    return true;
  }

  // On loopback everybody reads, and only changes need a token: without one the pages still open.
  bool TakeTokens(HttpServerOptions* http) {
    http->require_token = !options_.loopback;
    const Result<std::string> token = LoadOrCreateToken(TokenPath());
    const Result<std::string> reader = LoadOrCreateToken(ReaderTokenPath());
    if (token) http->token = *token;
    if (reader) http->reader_token = *reader;
    if (token && reader) {
      Log(Severity::kInfo, std::string(options_.loopback ? "changes on the pages" : "the pages") +
                               " ask for the token in " + TokenPath());
      return true;
    }
    const std::string reason = token ? reader.error() : token.error();
    Log(options_.loopback ? Severity::kWarning : Severity::kCritical,
        "no access token" + std::string(options_.loopback ? ", so nothing can be changed" : "") +
            ": " + reason);
    return options_.loopback;
  }

  // Takes the supervisor's part of the segment over from whoever had it.
  void Announce() {
    settings_.Begin(options_.file_settings, options_.settings, WallNs());
    SupervisorBlock& block = segment_.supervisor;
    std::snprintf(block.url, sizeof block.url, "%s", url_.c_str());
    const uint64_t now = MonotonicNs();
    block.started_ns.store(now, std::memory_order_relaxed);
    block.heartbeat_ns.store(now, std::memory_order_relaxed);
    const uint64_t generation = block.generation.load(std::memory_order_relaxed) + 1;
    block.generation.store(generation, std::memory_order_relaxed);
    const Result<ProcessIdentity> self = IdentityOf();
    block.owner.store(self ? *self : MakeIdentity(static_cast<uint32_t>(getpid()), 0),
                      std::memory_order_release);
    sample_.app_name = AppNameOf(segment_);
    sample_.app_command = options_.app_command;
    sample_.url = url_;
    sample_.app_started_wall_ns = segment_.header.created_wall_ns;
    sample_.supervisor_generation = generation;
    sample_.server_pid = options_.server_pid;
    if (options_.server_pid) {
      const Result<ProcessIdentity> server = IdentityOf(*options_.server_pid);
      server_identity_ = server ? *server : 0;
    }
    const std::string text = "supervisor " + std::to_string(generation) + " (pid " +
                             std::to_string(getpid()) + ") watches " + sample_.app_name;
    AppendEvent(segment_,
                {.kind = EventKind::kSupervisorStarted, .pid = static_cast<uint32_t>(getpid())},
                text);
    Log(Severity::kInfo, url_.empty() ? text : text + ": " + url_);
  }

  void Turn() {
    const std::string defect = mapping_->Defect();
    if (!defect.empty()) {
      Log(Severity::kCritical, "the segment went bad: " + defect + "; starting over");
      status_ = kSegmentWentBad;
      io_.stop();
      return;
    }
    const Tick tick{MonotonicNs(), WallNs(), turns_++ % kTicksPerFull == 0};
    segment_.supervisor.heartbeat_ns.store(tick.now_ns, std::memory_order_relaxed);
    settings_.Turn(tick.wall_ns);
    Collect(tick);
    const Evaluation evaluation = evaluator_->Evaluate(sample_);
    for (Mitigator* const mitigator : mitigators_) mitigator->Act(sample_, evaluation);
    if (NoteConditions(evaluation) || tick.full) Publish(evaluation);
    if (IsOver(tick)) {
      io_.stop();
      return;
    }
    next_turn_ += kTick;
    // After a pause of the whole machine there is no use in catching up.
    next_turn_ = std::max(next_turn_, std::chrono::steady_clock::now());
    timer_.expires_at(next_turn_);
    timer_.async_wait([this](auto error) {
      if (!error) Turn();
    });
  }

  void Publish(const Evaluation& evaluation) {
    const auto snapshot = std::make_shared<Snapshot>(Snapshot{sample_, evaluation});
    for (Publisher* const publisher : publishers_) publisher->Publish(snapshot);
  }

  void Collect(const Tick& tick) {
    sample_.tick = tick;
    if (tick.full) {
      sample_.unavailable.clear();
      sample_.server_alive = server_identity_ == 0 || IsRunning(server_identity_);
    }
    for (const auto& collector : collectors_) collector->Collect(tick, &sample_);
    sample_.actions = actions_.Newest();
    sample_.history = history_.State();
    sample_.history.exports = exports_.State();
    if (tick.full) sample_.alerting = alert_desk_.Sample(tick.wall_ns);
    sample_.action_counts = actions_.Counts();
    sample_.emergency = emergency_mitigator_.state();
  }

  // Whether a worker's condition, the app's status or an order of overload control is another than
  // at the turn before.
  bool NoteConditions(const Evaluation& evaluation) {
    const Assessment& assessment = evaluation.assessment;
    std::string conditions(Name(assessment.status));
    conditions += ' ' + std::to_string(evaluation.load.shed_level) + '/' +
                  std::to_string(evaluation.load.backlog);
    for (const WorkerVerdict& worker : assessment.workers) {
      // Idle and busy alternate all the time, and are no news.
      const bool quiet =
          worker.condition == WorkerCondition::kIdle || worker.condition == WorkerCondition::kBusy;
      conditions += ' ' + std::to_string(worker.pid) + ':';
      conditions += quiet ? "serving" : Name(worker.condition);
    }
    const bool changed = conditions != conditions_;
    conditions_ = std::move(conditions);
    return changed;
  }

  bool IsOver(const Tick& tick) {
    if (options_.lifetime == Lifetime::kUntilSignal) return false;
    const bool orphan = options_.lifetime == Lifetime::kWithServer && getppid() != parent_;
    const bool bounded = orphan || options_.lifetime == Lifetime::kWhileWorkersLive;
    if (!sample_.workers.empty() || !bounded) {
      idle_since_ns_ = 0;
      return false;
    }
    if (idle_since_ns_ == 0) idle_since_ns_ = tick.now_ns;
    ended_idle_ = tick.now_ns - idle_since_ns_ >= (orphan ? kOrphanNs : kIdleNs);
    return ended_idle_;
  }

  const SupervisorOptions& options_;
  const std::unique_ptr<SegmentMapping> mapping_;
  Segment& segment_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_, SIGTERM, SIGINT};
  boost::asio::steady_timer timer_{io_};
  const std::shared_ptr<SnapshotText> text_;
  SegmentPublisher segment_publisher_;
  EventPublisher event_publisher_;
  SlowRequestLog slow_request_log_;
  LatencyGrid latency_grid_;
  HistoryStore history_;
  HistoryExports exports_;  // goes before the history that it reads
  AuditLog audit_{history_, Log, MonotonicNs};
  ActionLog actions_{history_};
  SettingDesk settings_{segment_, SettingStore(SettingStorePath(options_.state_name)), history_,
                        Log};
  AlertDesk alert_desk_;
  DirectiveDesk desk_{segment_};
  OverloadMitigator overload_mitigator_{segment_, actions_};
  WorkerReplacement replacement_{segment_};
  StuckMitigator stuck_mitigator_{{segment_, desk_, replacement_, actions_}};
  WorkerRecycler recycler_{{segment_, replacement_, actions_}};
  CleanupMitigator cleanup_mitigator_{{segment_, desk_, actions_}};
  EmergencyMitigator emergency_mitigator_{{segment_, cleanup_mitigator_, recycler_}};
  OperatorActions operator_actions_{cleanup_mitigator_, recycler_};
  std::unique_ptr<Evaluator> evaluator_;
  Sample sample_;
  StackReader stack_reader_{segment_};
  CurrentStacks current_stacks_{stack_reader_, sample_};
  ConnectionReader connection_reader_{segment_};
  CurrentConnections current_connections_{connection_reader_, sample_};
  std::unique_ptr<HttpServer> server_;
  std::vector<std::unique_ptr<Collector>> collectors_;
  std::vector<Mitigator*> mitigators_;
  std::vector<Publisher*> publishers_;
  std::string url_;
  std::string conditions_;
  ProcessIdentity server_identity_ = 0;
  const pid_t parent_ = getppid();
  std::chrono::steady_clock::time_point next_turn_;
  uint64_t turns_ = 0;
  uint64_t idle_since_ns_ = 0;
  bool ended_idle_ = false;
  int status_ = 0;
};

}  // namespace

int RunSupervisor(const SupervisorOptions& options) {
  prctl(PR_SET_NAME, "stirbar-super");
  const std::string lock_path = options.segment_path + ".lock";
  const Result<int> lock = TakeLock(lock_path);
  if (!lock) {
    Log(Severity::kCritical, lock.error());
    return 1;
  }
  if (*lock < 0) {
    if (options.lifetime != Lifetime::kWhileWorkersLive) {
      Log(Severity::kWarning, "another supervisor already watches " + options.segment_path);
    }
    return 0;
  }
  auto mapping = TakeSegment(options.segment_path, options.app_name);
  if (!mapping) {
    Log(Severity::kCritical, mapping.error());
    return 1;
  }
  Supervisor supervisor(options, std::move(*mapping));
  const int status = supervisor.Run();
  if (supervisor.EndedIdle()) {
    unlink(options.segment_path.c_str());
    unlink(lock_path.c_str());
  }
  return status;
}

}  // namespace stirbar
