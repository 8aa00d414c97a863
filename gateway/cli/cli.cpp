// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/cli.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/version.h"
#include "config/file/settings.h"
#include "gateway/app.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/echo.h"

extern char** environ;

namespace gatehouse::gateway {
namespace {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> result;
  for (char** at = environ; at && *at; ++at) {
    const std::string_view entry(*at);
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos) result.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return result;
}

int print_help_of_run() {
  fmt::print("{}\n{}", help_of(*find_command("run")), file::settings_help());
  return 0;
}

}  // namespace

int run_run(const std::vector<std::string>& arguments) {
  const auto parsed = file::parse_settings({arguments, environment()});
  if (parsed.help_wanted) return print_help_of_run();
  if (!parsed.errors.empty()) return refuse_arguments("run", parsed.errors);
  start_log({parsed.settings.log_level, parsed.settings.log_format, stderr});
  return run_app(parsed.settings);
}

int run_echo_command(const std::vector<std::string>& arguments) {
  std::vector<const char*> texts;
  for (const auto& argument : arguments) texts.push_back(argument.c_str());
  return run_echo(texts);
}

int run_version(const std::vector<std::string>&) {
  fmt::print("gatehouse {}\n", kVersion);
  return 0;
}

int run_help(const std::vector<std::string>& arguments) {
  const std::string topic = arguments.empty() ? std::string() : arguments.front();
  const bool wants_overview = topic.empty() || topic == "--help" || topic == "-h";
  if (topic == "run") return print_help_of_run();
  if (topic == "echo") return run_echo_command({"--help"});
  if (const auto* command = find_command(topic)) {
    fmt::print("{}", help_of(*command));
  } else if (topic == "settings") {
    fmt::print("{}", file::settings_reference());
  } else if (topic == "commands") {
    fmt::print("{}", commands_reference());
  } else {
    if (!wants_overview) fmt::print(stderr, "gatehouse help: there is no command '{}'\n", topic);
    fmt::print(wants_overview ? stdout : stderr, "{}", overview());
    return wants_overview ? 0 : 2;
  }
  return 0;
}

int run_command_line(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "{}", overview());
    return 2;
  }
  const std::string name = argv[1];
  const std::vector<std::string> arguments(argv + 2, argv + argc);
  if (name == "--version") return run_version(arguments);
  if (name == "--help" || name == "-h") return run_help(arguments);
  if (const auto* command = find_command(name)) return command->run(arguments);
  fmt::print(stderr, "gatehouse: there is no command '{}'; see gatehouse help\n", name);
  return 2;
}

}  // namespace gatehouse::gateway
