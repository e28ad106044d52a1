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
  CLI::App* const doctor_command = app.add_subcommand(
      "doctor",
      "Say what to change, with the figures: exit with 0 nothing, 1 warnings, 2 critical");
  AddViewOptions(doctor_command, &view);
  stirbar::ReplayOptions replay;
  CLI::App* const replay_command = app.add_subcommand(
      "replay", "Run the rules over recorded figures, and show what would have fired");
  replay_command
      ->add_option("--csv", replay.csv,
                   "Figures as `stirbar history export --format csv` prints them")
      ->required();
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
  if (stacks_command->parsed()) return stirbar::StacksCommand(stacks);
  if (connections_command->parsed()) return stirbar::ConnectionsCommand(connections);
  if (doctor_command->parsed()) return stirbar::DoctorCommand(view);
  if (replay_command->parsed()) return stirbar::ReplayCommand(replay);
  return stirbar::VersionCommand(version_output);
}
