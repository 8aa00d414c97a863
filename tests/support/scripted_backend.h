// SPDX-License-Identifier: Apache-2.0
// A backend that records every byte and answers by script.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/wire_message.h"
#include "tests/support/wire_socket.h"

namespace gatehouse::test {

class ScriptedBackend;

/// One connection the gateway opened; handed to the script, on the connection's own thread. No Catch2 macros
/// there: a step that fails returns false, and so do all steps once the backend is being destroyed.
class BackendConnection {
 public:
  BackendConnection(ScriptedBackend& backend, int index, int fd)
      : backend_(backend), index_(index), socket_(fd) {}

  /// 0 for the first connection the backend accepted.
  int index() const { return index_; }
  /// Reads until `text` was received behind what earlier waits and requests used up.
  bool wait_for(std::string_view text);
  /// Reads one complete request, head and body.
  std::optional<WireMessage> read_request();
  bool send(std::string_view bytes);
  /// One write per byte; `settle` is called behind each.
  bool send_slowly(std::string_view bytes, const std::function<void()>& settle);
  /// Reads until the gateway ends the connection; true for FIN or RST.
  bool wait_for_close();
  void half_close() { socket_.half_close(); }
  void reset() { socket_.reset(); }
  void close() { socket_.close(); }
  /// Blocks until ScriptedBackend::release(), or the backend's end, without reading: the gateway meets a
  /// full window.
  bool hold();

 private:
  friend class ScriptedBackend;
  bool read_more();

  ScriptedBackend& backend_;
  const int index_;
  WireSocket socket_;
  std::size_t used_ = 0;  ///< of recorded_, by waits and requests

  // written by this connection's thread under the backend's mutex, together with the read itself
  std::string recorded_;
  std::size_t visible_from_ = 0;  ///< moved by forget()
  bool ended_ = false;
};

/// Listens on a port of its own from construction to destruction, one thread per connection. When a script
/// returns with the connection open, the rest is read and recorded until the gateway closes it.
class ScriptedBackend {
 public:
  using Script = std::function<void(BackendConnection&)>;

  /// A complete answer to every request on every connection.
  static Script answering(std::string response);
  static constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  explicit ScriptedBackend(Script script = answering(std::string(kOk)));
  ~ScriptedBackend();
  ScriptedBackend(const ScriptedBackend&) = delete;
  ScriptedBackend& operator=(const ScriptedBackend&) = delete;

  const SocketAddress& address() const { return listener_.address; }
  /// For connections accepted from now on.
  void set_script(Script script);
  /// Ends every hold().
  void release();

  int connections() const;       ///< accepted since the start or forget()
  int open_connections() const;  ///< not closed by the gateway yet, as far as their scripts have looked
  std::string recorded(int connection) const;  ///< by BackendConnection::index()
  std::string recorded() const;                ///< of all connections, in the order they were accepted
  std::vector<WireMessage> requests() const;   ///< complete ones, of all connections
  bool wait_for_connections(int at_least) const;
  bool wait_for_requests(std::size_t at_least) const;
  bool wait_for_bytes(std::string_view text) const;
  /// Until everything that was sent to the backend before the call is recorded; false when a script does not
  /// read it.
  bool wait_until_caught_up() const;
  /// Until all connections accepted so far were closed.
  bool wait_until_closed() const;
  /// Forgets what was recorded and counted; open connections go on and record afresh.
  void forget();

 private:
  friend class BackendConnection;
  void accept_all();
  void serve(BackendConnection& connection);
  bool wait_until(const std::function<bool()>& holds) const;
  std::vector<WireMessage> requests_locked() const;

  WireListener listener_;
  int stop_ = -1;  ///< eventfd, readable from the destructor on
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Script script_;
  bool released_ = false;
  bool stopping_ = false;
  std::size_t forgotten_ = 0;  ///< connections accepted before forget()
  std::vector<std::unique_ptr<BackendConnection>> connections_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace gatehouse::test
