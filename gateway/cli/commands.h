// SPDX-License-Identifier: Apache-2.0
// The one table of commands: what runs, --help, the documents and shell completion all come from it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

struct CommandFlag {
  std::string_view name;
  char letter = 0;         ///< one-letter form, or none
  std::string_view value;  ///< placeholder; choices are written "text|json|yaml"
  std::string_view help;
};

struct Command {
  std::string_view name;
  std::string_view operands;  ///< "METHOD URL"
  std::string_view summary;   ///< one line
  std::string_view about;     ///< further lines of --help
  std::string_view exit_codes;
  bool takes_settings = false;  ///< also every flag of `gatehouse run`
  std::vector<CommandFlag> flags;
  int (*run)(const std::vector<std::string>& arguments) = nullptr;
};

std::span<const Command> command_table();
/// Null when there is none of that name.
const Command* find_command(std::string_view name);
std::string help_of(const Command& command);
/// The text of `gatehouse help`.
std::string overview();
/// The commands as a Markdown table for the documents.
std::string commands_reference();

/// A command's arguments, taken apart by its row of the table.
struct Arguments {
  std::vector<std::string> settings;  ///< for file::parse_settings
  std::map<std::string, std::vector<std::string>, std::less<>> flags;
  std::vector<std::string> operands;
  std::vector<std::string> errors;
  bool help_wanted = false;

  /// The last value given, or `fallback`.
  std::string value(std::string_view flag, std::string_view fallback) const;
  std::vector<std::string> values(std::string_view flag) const;
};
Arguments split_arguments(const Command& command, const std::vector<std::string>& arguments);

/// Prints what is wrong, each line behind "gatehouse COMMAND: ". Always 2, the exit code.
int refuse_arguments(std::string_view command, const std::vector<std::string>& errors);

}  // namespace gatehouse::gateway
