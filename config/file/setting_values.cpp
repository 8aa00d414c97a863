// SPDX-License-Identifier: Apache-2.0
// Sizes, durations and port pairs.
#include "config/file/setting_values.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "base/text.h"
#include "config/objects/constraints.h"

namespace gatehouse::file {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

/// Binary units first: print_size() takes the first that divides.
constexpr std::array<Unit, 7> kSizes{{{"Gi", 1ull << 30},
                                      {"Mi", 1ull << 20},
                                      {"Ki", 1ull << 10},
                                      {"G", 1'000'000'000},
                                      {"M", 1'000'000},
                                      {"k", 1'000},
                                      {"K", 1'000}}};

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  for (const auto& unit : kSizes) {
    if (!text.ends_with(unit.name)) continue;
    const auto count = parse_decimal(text.substr(0, text.size() - unit.name.size()));
    if (!count || *count > std::numeric_limits<std::uint64_t>::max() / unit.factor) return std::nullopt;
    return *count * unit.factor;
  }
  return parse_decimal(text);
}

std::string print_size(std::uint64_t bytes) {
  for (const auto& unit : kSizes)
    if (bytes >= unit.factor && bytes % unit.factor == 0)
      return fmt::format("{}{}", bytes / unit.factor, unit.name);
  return std::to_string(bytes);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  return objects::parse_gep2257(text);
}

std::string print_duration(std::chrono::milliseconds duration) {
  constexpr std::array<Unit, 4> kTimes{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
  auto left = static_cast<std::uint64_t>(duration.count());
  if (left == 0) return "0s";
  if (left % 1'000 == 0 && left < 600'000) return fmt::format("{}s", left / 1'000);
  std::string text;
  for (const auto& unit : kTimes) {
    if (left >= unit.factor) text += fmt::format("{}{}", left / unit.factor, unit.name);
    left %= unit.factor;
  }
  return text;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_decimal(text);
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_port_pair(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto from = parse_port(text.substr(0, equals));
  const auto to = parse_port(text.substr(equals + 1));
  if (!from || !to) return std::nullopt;
  return std::pair{*from, *to};
}

}  // namespace gatehouse::file
