// SPDX-License-Identifier: Apache-2.0
// The one table of settings: flags, environment, file keys, --help and the reference all come from it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/file/settings.h"

namespace gatehouse::file {

/// How one setting's value gets in and out of Settings.
struct SettingField {
  /// Takes one value; returns what is wrong with it, empty when nothing is.
  std::function<std::string(Settings&, std::string_view)> assign;
  std::function<std::string(const Settings&)> print;
  /// Empties a list before the values of a stronger source; null for single values.
  std::function<void(Settings&)> clear;
};

struct Setting {
  std::string_view name;  ///< kebab-case: the flag without dashes and the key of the file
  std::string_view group;
  std::string_view value;  ///< placeholder for --help
  std::string_view help;
  SettingField field;
  char letter = 0;         ///< one-letter flag
  bool is_switch = false;  ///< on or off: the flag alone means on, a value needs '='

  bool is_list() const { return field.clear != nullptr; }
};

/// In the order of --help; settings of a group stand together.
std::span<const Setting> setting_table();
const Setting* find_setting(std::string_view name);
/// All names, for suggestions.
std::span<const std::string_view> setting_names();
/// GATEHOUSE_UPPER_SNAKE.
std::string environment_name(std::string_view setting);

inline constexpr std::string_view kSettingsFlag = "settings";  ///< names the settings file; no setting itself

}  // namespace gatehouse::file
