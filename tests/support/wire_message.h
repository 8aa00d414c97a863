// SPDX-License-Identifier: Apache-2.0
// A small reader of HTTP/1 messages for tests, written apart from the product's own.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::test {

/// One request or response as it was on the wire.
struct WireMessage {
  std::string head;        ///< raw, with its blank line
  std::string start_line;  ///< without CRLF
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;      ///< chunks joined
  std::string trailers;  ///< raw lines behind the last chunk
  bool chunked = false;
  bool until_close = false;  ///< the body was delimited by the end of the connection
  bool broken = false;       ///< framing that cannot be read; everything behind the head is in `body`

  int status() const;  ///< 0 when the start line is no status line
  bool has(std::string_view name) const { return count(name) != 0; }
  std::size_t count(std::string_view name) const;
  /// The first value of that name, or empty. Names ignore case.
  std::string field(std::string_view name) const;
  /// All values of that name, in order.
  std::vector<std::string> all(std::string_view name) const;
};

enum class HasBody : bool { no, by_framing };
enum class Stream : bool { open, ended };

/// Takes one complete request off the front of `bytes`; empty while more is needed.
std::optional<WireMessage> take_request(std::string_view& bytes);
/// Takes one complete response, interim ones included; empty while more is needed. `body` is no after HEAD.
std::optional<WireMessage> take_response(std::string_view& bytes, HasBody body, Stream stream);

/// All complete requests at the front of `bytes`, one after another.
std::vector<WireMessage> all_requests(std::string_view bytes);

}  // namespace gatehouse::test
