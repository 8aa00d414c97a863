// SPDX-License-Identifier: Apache-2.0
// One line per request: its fields, and the formats it can be written in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace gatehouse::proxy {

/// What one exchange was. There is no field for Authorization, Cookie or any header but User-Agent, so no
/// format can show one (C6). Views are used during the call only.
struct AccessRecord {
  WallTime time;  ///< of the request head
  std::string_view method;
  std::string_view host;
  std::string_view path;
  std::string_view query;  ///< only written where a template asks for it: queries carry tokens
  std::string_view protocol = "HTTP/1.1";
  std::uint16_t status = 0;     ///< 0: no response head was sent
  std::uint64_t bytes_in = 0;   ///< body bytes from the client
  std::uint64_t bytes_out = 0;  ///< body bytes to the client
  Duration duration{};
  std::string_view route;                     ///< ir::HttpRoute::key, or empty
  std::string_view cluster;                   ///< ir::Cluster::key, or empty
  std::string_view endpoint;                  ///< "1.2.3.4:80", or empty
  std::optional<Duration> upstream_duration;  ///< of the last try, up to its response head
  std::string_view request_id;
  std::string_view client;  ///< address
  std::string_view user_agent;
  std::string_view reason;  ///< static text: why we answered ourselves or gave up; empty when all went well
};

/// A compiled format. Immutable; used by all workers.
class AccessLogFormat {
 public:
  /// A line, its end included, is never longer (L13).
  static constexpr std::size_t kMaxLine = 4096;

  static AccessLogFormat json();
  /// Text with $name or ${name}; $$ is a dollar sign. The error names what is not understood.
  static std::variant<AccessLogFormat, std::string> compile(std::string_view text);
  /// The names that compile() knows, for --help.
  static std::string variables();

  /// Writes one line with its '\n' into `to` and returns it. Values from the network are escaped, long ones
  /// cut. Allocates nothing.
  std::string_view write(const AccessRecord& record, std::span<char, kMaxLine> to) const;

 private:
  struct Piece {
    std::string text;                      ///< before the value
    std::optional<std::uint8_t> variable;  ///< index in the table of variables
  };
  std::vector<Piece> pieces_;
};

}  // namespace gatehouse::proxy
