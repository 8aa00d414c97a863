// SPDX-License-Identifier: Apache-2.0
// The demo backend: tells what it received, and misbehaves on request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "base/ip.h"

namespace gatehouse::gateway {

struct EchoOptions {
  SocketAddress listen;
  std::string name;  ///< "pod" in the answers
  std::size_t threads = 1;
};

/// Serves on threads of its own until stop() or its destruction. Paths:
///   /version           name and version
///   /status/N          answers N (200-599)
///   /delay/N           answers after N ms, at most 60 s
///   /bytes/N           N bytes (at most 10 GiB) with Content-Length, see fill_demo_bytes
///   /chunked/N         N chunks (at most 1,000,000), then the trailer X-Checksum: SHA-256 of the body
///   /upload            reads a body of any size, answers its size and SHA-256
///   anything else      JSON of the request; a WebSocket upgrade on any path echoes messages
class EchoServer {
 public:
  /// The error is one line for the user.
  static std::variant<std::unique_ptr<EchoServer>, std::string> start(const EchoOptions& options);
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  std::uint16_t port() const;
  /// Closes everything. Not from one of its own threads.
  void stop();

 private:
  class Service;
  explicit EchoServer(std::unique_ptr<Service> service);

  std::unique_ptr<Service> service_;
};

/// The bytes of /bytes/N from `offset` (a multiple of 8) on: they never repeat, so a lost or doubled block
/// shows.
void fill_demo_bytes(std::uint64_t offset, std::span<char> to);

}  // namespace gatehouse::gateway
