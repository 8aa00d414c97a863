// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/cli.h"

#include <fmt/format.h>

#include <cstring>
#include <span>

#include "base/log.h"
#include "base/version.h"
#include "config/file/settings.h"
#include "gateway/app.h"
#include "gateway/cli/echo.h"

extern char** environ;

namespace gatehouse::gateway {
namespace {

constexpr std::string_view kUsage =
    "gatehouse: a reverse proxy driven by Kubernetes Gateway API objects\n"
    "\n"
    "usage: gatehouse COMMAND [OPTIONS]\n"
    "\n"
    "  run       serve what the given files describe, and follow their changes\n"
    "  validate  check files and print the status of every object\n"
    "  echo      the demo backend: answers with what it was asked\n"
    "  version   print the version\n"
    "  help      print this, a command's options (gatehouse help run),\n"
    "            or all settings as Markdown (gatehouse help settings)\n"
    "\n"
    "exit codes: 0 good, 1 problems found or connections cut off, 2 could not run\n";

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
  fmt::print("usage: gatehouse run -f FILE|FOLDER [-f ...] [OPTIONS]\n\n{}", file::settings_help());
  return 0;
}

int run_run(const std::vector<std::string>& arguments) {
  const auto parsed = file::parse_settings({arguments, environment()});
  if (parsed.help_wanted) return print_help_of_run();
  if (!parsed.errors.empty()) {
    for (const auto& error : parsed.errors) fmt::print(stderr, "gatehouse run: {}\n", error);
    return 2;
  }
  start_log({parsed.settings.log_level, parsed.settings.log_format, stderr});
  return run_app(parsed.settings);
}

int print_help_of_echo() {
  const char* const arguments[] = {"--help"};
  return run_echo(arguments);
}

int print_help(const std::vector<std::string>& arguments) {
  const std::string topic = arguments.empty() ? std::string() : arguments.front();
  if (topic == "run") return print_help_of_run();
  if (topic == "validate") return run_validate({"--help"});
  if (topic == "echo") return print_help_of_echo();
  if (topic == "settings") {
    fmt::print("{}", file::settings_reference());
    return 0;
  }
  if (!topic.empty()) fmt::print(stderr, "gatehouse help: there is no command '{}'\n", topic);
  fmt::print(topic.empty() ? stdout : stderr, "{}", kUsage);
  return topic.empty() ? 0 : 2;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  const std::string command = argv[1];
  const std::vector<std::string> arguments(argv + 2, argv + argc);
  if (command == "run") return run_run(arguments);
  if (command == "validate") return run_validate(arguments);
  if (command == "echo")
    return run_echo({const_cast<const char* const*>(argv) + 2, static_cast<std::size_t>(argc - 2)});
  if (command == "version" || command == "--version") {
    fmt::print("gatehouse {}\n", kVersion);
    return 0;
  }
  if (command == "help" || command == "--help" || command == "-h") return print_help(arguments);
  fmt::print(stderr, "gatehouse: there is no command '{}'; see gatehouse help\n", command);
  return 2;
}

}  // namespace gatehouse::gateway
