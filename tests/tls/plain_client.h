// SPDX-License-Identifier: Apache-2.0
// OpenSSL's own client over one end of a socketpair: a peer that is not ours.
#pragma once

#include <openssl/ssl.h>

#include <catch2/catch.hpp>

#include <string>

#include "tests/tls/tls_rig.h"

namespace gatehouse::tls::test {

class PlainClient {
 public:
  explicit PlainClient(int fd) : context_(SSL_CTX_new(TLS_client_method())), fd_(fd) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
  }
  ~PlainClient() {
    ssl_.reset();
    ::close(fd_);
  }
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;

  SSL_CTX* context() { return context_.get(); }
  SSL* ssl() {
    if (!ssl_) {
      ssl_.reset(SSL_new(context_.get()));
      SSL_set_fd(ssl_.get(), fd_);
      SSL_set_connect_state(ssl_.get());
    }
    return ssl_.get();
  }
  bool shake() { return SSL_do_handshake(ssl()) == 1; }
  std::string read() {
    std::string bytes(1'000, '\0');
    const int n = SSL_read(ssl(), bytes.data(), static_cast<int>(bytes.size()));
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }
  void write(std::string_view bytes) {
    REQUIRE(SSL_write(ssl(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size()));
  }

 private:
  ContextHandle context_;
  SslHandle ssl_;
  int fd_;
};

/// Our server and a PlainClient; `prepare` gets the client before it begins.
struct MixedPair {
  template <typename Prepare>
  MixedPair(Loop& loop, const ServerContext& context, Prepare prepare, HandshakeLimits limits = {})
      : MixedPair(loop, context, make_pair(), prepare, limits) {}

  bool succeeded() const { return server.succeeded() && client_done; }

  End server;
  PlainClient client;
  bool client_done = false;

 private:
  template <typename Prepare>
  MixedPair(Loop& loop, const ServerContext& context, std::array<int, 2> fds, Prepare prepare,
            HandshakeLimits limits)
      : server(*loop), client(fds[1]) {
    prepare(client);
    open_end(server, fds[0], context.accept(0, fds[0]), limits);
    for (int turns = 0; turns < 50 && !(client_done && server.is_done()); ++turns) {
      if (!client_done) client_done = client.shake();
      loop.turn();
      if (server.is_done() && !server.succeeded()) return;
    }
  }
};

}  // namespace gatehouse::tls::test
