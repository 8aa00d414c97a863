// SPDX-License-Identifier: Apache-2.0
// `gatehouse completion`: scripts for shells, written from the tables of commands and settings.
#include <fmt/format.h>

#include <algorithm>

#include "config/file/setting_table.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/commands.h"

namespace gatehouse::gateway {
namespace {

/// One flag of one command as a shell has to know it.
struct Completed {
  std::string name;
  char letter = 0;
  std::string help;
  std::vector<std::string> choices;  ///< of its value
  bool takes_path = false;
};

/// "text|json|yaml" is a list of choices; "FILE|FOLDER" is a path.
Completed completed(std::string_view name, char letter, std::string_view value, std::string_view help) {
  Completed flag{std::string(name), letter, std::string(help), {}, false};
  flag.takes_path = value.find("FILE") != value.npos || value.find("FOLDER") != value.npos;
  const bool is_choice =
      value.find('|') != value.npos && value.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == value.npos;
  while (is_choice && !value.empty()) {
    flag.choices.emplace_back(value.substr(0, value.find('|')));
    value.remove_prefix(std::min(flag.choices.back().size() + 1, value.size()));
  }
  return flag;
}

std::vector<Completed> flags_of(const Command& command) {
  std::vector<Completed> flags;
  for (const auto& flag : command.flags)
    flags.push_back(completed(flag.name, flag.letter, flag.value, flag.help));
  if (command.takes_settings) {
    flags.push_back(completed(file::kSettingsFlag, 0, "FILE", "file of settings"));
    for (const auto& setting : file::setting_table()) {
      const bool is_own = std::any_of(command.flags.begin(), command.flags.end(),
                                      [&](const CommandFlag& flag) { return flag.name == setting.name; });
      if (!is_own) flags.push_back(completed(setting.name, setting.letter, setting.value, setting.help));
    }
  }
  flags.push_back({"help", 'h', "options and exit codes", {}, false});
  return flags;
}

/// What stands where a command takes one word of a fixed set.
std::string words_of(const Command& command) {
  if (command.name == "completion") return "bash zsh fish";
  if (command.name != "help") return {};
  std::string words = "settings commands";
  for (const auto& other : command_table()) words += fmt::format(" {}", other.name);
  return words;
}

std::string command_names() {
  std::string names;
  for (const auto& command : command_table())
    names += fmt::format("{}{}", names.empty() ? "" : " ", command.name);
  return names;
}

/// Cases of `previous word` that have values to offer; the same for every command with that flag.
std::string bash_values(const Command& command) {
  std::string cases;
  for (const auto& flag : flags_of(command)) {
    if (flag.name == "help") continue;
    auto names = "--" + flag.name;
    if (flag.letter != 0) names += fmt::format("|-{}", flag.letter);
    std::string action = ":";
    if (flag.takes_path) action = "COMPREPLY=($(compgen -f -- \"$word\"))";
    if (!flag.choices.empty())
      action = fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$word\"))", fmt::join(flag.choices, " "));
    cases += fmt::format("        {}) {}; return ;;\n", names, action);
  }
  return cases;
}

std::string bash_script() {
  std::string text = fmt::format(
      "_gatehouse() {{\n"
      "  local word=\"${{COMP_WORDS[COMP_CWORD]}}\" previous=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '{}' -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n",
      command_names());
  for (const auto& command : command_table()) {
    std::string words = words_of(command);
    for (const auto& flag : flags_of(command))
      words += fmt::format("{}--{}", words.empty() ? "" : " ", flag.name);
    text += fmt::format(
        "    {})\n"
        "      case \"$previous\" in\n{}      esac\n"
        "      COMPREPLY=($(compgen -W '{}' -- \"$word\")) ;;\n",
        command.name, bash_values(command), words);
  }
  return text + "  esac\n}\ncomplete -o filenames -F _gatehouse gatehouse\n";
}

/// In single quotes, for zsh and fish alike.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'')
      result += "'\\''";
    else
      result += c;
  }
  return result + "'";
}

/// What zsh's _arguments would take for its own: ':', '[' and ']'.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_flag(const Completed& flag) {
  std::string value;
  if (flag.takes_path) value = ":path:_files";
  if (!flag.choices.empty()) value = fmt::format(":value:({})", fmt::join(flag.choices, " "));
  if (value.empty() && flag.name != "help") value = ":value:";
  const auto text = fmt::format("[{}]{}", zsh_text(flag.help), value);
  auto lines = fmt::format(" \\\n        {}", quoted(fmt::format("*--{}{}", flag.name, text)));
  if (flag.letter != 0)
    lines += fmt::format(" \\\n        {}", quoted(fmt::format("*-{}{}", flag.letter, text)));
  return lines;
}

std::string zsh_script() {
  std::string text = "#compdef gatehouse\n_gatehouse() {\n  local -a commands\n  commands=(\n";
  for (const auto& command : command_table())
    text += fmt::format("    {}\n", quoted(fmt::format("{}:{}", command.name, zsh_text(command.summary))));
  text +=
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local command=\"$words[2]\"\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case \"$command\" in\n";
  for (const auto& command : command_table()) {
    text += fmt::format("    {})\n      _arguments", command.name);
    for (const auto& flag : flags_of(command)) text += zsh_flag(flag);
    if (const auto words = words_of(command); !words.empty())
      text += fmt::format(" \\\n        {}", quoted(fmt::format("1:word:({})", words)));
    text += " ;;\n";
  }
  return text + "  esac\n}\ncompdef _gatehouse gatehouse\n";
}

std::string fish_script() {
  std::string text = "complete -c gatehouse -f\n";
  for (const auto& command : command_table())
    text += fmt::format("complete -c gatehouse -n __fish_use_subcommand -a {} -d {}\n", command.name,
                        quoted(command.summary));
  for (const auto& command : command_table()) {
    const auto of = fmt::format("complete -c gatehouse -n '__fish_seen_subcommand_from {}'", command.name);
    for (const auto& flag : flags_of(command)) {
      text += fmt::format("{} -l {}", of, flag.name);
      if (flag.letter != 0) text += fmt::format(" -s {}", flag.letter);
      if (flag.name != "help") text += flag.takes_path ? " -r -F" : " -x";
      if (!flag.choices.empty()) text += fmt::format(" -a '{}'", fmt::join(flag.choices, " "));
      text += fmt::format(" -d {}\n", quoted(flag.help));
    }
    if (const auto words = words_of(command); !words.empty()) text += fmt::format("{} -a '{}'\n", of, words);
  }
  return text;
}

}  // namespace

int run_completion(const std::vector<std::string>& arguments) {
  const Command& command = *find_command("completion");
  const auto parts = split_arguments(command, arguments);
  if (parts.help_wanted) {
    fmt::print("{}", help_of(command));
    return 0;
  }
  if (!parts.errors.empty()) return refuse_arguments("completion", parts.errors);
  if (parts.operands == std::vector<std::string>{"bash"})
    fmt::print("{}", bash_script());
  else if (parts.operands == std::vector<std::string>{"zsh"})
    fmt::print("{}", zsh_script());
  else if (parts.operands == std::vector<std::string>{"fish"})
    fmt::print("{}", fish_script());
  else
    return refuse_arguments("completion", {"name one shell: bash, zsh or fish"});
  return 0;
}

}  // namespace gatehouse::gateway
