// SPDX-License-Identifier: Apache-2.0
// The process's own log: what an operator should know. Never on the request path.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse {

enum class LogLevel : std::uint8_t { debug, info, warning, error, off };
enum class LogFormat : std::uint8_t { text, json };

/// "debug", "info", "warning", "error", "off".
std::optional<LogLevel> parse_log_level(std::string_view name);

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::FILE* to = stderr;  ///< stays open for the life of the process
};

/// Before the first thread starts; without it the defaults hold.
void start_log(const LogOptions& options);

bool is_logged(LogLevel level);
/// One line. Any thread.
void write_log(LogLevel level, std::string_view message);

/// Text that came from the network, safe in one line of a log: quotes, backslashes, controls and non-ASCII
/// bytes escaped, cut at 512 bytes.
std::string escaped(std::string_view text);

template <typename... Args>
void log_at(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (is_logged(level)) write_log(level, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::debug, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::info, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::warning, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_at(LogLevel::error, format, std::forward<Args>(args)...);
}

}  // namespace gatehouse
