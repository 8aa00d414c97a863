// SPDX-License-Identifier: Apache-2.0
// The table of settings as --help text and as a Markdown reference.
#include <fmt/format.h>

#include "config/file/setting_table.h"

namespace gatehouse::file {
namespace {

constexpr std::size_t kHelpColumn = 40;

std::string flag_text(const Setting& setting) {
  const auto flag = fmt::format("--{} {}", setting.name, setting.value);
  return setting.letter == 0 ? "      " + flag : fmt::format("  -{}, {}", setting.letter, flag);
}

std::string default_text(const Setting& setting) {
  static const Settings defaults;
  return setting.field.print(defaults);
}

std::string help_line(const std::string& flag, std::string_view help, const std::string& fallback) {
  auto line = fmt::format("{:<{}}", flag, kHelpColumn);
  if (flag.size() >= kHelpColumn) line = fmt::format("{}\n{:<{}}", flag, "", kHelpColumn);
  line += help;
  if (!fallback.empty()) line += fmt::format(" [{}]", fallback);
  return line + "\n";
}

/// '|' would end a table cell.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string settings_help() {
  std::string text = "Settings (flag, then environment, then settings file):\n";
  text +=
      help_line("      --settings FILE", "YAML file of settings; keys are the names below without --", "");
  text += help_line("  -h, --help", "this text", "");
  std::string_view group;
  for (const auto& setting : setting_table()) {
    if (setting.group != group) text += fmt::format("\n{}:\n", setting.group);
    group = setting.group;
    text += help_line(flag_text(setting), setting.help, default_text(setting));
  }
  return text;
}

std::string settings_reference() {
  std::string text;
  std::string_view group;
  for (const auto& setting : setting_table()) {
    if (setting.group != group)
      text +=
          fmt::format("{}## {}\n\n| Flag | Environment | Default | Meaning |\n| --- | --- | --- | --- |\n",
                      text.empty() ? "" : "\n", setting.group);
    group = setting.group;
    const auto fallback = default_text(setting);
    text += fmt::format("| `--{} {}` | `{}` | {} | {} |\n", setting.name, cell(setting.value),
                        environment_name(setting.name), fallback.empty() ? "" : "`" + cell(fallback) + "`",
                        cell(setting.help));
  }
  return text;
}

}  // namespace gatehouse::file
