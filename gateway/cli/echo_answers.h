// SPDX-License-Identifier: Apache-2.0
// What the demo backend answers with: JSON texts, checksums, the meaning of its paths.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

enum class EchoAction : std::uint8_t { describe, version, status, delay, bytes, chunked, upload, bad_number };

struct EchoCommand {
  EchoAction action = EchoAction::describe;
  std::uint64_t number = 0;
};

/// Numbers outside the range of their path are EchoAction::bad_number.
EchoCommand read_echo_command(std::string_view target);

using EchoHead = boost::beast::http::request_header<>;

std::string describe_request(const EchoHead& head, std::string_view pod, std::string_view remote,
                             std::uint64_t body_bytes);
std::string version_text();
std::string upload_text(std::uint64_t bytes, std::string_view checksum);
std::string error_text(std::string_view why);

/// SHA-256 of what passed by.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;

  void add(std::string_view bytes);
  /// Lower-case hex. Once, at the end.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace gatehouse::gateway
