// SPDX-License-Identifier: Apache-2.0
// Who the client is and what the backend is told about it (H2, H5).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/ip.h"
#include "proxy/http/message.h"
#include "proxy/http/request_id.h"

namespace gatehouse::http {

/// What an untrusted peer's own X-Forwarded-For becomes: kept with the peer appended, or replaced by the
/// peer.
enum class UntrustedFor : std::uint8_t { append, overwrite };

/// Which peers may speak for others. The chain is X-Forwarded-For, then the peer; counted from the right, the
/// first `trusted_hops` addresses and every address in `trusted` are proxies of ours. Per listener,
/// immutable.
struct TrustRules {
  std::vector<Cidr> trusted;
  std::uint32_t trusted_hops = 0;
  UntrustedFor untrusted_for = UntrustedFor::append;
};

/// What a connection knows once and for all; texts are made once per connection.
struct PeerContext {
  RequestIdGenerator* request_ids = nullptr;  ///< the worker's own; never null when used
  IpAddress address;
  std::string_view address_text;
  std::string_view scheme;     ///< "http" or "https": how the peer reached us
  std::string_view sni;        ///< with "https": the name the client asked for, lower case, or empty
  std::string_view port_text;  ///< the listener's advertised port
};

/// The outcome for one request. Views into the fields, the peer context and the arena.
struct Forwarded {
  IpAddress client;  ///< nearest address of the chain that is not a trusted proxy
  std::string_view client_text;
  bool peer_trusted = false;
  bool any_present = false;  ///< the request had some of these fields already
  std::string_view for_chain;
  std::string_view proto;
  std::string_view host;  ///< empty when the request names none (HTTP/1.0)
  std::string_view port;
  std::string_view request_id;
};

/// Reads `head` (fields, authority) after check_request. A request without any of these fields costs one
/// pass. X-Request-Id is kept when it is 1-128 printable characters, otherwise a new one is made.
Forwarded decide_forwarded(const RequestHead& head, const PeerContext& peer, const TrustRules& rules,
                           Arena& arena);

/// Replaces X-Forwarded-For/-Proto/-Host/-Port, X-Real-IP and X-Request-Id by `decided`; removes Proxy
/// (httpoxy), and Forwarded unless the peer is trusted. All other fields keep their order.
void write_forwarded(HeaderList& fields, const Forwarded& decided);

}  // namespace gatehouse::http
