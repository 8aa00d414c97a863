// SPDX-License-Identifier: Apache-2.0
// Texts of setting values: reading and printing. Private to the settings.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse::file {

/// 12, 64Ki, 1Mi, 2Gi, 10k, 10M, 1G.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string print_size(std::uint64_t bytes);

/// 500ms, 10s, 1h30m.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string print_duration(std::chrono::milliseconds duration);

/// 1 to 65535.
std::optional<std::uint16_t> parse_port(std::string_view text);
/// 80=8080.
std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_port_pair(std::string_view text);

}  // namespace gatehouse::file
