// Writes the fuzzer's bytes over a good segment and runs everything that reads one: the check of
// the header, the supervisor's stages from collecting to text, the pages inside the app, the
// probe's own look-ups. Nothing may crash, read outside the segment, or take long; and what comes
// out must be well-formed JSON and Prometheus text whatever went in.
//
// The input is a list of steps; each is a byte (its kind is the byte modulo 16) and what it needs:
//   0..10  region kind, index u16, offset u16, length u8, bytes    written there; an index of 32768
//          and more means the regions from the eleventh on
//   11     region u8, index u16, value u8                          the element filled
//   12     region u8, index u16, seed u8                           filled with noise
//   13     worker slot u8, owner u8                                claimed by a process
//   14     flags u8                                                one tick: time goes on
//   15     file bytes u16 (of 64 KiB), offset u16, length u8, bytes   a file to be opened
// After the last step come a full tick and one that is not.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>

#include "fuzz/fuzz_input.h"
#include "segment/config.h"
#include "segment/counters.h"
#include "segment/events.h"
#include "segment/identity.h"
#include "segment/mapping.h"
#include "segment/names.h"
#include "segment/pools.h"
#include "segment/published.h"
#include "segment/routes.h"
#include "segment/worker_slot.h"
#include "supervisor/action_log.h"
#include "supervisor/collect/cache_collector.h"
#include "supervisor/collect/connection_collector.h"
#include "supervisor/collect/connection_reader.h"
#include "supervisor/collect/host_collector.h"
#include "supervisor/collect/leak_collector.h"
#include "supervisor/collect/pool_collector.h"
#include "supervisor/collect/segment_collector.h"
#include "supervisor/collect/slow_query_collector.h"
#include "supervisor/collect/traffic_collector.h"
#include "supervisor/evaluate/default_evaluator.h"
#include "supervisor/mitigate/cleanup_mitigator.h"
#include "supervisor/mitigate/overload_mitigator.h"
#include "supervisor/publish/connections_json.h"
#include "supervisor/publish/event_publisher.h"
#include "supervisor/publish/health_json.h"
#include "supervisor/publish/history_json.h"
#include "supervisor/publish/prometheus_text.h"
#include "supervisor/publish/segment_publisher.h"
#include "supervisor/publish/snapshot_text.h"
#include "supervisor/publish/utf8.h"

namespace stirbar {
namespace {

constexpr uint64_t kStartNs = 1'000'000'000'000;  // fixed, so that an input does the same again
constexpr uint64_t kStartWallNs = 1'795'450'800'123'000'000;
constexpr ProcessIdentity kDead = MakeIdentity(0x7FFF'FFF0, 4711);  // above every pid_max
constexpr size_t kMostTicks = 6;
constexpr size_t kMostFilled = 32 * 1024;  // of an element; the large ones repeat after their head

// --- the segment under test --------------------------------------------------------------------

// A private mapping of a good segment's file: giving the changed pages back makes it good again.
class TestSegment {
 public:
  explicit TestSegment(ProcessIdentity self) : folder_("/dev/shm/stirbar-fuzz-XXXXXX") {
    Require(mkdtemp(folder_.data()) != nullptr, "a folder for the segment can be made");
    const std::string path = folder_ + "/segment";
    const auto mapping = SegmentMapping::CreateOrOpen(path, "fuzzed");
    Require(mapping.ok(), "a segment can be made");
    Furnish((*mapping)->segment(), self);
    // A page that nobody may touch on either side.
    auto* const area = static_cast<char*>(mmap(nullptr, sizeof(Segment) + 2 * kGuardBytes,
                                               PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "r"), std::fclose);
    void* const pages = mmap(area + kGuardBytes, sizeof(Segment), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fileno(file.get()), 0);
    Require(pages == area + kGuardBytes, "the segment can be mapped");
    segment_ = static_cast<Segment*>(pages);
    unlink(path.c_str());
  }
  TestSegment(const TestSegment&) = delete;
  TestSegment& operator=(const TestSegment&) = delete;
  ~TestSegment() { rmdir(folder_.c_str()); }

  Segment& get() { return *segment_; }
  const std::string& folder() const { return folder_; }
  void Reset() { madvise(segment_, sizeof(Segment), MADV_DONTNEED); }

 private:
  static constexpr size_t kGuardBytes = 4096;

  // One worker that lives (this process) and one that died between two instructions of a commit,
  // both with requests in flight; figures of buried ones; events, history, a snapshot.
  static void Furnish(Segment& segment, ProcessIdentity self) {
    const uint32_t item = InternRoute(segment, HttpMethod::kGet, "/item/<int:id>");
    const uint32_t cart = InternRoute(segment, HttpMethod::kPost, "/cart");
    for (const ProcessIdentity owner : {kDead, self, kDead}) {
      const uint32_t index = ClaimWorkerSlot(segment, owner).value_or(0);
      WorkerSlot& slot = segment.workers[index];
      slot.state = static_cast<uint32_t>(WorkerState::kServing);
      slot.server_kind = static_cast<uint32_t>(ServerKind::kGunicorn);
      slot.python_version = 0x030B07F0;
      slot.started_ns = kStartNs - 90'000'000'000;
      slot.heartbeat_ns = kStartNs - 100'000'000;
      slot.lock_wait_since_ns = kStartNs - 300'000'000;
      for (uint64_t n = 1; n < 40; ++n) {
        Commit(slot, {.route = n % 3 == 0 ? cart : item,
                      .status_class = n % 10 == 0 ? 4U : 1U,
                      .duration_ns = n * 5'000'000});
      }
      for (uint32_t n = 0; n < 3; ++n) {
        InFlight& request = slot.in_flight[n];
        request.started_ns = kStartNs - (n + 1) * 3'000'000'000;
        request.phase_since_ns = kStartNs - 1'000'000'000;
        request.route = n == 0 ? kRouteUnknown : item;
        request.phase = n;
        request.thread = 4711;
        request.method = static_cast<uint32_t>(HttpMethod::kGet);
      }
      if (index == 0) BuryWorker(segment, index, kStartNs);
      if (owner == kDead) slot.journal.pending = 1;
    }
    segment.workers[1].directive.ordered = 1;
    FurnishPools(segment, item);
    AppendEvent(segment, {.kind = EventKind::kRequestSlow, .slot = 0, .route = item, .value = 6},
                "slow");
    AppendHistory(segment, {.wall_ms = kStartWallNs / 1'000'000, .memory_ratio = 0.5});
    WriteSnapshot(segment, R"({"status":"healthy"})");
  }

  // A pool and a host of the two workers that are left: connections, a leak, a slow statement.
  static void FurnishPools(Segment& segment, uint32_t route) {
    const uint32_t pool = InternName(PoolNames(segment), "mysql://db.example.org:3306/shop");
    const uint32_t host = InternName(HostNames(segment), "api.example.org:443");
    for (const uint32_t worker : {1U, 2U}) {
      segment.workers[worker].hosts[host].calls = 12;
      WorkerPools& pools = segment.pools[worker];
      PoolStats& stats = pools.pools[pool];
      stats.size = 5;
      stats.max_overflow = 10;
      stats.active = 2;
      stats.idle = 1;
      stats.waiting[0] = 1;
      stats.oldest_wait_since_ns = kStartNs - 1'000'000'000;
      Counter(stats, PoolCounter::checkouts) = 40;
      stats.wait_histogram[9] = 40;
      std::strcpy(stats.targets[0].name, "db.example.org:3306");
      std::strcpy(stats.targets[0].last_error, "OperationalError 2003");
      stats.targets[0].used = 1;
      stats.used = 1;
      for (uint32_t n = 0; n < 3; ++n) {
        Connection& connection = pools.connections[n];
        connection.number = n + 1;
        connection.created_ns = kStartNs - 60'000'000'000;
        connection.since_ns = kStartNs - 5'000'000'000;
        connection.pool = pool;
        connection.route = route;
        connection.in_flight = n;
        connection.leak = n == 1 ? static_cast<uint32_t>(LeakKind::kConfirmed) : 0;
        connection.stack[0].code = 0x1000;
        connection.state = n == 2 ? 2U : 3U;
      }
      LeakRecord& leak = pools.leaks[0];
      leak.wall_ns = kStartWallNs;
      leak.connection = 2;
      leak.held_ns = 5'000'000'000;
      leak.pool = pool;
      leak.route = route;
      leak.kind = static_cast<uint32_t>(LeakKind::kConfirmed);
      leak.sequence = 1;
      pools.next_leak = 1;
      SlowQuery& query = pools.slow_queries[0];
      query.wall_ns = kStartWallNs;
      query.duration_ns = 3'000'000'000;
      query.pool = pool;
      query.route = route;
      std::strcpy(query.text, "SELECT SLEEP(?)");
      query.sequence = 1;
      pools.next_slow_query = 1;
    }
  }

  std::string folder_;
  Segment* segment_ = nullptr;
};

enum class Within { kSegment, kWorker, kPools };

struct Region {
  size_t offset;  // in the segment, in a worker slot, or in the pools of one
  size_t bytes;   // of an element
  size_t count;
  Within within = Within::kSegment;
};

constexpr std::array kRegions{
    Region{offsetof(Segment, header), sizeof(Header), 1},
    Region{offsetof(Segment, supervisor), sizeof(SupervisorBlock), 1},
    Region{offsetof(Segment, config), sizeof(ConfigBlock), 1},
    Region{offsetof(Segment, routes), sizeof(RouteEntry), kMaxRoutes},
    Region{offsetof(Segment, events), sizeof(Event), kMaxEvents},
    Region{offsetof(Segment, history), sizeof(HistoryPoint), kHistoryLength},
    Region{offsetof(Segment, snapshots), sizeof(SnapshotBank), 2},
    Region{offsetof(Segment, retired), sizeof(RetiredBank), 2},
    Region{0, offsetof(WorkerSlot, in_flight), 1, Within::kWorker},
    Region{offsetof(WorkerSlot, in_flight), sizeof(InFlight), kMaxInFlight, Within::kWorker},
    Region{offsetof(WorkerSlot, routes), sizeof(RouteStats), kMaxRoutes, Within::kWorker},
    Region{offsetof(Segment, hosts), sizeof(NameEntry), kMaxHosts},
    Region{offsetof(Segment, pool_names), sizeof(NameEntry), kMaxPools},
    Region{offsetof(WorkerPools, pools), sizeof(PoolStats), kMaxPools, Within::kPools},
    Region{offsetof(WorkerPools, leaks), sizeof(LeakRecord), kMaxLeaks, Within::kPools},
    Region{offsetof(WorkerPools, slow_queries), sizeof(SlowQuery), kMaxSlowQueries, Within::kPools},
    Region{offsetof(WorkerPools, connections), sizeof(Connection), kMaxConnections, Within::kPools},
    Region{offsetof(WorkerPools, next_leak), 3 * sizeof(Word), 1, Within::kPools},
    Region{offsetof(WorkerSlot, hosts), sizeof(HostStats), kMaxHosts, Within::kWorker},
    Region{offsetof(WorkerSlot, admission), sizeof(AdmissionState), 1, Within::kWorker},
    Region{offsetof(WorkerSlot, interpreter), sizeof(InterpreterMap), 1, Within::kWorker},
};

// Where element `index` of a region lies, and how long it is. In a worker slot the two lowest bits
// choose the worker: the ones that Furnish() made, an empty one and the last.
std::pair<char*, size_t> Place(Segment& segment, uint8_t kind, uint16_t index) {
  static constexpr std::array<size_t, 4> kWorkers{1, 0, 2, kMaxWorkers - 1};
  const Region& region = kRegions[kind % kRegions.size()];
  char* base = reinterpret_cast<char*>(&segment);
  size_t element = index;
  if (region.within != Within::kSegment) {
    const size_t worker = kWorkers[index % kWorkers.size()];
    base = region.within == Within::kWorker ? reinterpret_cast<char*>(&segment.workers[worker])
                                            : reinterpret_cast<char*>(&segment.pools[worker]);
    element = index / kWorkers.size();
  }
  return {base + region.offset + element % region.count * region.bytes, region.bytes};
}

// --- what is run on it -------------------------------------------------------------------------

void RequireJson(std::string_view text, std::string_view promise) {
  boost::json::monotonic_resource memory;
  boost::json::error_code code;
  boost::json::parse(text, code, &memory);
  Require(!code, promise);
}

void RequireMetrics(std::string_view text, std::string_view last) {
  Require(text.ends_with(last), "metrics end as their format says");
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    Require(line.starts_with("# ") || line.starts_with("stirbar_"), "a metric line is one metric");
    while (!line.empty()) {
      const size_t length = line.front() >= 0 ? 1 : Utf8Length(line);
      Require(length > 0, "metrics are UTF-8");
      line.remove_prefix(length);
    }
    text.remove_prefix(end + 1);
  }
}

// An app's memory of which nothing can be read: the fuzzer's own would not be the same twice.
class NoMemory : public Memory {
 public:
  bool Read(std::span<const MemoryPiece>) const override { return false; }
  static std::unique_ptr<Memory> Open(uint32_t) { return std::make_unique<NoMemory>(); }
};

class NoHistory : public RecordSink {
 public:
  void Record(const HistoryRecord&) override {}
};

// The supervisor without its loop.
class Stages {
 public:
  explicit Stages(Segment& segment)
      : segment_(segment),
        collector_(segment),
        hosts_(segment),
        pools_(segment),
        connections_(segment),
        leaks_(segment, NoMemory::Open),
        slow_queries_(segment),
        traffic_(segment),
        reader_(segment, NoMemory::Open),
        caches_(segment),
        overload_(segment, actions_),
        desk_(segment),
        mitigator_({segment, desk_, actions_}),
        in_segment_(segment,
                    [this](const std::shared_ptr<const Snapshot>& snapshot) {
                      return text_.Get(snapshot);
                    }),
        events_(segment, [](Severity, const std::string&) {}) {
    sample_.machine.memory_total_bytes = 1'000'000'000;  // short of memory: cleanups are ordered
    sample_.machine.memory_available_bytes = 10'000'000;
  }

  void Run(const Tick& tick) {
    sample_.tick = tick;
    for (Collector* const collector :
         std::initializer_list<Collector*>{&collector_, &hosts_, &pools_, &connections_, &leaks_,
                                           &slow_queries_, &traffic_, &caches_}) {
      collector->Collect(tick, &sample_);
    }
    Require(sample_.connections.size() <= kConnectionsShown, "connections are bounded");
    Require(sample_.leaks.size() <= 50 && sample_.slow_queries.size() <= 50, "lists are bounded");
    for (const WorkerSample& worker : sample_.workers) {
      Require(worker.alive || segment_.workers[worker.slot].owner == 0, "the dead are buried");
    }
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->sample = sample_;
    snapshot->evaluation = evaluator_->Evaluate(sample_);
    mitigator_.Act(snapshot->sample, snapshot->evaluation);
    overload_.Act(snapshot->sample, snapshot->evaluation);
    sample_.actions = actions_.Newest();
    if (!tick.full) return;
    const std::string& text = *text_.Get(snapshot);
    RequireJson(text, "the snapshot is JSON");
    Require(text.size() <= kSnapshotBytes, "the snapshot fits into the segment");
    RequireJson(ConnectionsJson(*snapshot, reader_.ReadConnections(sample_)),
                "connections are JSON");
    in_segment_.Publish(snapshot);
    const std::optional<std::string> read = ReadSnapshot(segment_);
    Require(!read.has_value() || *read == text, "the snapshot is read as it was written");
    events_.Publish(snapshot);
    RequireMetrics(MetricsText(*snapshot, {}, MetricsFormat::kOpenMetrics), "\n# EOF\n");
    for (const HealthProbe probe :
         {HealthProbe::kLive, HealthProbe::kReady, HealthProbe::kStartup}) {
      RequireJson(HealthJson(probe, snapshot.get()).text, "health is JSON");
    }
  }

 private:
  Segment& segment_;
  SegmentCollector collector_;
  HostCollector hosts_;
  PoolCollector pools_;
  ConnectionCollector connections_;
  LeakCollector leaks_;
  SlowQueryCollector slow_queries_;
  TrafficCollector traffic_;
  ConnectionReader reader_;
  CacheCollector caches_;
  NoHistory history_;
  ActionLog actions_{history_};
  OverloadMitigator overload_;
  const std::unique_ptr<Evaluator> evaluator_ = MakeEvaluator();
  DirectiveDesk desk_;
  CleanupMitigator mitigator_;
  SnapshotText text_;
  SegmentPublisher in_segment_;
  EventPublisher events_;
  Sample sample_;
};

// What the pages inside the app and the probe read.
void RunWorkerSide(Segment& segment, ProcessIdentity self) {
  const SegmentSettings settings = ReadSettings(segment);
  for (const SettingSpec& spec : kSettingSpecs) {
    Require(CheckSetting(spec, settings.values[spec.id]).ok(), "a setting is in its range");
  }
  const std::vector<EventRecord> events = ReadEvents(segment, SIZE_MAX);
  Require(events.size() <= kMaxEvents, "there are not more events than places");
  for (const EventRecord& event : events) {
    Require(strnlen(event.text, sizeof event.text) < sizeof event.text, "an event's text ends");
  }
  const std::vector<HistoryValues> points = ReadHistory(segment, SIZE_MAX);
  Require(points.size() <= kHistoryLength, "there are not more points than places");
  RequireJson(HistoryJson(points), "history is JSON");
  ReadSnapshot(segment);
  for (uint32_t route = 0; route < kMaxRoutes + 2; ++route) {
    const RouteEntry* const entry = FindRoute(segment, route);
    if (entry != nullptr) Require(RuleOf(*entry).size() <= sizeof entry->rule, "a rule ends");
  }
  HeaderDefect(segment.header, sizeof(Segment));
  const uint32_t route = InternRoute(segment, HttpMethod::kPut, "/fuzz");
  Require(route < kMaxRoutes, "a route's id is an index");
  if (const std::optional<uint32_t> slot = ClaimWorkerSlot(segment, self)) {
    Commit(segment.workers[*slot], {.route = route, .in_flight = 3, .duration_ns = UINT64_MAX});
  }
}

// A file with the header that the segment has now, of `bytes` bytes.
void RunOpen(const std::string& folder, const Header& header, uint64_t bytes) {
  const bool sound = HeaderDefect(header, bytes).empty();
  const std::string path = folder + "/opened";
  std::ofstream(path).write(reinterpret_cast<const char*>(&header), sizeof header);
  const bool made =
      chmod(path.c_str(), 0600) == 0 && truncate(path.c_str(), static_cast<off_t>(bytes)) == 0;
  const auto mapping = SegmentMapping::Open(path);
  Require(made && mapping.ok() == sound, "a file opens when its header is sound");
  if (sound) Require((*mapping)->Defect().empty() == (header.retired == 0), "Defect() agrees");
  unlink(path.c_str());
}

ProcessIdentity OwnerFrom(uint8_t choice, ProcessIdentity self) {
  const std::array<ProcessIdentity, 6> owners{
      0, self, kDead, MakeIdentity(0, 1), UINT64_MAX, MakeIdentity(PidOf(self), 0)};
  return owners[choice % owners.size()];
}

Tick After(const Tick& tick, uint8_t flags) {
  // Nothing, a tenth, a second, a window's part, a minute, a year, the clock's end.
  static constexpr std::array<uint64_t, 8> kSteps{0,
                                                  100'000'000,
                                                  1'000'000'000,
                                                  11'000'000'000,
                                                  61'000'000'000,
                                                  700'000'000,
                                                  31'536'000'000'000'000,
                                                  UINT64_MAX / 2};
  const uint64_t step = kSteps[flags % kSteps.size()];
  return {tick.now_ns + step, tick.wall_ns + step, (flags & 8U) != 0};
}

void Noise(char* place, size_t bytes, uint8_t seed) {
  uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  for (size_t i = 0; i < bytes; ++i) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    place[i] = static_cast<char>(state >> 32U);
  }
}

void Run(FuzzInput input) {
  static const ProcessIdentity self = *IdentityOf();
  static TestSegment test(self);
  test.Reset();
  Segment& segment = test.get();
  Stages stages(segment);
  Tick tick{kStartNs, kStartWallNs, true};
  size_t ticks = 0;
  while (!input.empty()) {
    const uint8_t kind = input.Byte() % 16;
    if (kind <= 10) {
      const uint16_t index = input.HalfWord();
      const auto [place, bytes] = Place(segment, index < 32768 ? kind : kind + 11, index);
      const size_t offset = input.HalfWord() % bytes;
      const std::string_view text = input.Text().substr(0, bytes - offset);
      std::memcpy(place + offset, text.data(), text.size());
    } else if (kind <= 12) {
      const uint8_t region = input.Byte();
      const auto [place, bytes] = Place(segment, region, input.HalfWord());
      const uint8_t value = input.Byte();
      if (kind == 11) {
        std::memset(place, value, std::min(bytes, kMostFilled));
      } else {
        Noise(place, std::min(bytes, kMostFilled), value);
      }
    } else if (kind == 13) {
      const uint8_t slot = input.Byte();
      segment.workers[slot % kMaxWorkers].owner = OwnerFrom(input.Byte(), self);
    } else if (kind == 14) {
      if (++ticks > kMostTicks) continue;
      tick = After(tick, input.Byte());
      stages.Run(tick);
    } else {
      const uint64_t file_bytes = input.HalfWord() * sizeof(Segment) / 0xFFFFU;
      alignas(Header) std::array<char, sizeof(Header)> bytes;
      std::memcpy(bytes.data(), static_cast<const void*>(&segment.header), bytes.size());
      const size_t offset = input.HalfWord() % bytes.size();
      const std::string_view text = input.Text().substr(0, bytes.size() - offset);
      std::memcpy(bytes.data() + offset, text.data(), text.size());
      RunOpen(test.folder(), *reinterpret_cast<const Header*>(bytes.data()), file_bytes);
    }
  }
  tick = After(tick, 2);
  tick.full = true;
  stages.Run(tick);
  RunWorkerSide(segment, self);
  tick = After(tick, 1);
  tick.full = false;
  stages.Run(tick);
}

}  // namespace
}  // namespace stirbar

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stirbar::Run(stirbar::FuzzInput(data, size));
  return 0;
}
