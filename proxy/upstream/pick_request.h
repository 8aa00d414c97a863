// SPDX-License-Identifier: Apache-2.0
// What an exchange says when it asks for an endpoint, and what it reports about the one it got.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/ip.h"

namespace gatehouse::proxy {

/// A connection that carries no HTTP but bytes as they are, and serves nobody else.
struct RawDial {
  bool tls = true;              ///< as the cluster says; false: what is carried brings its own
  std::string_view prologue{};  ///< sent in front of everything, TLS included (PROXY protocol)
};

/// Views: the caller's, valid until the call (or the task it returned) has ended.
struct PickRequest {
  std::optional<std::uint64_t> hash;       ///< ring_hash and maglev; without it any endpoint will do
  const SocketAddress* pinned = nullptr;   ///< of a session: this endpoint as long as it is usable
  std::span<const SocketAddress> avoid{};  ///< tried before: not again while others are left
  const RawDial* raw = nullptr;  ///< open() makes such a connection: Lease::operator->()->as_http1()
};

/// How one try ended, from the endpoint's side. A try that ended for the client's sake is not reported.
struct UpstreamOutcome {
  enum class Kind : std::uint8_t {
    answered,  ///< a final response head came
    refused,   ///< could not connect; Cluster::open() reports these itself
    reset,     ///< broke before the response head, or the response was malformed
    timeout,   ///< no response head in time
  };
  Kind kind = Kind::answered;
  std::uint16_t status = 0;  ///< when answered

  static constexpr UpstreamOutcome answered(std::uint16_t status) { return {Kind::answered, status}; }
  static constexpr UpstreamOutcome refused() { return {Kind::refused, 0}; }
  static constexpr UpstreamOutcome reset() { return {Kind::reset, 0}; }
  static constexpr UpstreamOutcome timeout() { return {Kind::timeout, 0}; }
};

/// Names an endpoint by a number in session tokens: keyed, so that a token tells nothing about addresses.
/// The same address always gives the same number, for the life of the process.
class EndpointHasher {
 public:
  virtual std::uint64_t hash(const SocketAddress& address) const = 0;

 protected:
  ~EndpointHasher() = default;
};

}  // namespace gatehouse::proxy
