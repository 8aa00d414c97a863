// SPDX-License-Identifier: Apache-2.0
// Our two ends of TLS over a socketpair on one loop, and OpenSSL's plain API as a peer that is not ours.
#pragma once

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <array>
#include <optional>
#include <string>

#include "base/io/socket.h"
#include "base/io/task.h"
#include "tests/base/fake_clock.h"
#include "tests/tls/certificates.h"
#include "tls/client_context.h"
#include "tls/handshake.h"
#include "tls/server_context.h"

namespace gatehouse::tls::test {

/// A listener and a cluster that trust each other; tests change what they are about before they build.
struct Configs {
  Made authority = make_authority();
  Made leaf = make_leaf("DNS:a.example", authority);
  ir::ListenerTls listener;
  ir::ClusterTls cluster;
  std::shared_ptr<TicketKeys> tickets;
  std::string scope = "default/gateway/https";

  Configs() {
    listener.certificates.push_back(as_config(leaf));
    cluster.server_name = "a.example";
    cluster.trust = as_trust(authority);
    tickets = *TicketKeys::create(MonoTime{});
  }
  Result<std::shared_ptr<const ServerContext>> try_server() const {
    ServerContext::Surroundings around;
    around.scope = scope;
    around.tickets = tickets;
    return ServerContext::build(std::make_shared<ir::ListenerTls>(listener), around);
  }
  std::shared_ptr<const ServerContext> server() const {
    auto built = try_server();
    REQUIRE(built.has_value());
    return *built;
  }
  std::shared_ptr<const ClientContext> client() const {
    auto built = ClientContext::build(std::make_shared<ir::ClusterTls>(cluster), 1);
    REQUIRE(built.has_value());
    return *built;
  }
};

struct Loop {
  Loop() {
    auto made = io::EventLoop::create(clock);
    REQUIRE(made.has_value());
    loop = std::move(*made);
  }
  io::EventLoop& operator*() { return *loop; }
  void turn() { loop->turn(Duration::zero()); }
  /// Turns until `done`; what never happens fails the test.
  template <typename Done>
  void turn_until(Done done) {
    for (int turns = 0; !done(); ++turns) {
      REQUIRE(turns < 100'000);
      turn();
    }
  }

  gatehouse::FakeClock clock;
  std::unique_ptr<io::EventLoop> loop;
};

/// One end: its socket, and what its handshake came to.
struct End {
  explicit End(io::EventLoop& loop) : socket(loop) {}
  io::Socket socket;
  std::optional<Result<HandshakeFacts>> handshake;

  TlsStream& stream() { return *static_cast<TlsStream*>(socket.transport()); }
  bool is_done() const { return handshake.has_value(); }
  bool succeeded() const { return handshake && handshake->has_value(); }
};

inline io::Task<> shake(End& end, HandshakeLimits limits) {
  auto outcome = co_await handshake(end.socket, limits);
  end.handshake.emplace(std::move(outcome));
}

inline std::array<int, 2> make_pair(int buffer_bytes = 0) {
  std::array<int, 2> fds{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  for (const int fd : fds)
    if (buffer_bytes) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
  return fds;
}

inline void open_end(End& end, int fd, std::unique_ptr<TlsStream> stream, HandshakeLimits limits = {}) {
  REQUIRE(stream);
  REQUIRE(end.socket.open(fd));
  end.socket.set_transport(std::move(stream));
  io::spawn(shake(end, limits));
}

/// Both ends ours, connected and shaken hands, or failed to.
struct Pair {
  Pair(Loop& loop, const ServerContext& server_context, const ClientContext& client_context,
       Ref<SessionSlot> slot = {}, int buffer_bytes = 0)
      : server(*loop), client(*loop), loop_(loop) {
    const auto fds = make_pair(buffer_bytes);
    open_end(server, fds[0], server_context.accept(0, fds[0]));
    open_end(client, fds[1], client_context.connect(0, fds[1], std::move(slot)));
    // An end that fails goes away, as its owner would do.
    loop_.turn_until([this] {
      if (server.is_done() && !server.succeeded()) server.socket.close();
      if (client.is_done() && !client.succeeded()) client.socket.close();
      return server.is_done() && client.is_done();
    });
  }
  bool succeeded() const { return server.succeeded() && client.succeeded(); }

  End server;
  End client;

 private:
  Loop& loop_;
};

inline io::Transfer write_text(io::Socket& socket, std::string_view text) {
  const iovec part{const_cast<char*>(text.data()), text.size()};
  return socket.write({&part, 1});
}

/// Reads what is there; the state of the read that ended it.
struct Got {
  std::string bytes;
  io::Transfer::State state = io::Transfer::State::would_block;
};
inline Got read_all(io::Socket& socket, std::size_t step = 4096) {
  Got got;
  std::string buffer(step, '\0');
  for (;;) {
    const auto n = socket.read(buffer);
    got.state = n.state;
    if (n.state != io::Transfer::State::done) return got;
    got.bytes.append(buffer, 0, n.bytes);
  }
}

}  // namespace gatehouse::tls::test
