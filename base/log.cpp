// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "base/text.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxEscapedInput = 512;
constexpr std::string_view kNames[] = {"debug", "info", "warning", "error", "off"};

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

/// Lines reach the descriptor at once: a crash right after keeps them.
class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::FILE* to) : to_(to) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), to_);
    std::fflush(to_);
  }
  void flush_() override { std::fflush(to_); }

  std::FILE* to_;
};

struct Log {
  explicit Log(const LogOptions& options)
      : level(options.level),
        format(options.format),
        logger("gatehouse", std::make_shared<FileSink>(options.to)) {
    logger.set_level(spdlog::level::trace);
    logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        format == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%v"})"
                                  : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
        spdlog::pattern_time_type::utc));
  }

  LogLevel level;
  LogFormat format;
  spdlog::logger logger;
};

// Replaced only before threads start; never destroyed, so that a late line at exit is safe.
std::atomic<Log*>& current() {
  static std::atomic<Log*> log = new Log(LogOptions{});  // NOLINT(cppcoreguidelines-owning-memory)
  return log;
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  for (std::size_t at = 0; at < std::size(kNames); ++at)
    if (kNames[at] == name) return static_cast<LogLevel>(at);
  return std::nullopt;
}

void start_log(const LogOptions& options) {
  delete current().exchange(new Log(options));
}

bool is_logged(LogLevel level) {
  return level >= current().load(std::memory_order_acquire)->level;
}

void write_log(LogLevel level, std::string_view message) {
  auto& log = *current().load(std::memory_order_acquire);
  std::string escaped_message;
  if (log.format == LogFormat::json) {
    append_json_escaped(escaped_message, message);
    message = escaped_message;
  }
  log.logger.log(spdlog_level(level), spdlog::string_view_t(message.data(), message.size()));
}

std::string escaped(std::string_view text) {
  std::string out;
  append_json_escaped(out, text.substr(0, kMaxEscapedInput));
  if (text.size() > kMaxEscapedInput) out += "...";
  return out;
}

}  // namespace gatehouse
