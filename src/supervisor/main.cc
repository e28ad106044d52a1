// The command line: words to options, nothing else.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "supervisor/cli/commands.h"
#include "supervisor/cli/database_accounts.h"

namespace {

using stirbar::Output;

void AddViewOptions(CLI::App* command, stirbar::ViewOptions* view) {
  command->add_option("--name", view->name, "The app, where several are watched");
  command->add_option("--segment", view->segment, "The app's segment file");
  command->add_flag_callback(
      "--json", [view] { view->output = Output::kJson; }, "Print JSON");
}

void AddDatabaseOption(CLI::App* command, std::vector<std::string>* databases) {
  command
      ->add_option("--database", *databases,
                   "mysql://USER:PASSWORD@HOST:PORT of a server to ask for its figures; may be "
                   "given again (default: $STIRBAR_DATABASE_URLS)")
      ->allow_extra_args(false);
}

// `stirbar config WHAT`: the words of each; the one that was asked for says so in *chosen.
void AddConfigCommands(CLI::App* config, stirbar::ConfigOptions* options,
                       int (**chosen)(const stirbar::ConfigOptions&)) {
  config->require_subcommand(1);
  const auto add = [&](const char* name, const char* what,
                       int (*command)(const stirbar::ConfigOptions&)) {
    CLI::App* const one = config->add_subcommand(name, what);
    one->callback([chosen, command] { *chosen = command; });
    if (command != stirbar::ConfigCheckCommand) AddViewOptions(one, &options->view);
    return one;
  };
  add("get", "Print the settings, or one", stirbar::ConfigGetCommand)
      ->add_option("name", options->words, "Of this setting alone")
      ->expected(0, 1);
  CLI::App* const set = add("set", "Change settings of the running app: all of them or none",
                            stirbar::ConfigSetCommand);
  set->add_option("change", options->words, "NAME=VALUE")->required();
  set->add_flag("--dry-run", options->dry_run, "Only say what would change");
  add("reset", "Back to what the environment, the file or the app says",
      stirbar::ConfigResetCommand)
      ->add_option("name", options->words, "Settings that were changed at run time")
      ->required();
  add("explain", "Say where the value comes from, and when a change takes effect",
      stirbar::ConfigExplainCommand)
      ->add_option("name", options->words, "The setting")
      ->required()
      ->expected(1);
  add("history", "Print what was changed at run time, newest first", stirbar::ConfigHistoryCommand);
  add("revert", "Take one change back", stirbar::ConfigRevertCommand)
      ->add_option("number", options->number, "As `stirbar config history` prints it")
      ->required();
  CLI::App* const check = add("check", "Check stirbar.toml and the environment; starts nothing",
                              stirbar::ConfigCheckCommand);
  check->add_option("file", options->file, "Default: as `stirbar run` finds it");
  check->add_flag_callback(
      "--json", [options] { options->view.output = Output::kJson; }, "Print JSON");
}

void AddHistoryOption(CLI::App* command, std::string* history) {
  command->add_option("--history", *history,
                      "Path of the history's file, a folder for it, or off (default: "
                      "$STIRBAR_HISTORY, else history/NAME.sqlite in the state folder)");
}

// `stirbar alerts` and what is done about them.
class AlertCommands {
 public:
  explicit AlertCommands(CLI::App* app)
      : alerts_(app->add_subcommand("alerts", "Show alerts, silences and where alerts go")) {
    alerts_->require_subcommand(0, 1);
    AddViewOptions(alerts_, &view_);
    silence_ = alerts_->add_subcommand("silence", "Tell nothing of what all of these match");
    silence_
        ->add_option("matcher", silence_options_.matchers,
                     "rule=, component= or worker= and a value; != as well, * for any text")
        ->required();
    silence_->add_option("--for", silence_options_.duration, "How long: 30m, 2h, 3d (default: 1h)");
    silence_->add_option("--comment", silence_options_.comment, "Why");
    AddViewOptions(silence_, &silence_options_.view);
    unsilence_ = alerts_->add_subcommand("unsilence", "End a silence");
    unsilence_->add_option("id", id_, "Of the silence")->required();
    AddViewOptions(unsilence_, &view_);
    acknowledge_ = alerts_->add_subcommand("ack", "Say that somebody cares: it is not told again");
    acknowledge_
        ->add_option("id", acknowledge_options_.id, "Of the alert, or its rule, or rule/worker")
        ->required();
    acknowledge_->add_option("--comment", acknowledge_options_.comment, "What is being done");
    acknowledge_->add_flag("--undo", acknowledge_options_.undo, "Take it back");
    AddViewOptions(acknowledge_, &acknowledge_options_.view);
    test_ = alerts_->add_subcommand("test", "Send a test to one sink, or to all");
    test_->add_option("sink", sink_, "Its name");
    AddViewOptions(test_, &view_);
  }

  bool parsed() const { return alerts_->parsed(); }

  int Run() const {
    if (silence_->parsed()) return stirbar::SilenceCommand(silence_options_);
    if (unsilence_->parsed()) return stirbar::UnsilenceCommand(view_, id_);
    if (acknowledge_->parsed()) return stirbar::AcknowledgeCommand(acknowledge_options_);
    if (test_->parsed()) return stirbar::TestAlertsCommand(view_, sink_);
    return stirbar::AlertsCommand(view_);
  }

 private:
  CLI::App* const alerts_;
  CLI::App* silence_ = nullptr;
  CLI::App* unsilence_ = nullptr;
  CLI::App* acknowledge_ = nullptr;
  CLI::App* test_ = nullptr;
  stirbar::ViewOptions view_;
  stirbar::SilenceOptions silence_options_;
  stirbar::AcknowledgeOptions acknowledge_options_;
  std::string id_;
  std::string sink_;
};

bool IsCommand(CLI::App& app, const std::string& word) {
  const auto named = [&](const CLI::App* command) { return command->get_name() == word; };
  return !app.get_subcommands(named).empty();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Keeps Flask applications responsive, and shows what happens in them."};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help for all commands");

  stirbar::RunOptions run;
  CLI::App* const run_command = app.add_subcommand(
      "run", "Start the app's server under supervision: stirbar run -- gunicorn -w 4 app:app");
  run_command->add_option("--config", run.config,
                          "Path of stirbar.toml. Default: $STIRBAR_CONFIG, else the one in the "
                          "working folder");
  run_command->add_option("--listen", run.listen,
                          "HOST:PORT of the pages (default: $STIRBAR_LISTEN, else the first free "
                          "one from 127.0.0.1:8800)");
  run_command->add_option("--name", run.name, "Name of the app (default: the working directory's)");
  AddDatabaseOption(run_command, &run.databases);
  AddHistoryOption(run_command, &run.history);
  run_command->add_option("command", run.command, "The server's command, after --")->required();
  run_command->positionals_at_end();

  stirbar::AttachOptions attach;
  CLI::App* const attach_command =
      app.add_subcommand("attach", "Watch an app that runs already and has no supervisor");
  attach_command->add_option("--name", attach.name, "The app, where several are running");
  attach_command->add_option("--segment", attach.segment, "The app's segment file");
  attach_command->add_option("--config", attach.config, "Path of stirbar.toml, as for run");
  attach_command->add_option("--listen", attach.listen, "HOST:PORT of the pages, as for run");
  AddDatabaseOption(attach_command, &attach.databases);
  AddHistoryOption(attach_command, &attach.history);
  attach_command->add_flag("--daemon", attach.daemon, "In the background, until the workers end");

  stirbar::ViewOptions view;
  CLI::App* const status_command = app.add_subcommand("status", "Print the state of the app");
  AddViewOptions(status_command, &view);
  CLI::App* const top_command = app.add_subcommand("top", "Show the app live in the terminal");
  AddViewOptions(top_command, &view);
  CLI::App* const health_command = app.add_subcommand(
      "health", "Exit with 0 healthy, 1 warning, 2 critical or unknown: for containers and cron");
  AddViewOptions(health_command, &view);
  std::string probe = "status";
  health_command->add_option("--probe", probe, "status, live, ready or startup")
      ->check(CLI::IsMember({"status", "live", "ready", "startup"}));
  CLI::App* const requests_command =
      app.add_subcommand("requests", "Show the requests in flight, and what each does");
  AddViewOptions(requests_command, &view);
  bool slow = false;
  requests_command->add_flag("--slow", slow, "The slow ones instead, with statements and stacks");
  CLI::App* const shed_command = app.add_subcommand(
      "shed", "Show or order which requests are refused: stirbar shed on, off or auto");
  AddViewOptions(shed_command, &view);
  std::string shed_level;
  shed_command->add_option("level", shed_level,
                           "on (as sheddable), off, auto (by measurement), background, sheddable, "
                           "normal");
  stirbar::ConfigOptions config;
  int (*config_command)(const stirbar::ConfigOptions&) = nullptr;
  AddConfigCommands(app.add_subcommand("config", "Show, explain, change and check the settings"),
                    &config, &config_command);
  stirbar::ActionOptions action;
  CLI::App* const clean_command = app.add_subcommand(
      "clean", "Clean up the memory of all workers, or of one, and say what it gave back");
  clean_command->add_option("pid", action.pid, "Of this worker alone");
  CLI::App* const recycle_command = app.add_subcommand(
      "recycle", "Have a worker end its requests and leave, so that its server starts another");
  recycle_command->add_option("pid", action.pid, "The worker")->required();
  for (CLI::App* const command : {clean_command, recycle_command}) {
    command->add_flag("--dry-run", action.dry_run, "Only say what would be done");
    AddViewOptions(command, &action.view);
  }
  stirbar::StacksOptions stacks;
  CLI::App* const stacks_command = app.add_subcommand(
      "stacks",
      "Show the Python stacks of the workers, even while they hang: oldest request first");
  stacks_command->add_option("pid", stacks.pid, "Of this worker alone");
  stacks_command->add_flag("--all", stacks.all,
                           "Every thread, not only those that work at a request or hold the lock");
  AddViewOptions(stacks_command, &stacks.view);
  stirbar::ConnectionsOptions connections;
  CLI::App* const connections_command = app.add_subcommand(
      "connections", "Show the pools of database connections, who holds which, and leaks");
  connections_command->add_option("--pool", connections.pool, "Of pools with this in their name");
  connections_command->add_flag("--stacks", connections.stacks,
                                "With the whole stack that took each connection");
  AddViewOptions(connections_command, &connections.view);
  CLI::App* const history_command =
      app.add_subcommand("history", "Read what was recorded, with or without a supervisor");
  history_command->require_subcommand(1);
  stirbar::HistoryExportOptions history;
  CLI::App* const history_info =
      history_command->add_subcommand("info", "Size, range and rows of the history");
  CLI::App* const history_export =
      history_command->add_subcommand("export", "Write figures of a span of time as CSV or JSON");
  for (CLI::App* const command : {history_info, history_export}) {
    AddViewOptions(command, &history.file.view);
    AddHistoryOption(command, &history.file.path);
  }
  history_export->add_option("--from", history.from,
                             "Time as 2026-11-29T13:00:00Z or in seconds since 1970 (default: a "
                             "day before --until)");
  history_export->add_option("--until", history.until, "The same (default: now)");
  history_export->add_option("--step", history.step, "Seconds from one line to the next");
  history_export->add_option("--metrics", history.metrics, "Names with commas (default: all)");
  history_export->add_option("--format", history.format, "csv or json")
      ->check(CLI::IsMember({"csv", "json"}));
  history_export->add_option("-o,--output", history.output, "File (default: standard output)");
  AlertCommands alerts(&app);
  CLI::App* const doctor_command = app.add_subcommand(
      "doctor",
      "Say what to change, with the figures: exit with 0 nothing, 1 warnings, 2 critical");
  AddViewOptions(doctor_command, &view);
  stirbar::ReplayOptions replay;
  CLI::App* const replay_command = app.add_subcommand(
      "replay", "Run the rules over recorded figures, and show what would have fired");
  replay_command->add_option("--csv", replay.csv,
                             "Figures as `stirbar history export --format csv` prints them, in "
                             "place of the history");
  replay_command->add_option("--name", replay.history.view.name,
                             "The app, where several have a history");
  AddHistoryOption(replay_command, &replay.history.path);
  replay_command->add_option("--rules", replay.rules,
                             "stirbar.toml with [[rules]]; default as --config of run");
  replay_command->add_option("--from", replay.from,
                             "First time, as 2026-11-29T12:00:00Z or seconds since 1970");
  replay_command->add_option("--until", replay.until, "Last time");
  replay_command->add_flag_callback(
      "--json", [&] { replay.output = Output::kJson; }, "Print JSON");
  Output version_output = Output::kText;
  CLI::App* const version_command = app.add_subcommand("version", "Print the version");
  version_command->add_flag_callback(
      "--json", [&] { version_output = Output::kJson; }, "Print JSON");

  // CLI11 would only say that a command is missing.
  if (argc > 1 && argv[1][0] != '-' && !IsCommand(app, argv[1])) {
    std::fprintf(stderr, "stirbar: unknown command '%s'; see stirbar --help\n", argv[1]);
    return stirbar::kUsageError;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? 0 : stirbar::kUsageError;
  }
  stirbar::HideDatabasePasswords(argc, argv);
  if (run_command->parsed()) return stirbar::RunCommand(run);
  if (attach_command->parsed()) return stirbar::AttachCommand(attach);
  if (status_command->parsed()) return stirbar::StatusCommand(view);
  if (top_command->parsed()) return stirbar::TopCommand(view);
  if (health_command->parsed()) return stirbar::HealthCommand(view, probe);
  if (requests_command->parsed()) {
    return stirbar::RequestsCommand(view,
                                    slow ? stirbar::Requests::kSlow : stirbar::Requests::kInFlight);
  }
  if (shed_command->parsed()) return stirbar::ShedCommand(view, shed_level);
  if (config_command != nullptr) return config_command(config);
  action.recycle = recycle_command->parsed();
  if (clean_command->parsed() || action.recycle) return stirbar::ActionCommand(action);
  if (stacks_command->parsed()) return stirbar::StacksCommand(stacks);
  if (connections_command->parsed()) return stirbar::ConnectionsCommand(connections);
  if (history_info->parsed()) return stirbar::HistoryInfoCommand(history.file);
  if (history_export->parsed()) return stirbar::HistoryExportCommand(history);
  if (alerts.parsed()) return alerts.Run();
  if (doctor_command->parsed()) return stirbar::DoctorCommand(view);
  if (replay_command->parsed()) return stirbar::ReplayCommand(replay);
  return stirbar::VersionCommand(version_output);
}
