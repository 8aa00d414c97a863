// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/objects/nearest.h"
#include "gateway/cli/cli.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kHelpColumn = 28;

CommandFlag output_flag(std::string_view formats) {
  return {"output", 'o', formats, "how to print it"};
}

std::vector<Command> make_commands() {
  std::vector<Command> commands;
  commands.push_back(
      {"run",
       "",
       "serve what the given files describe, and follow their changes",
       "",
       "0 after a complete drain, 1 if the drain timeout cut connections off, 2 if it could not start",
       true,
       {},
       run_run});
  commands.push_back({"validate",
                      "",
                      "check files and print the status of every object",
                      "Reads and translates like run, opens no socket; listeners count as bound.",
                      "0 good, 1 an error or a condition that says something is wrong, 2 something cannot be "
                      "read",
                      true,
                      {output_flag("text|json|yaml")},
                      run_validate});
  commands.push_back(
      {"explain",
       "[METHOD] URL | grpc SERVICE/METHOD | tcp|udp [ADDRESS:]PORT",
       "which route serves a request or a connection, why, and what else could have",
       "Decides as run does: by the port of the URL, its host or the Host given with -H, and the\n"
       "routes of the most specific listener. METHOD is GET if left out. A gRPC method may also be a URL.\n"
       "With --tls-sni: who gets the TLS connection, by its server name, at every port or at tcp's.",
       "0 a route serves it, 1 it is refused or meets no route, 2 something cannot be read",
       true,
       {{"header", 'H', "'NAME: VALUE'", "a field of the request; repeatable"},
        {"tls-sni", 0, "NAME", "explain a TLS connection with this server name; '' for none"},
        output_flag("text|json|yaml")},
       run_explain});
  commands.push_back({"diff",
                      "",
                      "what a change of files would change",
                      "-f OLD -f NEW, or --old and --new where either is several files or folders.",
                      "0 nothing, 1 something, 2 something cannot be read",
                      true,
                      {{"old", 0, "FILE|FOLDER", "before; repeatable"},
                       {"new", 0, "FILE|FOLDER", "after; repeatable"},
                       output_flag("text|json|yaml")},
                      run_diff});
  commands.push_back({"echo",
                      "",
                      "the demo backend: answers with what it was asked",
                      "",
                      "0 after SIGTERM or SIGINT, 2 if it could not start",
                      false,
                      {{"listen", 0, "ADDRESS:PORT", "where it listens"},
                       {"tcp", 0, "ADDRESS:PORT", "also (or only) send back what comes over TCP, here"},
                       {"udp", 0, "ADDRESS:PORT", "also (or only) send back what comes over UDP, here"},
                       {"name", 0, "NAME", "what it calls itself in its answers"}},
                      run_echo_command});
  commands.push_back({"completion",
                      "bash|zsh|fish",
                      "print a completion script for a shell",
                      "bash: eval \"$(gatehouse completion bash)\"; zsh: the same with zsh, after compinit;\n"
                      "fish: gatehouse completion fish | source.",
                      "0, or 2 for an unknown shell",
                      false,
                      {},
                      run_completion});
  commands.push_back({"version", "", "print the version", "", "0", false, {}, run_version});
  commands.push_back({"help",
                      "[COMMAND|settings|commands]",
                      "print this, a command's options, or all settings or commands as Markdown",
                      "",
                      "0, or 2 for an unknown command",
                      false,
                      {},
                      run_help});
  return commands;
}

std::string flag_line(const CommandFlag& flag) {
  const auto text = flag.letter == 0 ? fmt::format("      --{} {}", flag.name, flag.value)
                                     : fmt::format("  -{}, --{} {}", flag.letter, flag.name, flag.value);
  const bool fits = text.size() < kHelpColumn + 6;
  return fmt::format("{}{:<{}}{}\n", text, fits ? "" : "\n",
                     fits ? kHelpColumn + 6 - text.size() : kHelpColumn + 7, flag.help);
}

std::string usage_line(const Command& command) {
  std::string line = fmt::format("usage: gatehouse {}", command.name);
  if (!command.operands.empty() && !command.takes_settings) line += fmt::format(" {}", command.operands);
  if (command.takes_settings) line += " -f FILE|FOLDER [-f ...] [OPTIONS]";
  if (!command.operands.empty() && command.takes_settings) line += fmt::format(" {}", command.operands);
  return line + "\n";
}

const CommandFlag* find_flag(const Command& command, std::string_view argument) {
  const bool is_long = argument.starts_with("--");
  for (const auto& flag : command.flags) {
    if (is_long && argument.substr(2, argument.find('=') - 2) == flag.name) return &flag;
    if (!is_long && flag.letter != 0 && argument.size() == 2 && argument[1] == flag.letter) return &flag;
  }
  return nullptr;
}

bool is_choice(const CommandFlag& flag, const std::string& value) {
  if (flag.name != "output") return true;
  std::string_view rest = flag.value;
  while (!rest.empty()) {
    const auto choice = rest.substr(0, rest.find('|'));
    if (choice == value) return true;
    rest.remove_prefix(std::min(choice.size() + 1, rest.size()));
  }
  return false;
}

void add_flag(Arguments& to, const CommandFlag& flag, std::string value) {
  if (!is_choice(flag, value))
    to.errors.push_back(fmt::format("--{}: \"{}\" is none of {}", flag.name, value, flag.value));
  to.flags[std::string(flag.name)].push_back(std::move(value));
}

}  // namespace

std::span<const Command> command_table() {
  static const std::vector<Command> commands = make_commands();
  return commands;
}

const Command* find_command(std::string_view name) {
  for (const auto& command : command_table())
    if (command.name == name) return &command;
  return nullptr;
}

std::string help_of(const Command& command) {
  std::string text = usage_line(command) + "\n" + std::string(command.summary) + "\n";
  if (!command.about.empty()) text += fmt::format("\n{}\n", command.about);
  text += "\n";
  for (const auto& flag : command.flags) text += flag_line(flag);
  text += fmt::format("  -h, --help{:<{}}this text\n", "", kHelpColumn - 6);
  if (command.takes_settings && command.name != "run")
    text += "and every setting of gatehouse run (gatehouse help run)\n";
  return text + fmt::format("\nexit codes: {}\n", command.exit_codes);
}

std::string overview() {
  std::string text =
      "gatehouse: a reverse proxy driven by Kubernetes Gateway API objects\n"
      "\n"
      "usage: gatehouse COMMAND [OPTIONS]\n"
      "\n";
  for (const auto& command : command_table())
    text += fmt::format("  {:<12}{}\n", command.name, command.summary);
  return text + "\ngatehouse COMMAND --help says more, exit codes included\n";
}

std::string commands_reference() {
  std::string text = "| Command | What it does | Exit code |\n| --- | --- | --- |\n";
  for (const auto& command : command_table()) {
    std::string call =
        fmt::format("gatehouse {}{}", command.name, command.takes_settings ? " -f PATH …" : "");
    text += fmt::format("| `{}` | {} | {} |\n", call, command.summary, command.exit_codes);
  }
  return text;
}

std::string Arguments::value(std::string_view flag, std::string_view fallback) const {
  const auto given = flags.find(flag);
  return given == flags.end() ? std::string(fallback) : given->second.back();
}

std::vector<std::string> Arguments::values(std::string_view flag) const {
  const auto given = flags.find(flag);
  return given == flags.end() ? std::vector<std::string>() : given->second;
}

Arguments split_arguments(const Command& command, const std::vector<std::string>& arguments) {
  Arguments result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const auto equals = argument.starts_with("--") ? argument.find('=') : std::string::npos;
    const bool has_next = i + 1 < arguments.size();
    if (argument == "-h" || argument == "--help") {
      result.help_wanted = true;
    } else if (const auto* flag = find_flag(command, argument)) {
      if (equals != std::string::npos)
        add_flag(result, *flag, argument.substr(equals + 1));
      else if (has_next)
        add_flag(result, *flag, arguments[++i]);
      else
        result.errors.push_back(argument + ": needs a value");
    } else if (!argument.starts_with('-') || argument == "-") {
      result.operands.push_back(argument);
    } else if (command.takes_settings) {
      result.settings.push_back(argument);
      // Every setting has a value.
      if (equals == std::string::npos && has_next) result.settings.push_back(arguments[++i]);
    } else {
      result.errors.push_back(argument + ": unknown flag");
    }
  }
  return result;
}

int refuse_arguments(std::string_view command, const std::vector<std::string>& errors) {
  for (const auto& error : errors) fmt::print(stderr, "gatehouse {}: {}\n", command, error);
  return 2;
}

}  // namespace gatehouse::gateway
