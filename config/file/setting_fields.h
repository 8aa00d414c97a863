// SPDX-License-Identifier: Apache-2.0
// How values of each sort get in and out of Settings: what the rows of the setting table are made of.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/file/setting_table.h"
#include "config/file/setting_values.h"

namespace gatehouse::file {

using std::chrono::milliseconds;

/// A path of member pointers, as a function that works on const and plain Settings alike.
template <typename... Members>
auto at(Members... members) {
  return [=](auto& settings) -> auto& {
    return (settings.*....*members);
  };
}

template <typename Get>
SettingField number(Get get, std::uint64_t min, std::uint64_t max, bool is_size) {
  using Value = std::decay_t<decltype(get(std::declval<Settings&>()))>;
  max = std::min<std::uint64_t>(max, std::numeric_limits<Value>::max());
  SettingField field;
  field.assign = [=](Settings& to, std::string_view text) -> std::string {
    const auto value = is_size ? parse_size(text) : parse_decimal(text);
    if (!value) return is_size ? "is not a size; write 65536, 64Ki or 10M" : "is not a whole number";
    if (*value < min || *value > max) return fmt::format("is outside {} to {}", min, max);
    get(to) = static_cast<Value>(*value);
    return {};
  };
  field.print = [=](const Settings& from) {
    return is_size ? print_size(get(from)) : std::to_string(get(from));
  };
  return field;
}

constexpr auto kNoMaximum = std::numeric_limits<std::uint64_t>::max();

template <typename Get>
SettingField count(Get get, std::uint64_t min = 0, std::uint64_t max = kNoMaximum) {
  return number(get, min, max, false);
}

template <typename Get>
SettingField size(Get get, std::uint64_t min = 0, std::uint64_t max = kNoMaximum) {
  return number(get, min, max, true);
}

template <typename Get>
SettingField duration(Get get, milliseconds min = milliseconds(1)) {
  SettingField field;
  field.assign = [=](Settings& to, std::string_view text) -> std::string {
    const auto value = parse_duration(text);
    if (!value) return "is not a duration; write 500ms, 10s or 1h30m";
    if (*value < min) return "must be at least " + print_duration(min);
    get(to) = *value;
    return {};
  };
  field.print = [=](const Settings& from) { return print_duration(get(from)); };
  return field;
}

template <typename Value>
using Choices = std::vector<std::pair<std::string_view, Value>>;

template <typename Get, typename Value>
SettingField choice(Get get, Choices<Value> choices) {
  SettingField field;
  field.assign = [=](Settings& to, std::string_view text) -> std::string {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) {
      names.push_back(name);
      if (name != text) continue;
      get(to) = value;
      return {};
    }
    return fmt::format("is not one of {}", fmt::join(names, ", "));
  };
  field.print = [=](const Settings& from) {
    for (const auto& [name, value] : choices)
      if (value == get(from)) return std::string(name);
    return std::string();
  };
  return field;
}

template <typename Get>
SettingField on_off(Get get) {
  return choice(get, Choices<bool>{{"on", true}, {"off", false}});
}

template <typename Get>
SettingField text(Get get) {
  SettingField field;
  field.assign = [=](Settings& to, std::string_view value) -> std::string {
    if (value.empty()) return "must not be empty";
    get(to) = value;
    return {};
  };
  field.print = [=](const Settings& from) { return get(from); };
  return field;
}

/// A list that prints as empty: its default is told by the help text.
template <typename Get, typename Parse>
SettingField list(Get get, Parse parse, std::string_view complaint) {
  SettingField field;
  field.assign = [=](Settings& to, std::string_view value) -> std::string {
    const auto parsed = parse(value);
    if (!parsed) return std::string(complaint);
    get(to).push_back(*parsed);
    return {};
  };
  field.print = [](const Settings&) { return std::string(); };
  field.clear = [=](Settings& to) { get(to).clear(); };
  return field;
}

}  // namespace gatehouse::file
