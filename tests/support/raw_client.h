// SPDX-License-Identifier: Apache-2.0
// A client that sends any bytes at all, and reads answers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/wire_message.h"
#include "tests/support/wire_socket.h"

namespace gatehouse::test {

/// Used by one thread, the test's. Everything it waits for has kPatience as its deadline.
class RawClient {
 public:
  /// `settle` is called behind every byte when given: see WireGateway::connect.
  explicit RawClient(const SocketAddress& to, std::function<void()> settle = {});

  /// False when the peer is gone before it took everything, which is an ordinary end of an attack.
  bool send(std::string_view bytes);
  /// Each part is a write of its own, read by the gateway before the next one when settling.
  bool send_segments(std::initializer_list<std::string_view> parts);
  void half_close() { socket_.half_close(); }
  void reset() { socket_.reset(); }
  void close() { socket_.close(); }

  /// The next response, interim ones too. Empty: the connection ended, or nothing came in time, before it
  /// was complete. HasBody::no after a HEAD request.
  std::optional<WireMessage> read_response(HasBody body = HasBody::by_framing);
  /// The next response that is not 100-199 (101 counts as final).
  std::optional<WireMessage> read_final_response(HasBody body = HasBody::by_framing);
  /// Waits until `text` stands in what was received and is not taken by a response yet. False: it never came.
  bool wait_for(std::string_view text);
  /// Waits for the end of the connection, FIN or RST; false when it is still open after the patience.
  bool is_closed(std::chrono::milliseconds patience = kPatience);
  bool was_reset() const { return reset_; }

  /// Received, and not taken by read_response.
  std::string_view rest() const { return rest_; }
  void drop_rest() { rest_.clear(); }
  WireSocket& socket() { return socket_; }

 private:
  bool read_more(std::chrono::milliseconds patience);

  WireSocket socket_;
  std::function<void()> settle_;
  std::string rest_;
  bool ended_ = false;
  bool reset_ = false;
};

}  // namespace gatehouse::test
