// SPDX-License-Identifier: Apache-2.0
// Objects in, {IR, desired statuses} out: pure, no clock, no I/O.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "config/ir/config.h"
#include "config/ir/transport.h"
#include "config/objects/problem.h"
#include "config/objects/snapshot.h"
#include "config/objects/status.h"

namespace gatehouse::translate {

/// How Gateways come by their addresses (config/translate/address_modes.h).
enum class AddressMode : std::uint8_t {
  pool,       ///< each Gateway has addresses of this machine
  merged,     ///< all are reached through one Service
  shared,     ///< each through a Service of its own, which selects this process' pods
  dedicated,  ///< likewise, with pods of its own
};

/// What the process settings say about addresses and names. Constant for the life of the process.
struct Options {
  std::vector<std::string> controller_names{"gatehouse.dev/gateway-controller"};
  std::vector<Cidr> address_pool;        ///< each Gateway without spec.addresses gets one (pool mode);
                                         ///< a single-address pool is shared by all of them
  std::vector<IpAddress> bind_override;  ///< --bind: sockets bind here, whatever the status address says
  std::map<std::uint16_t, std::uint16_t> port_map;  ///< --port-map: listener port -> bound port
  std::vector<std::uint16_t> proxy_protocol_ports;  ///< of listeners that expect a PROXY protocol header
  ir::HttpLimits limits;                            ///< defaults of every listener
  ir::PoolLimits pool;                              ///< defaults of every cluster
  std::string zone;                                 ///< --zone: endpoints hinted for it come first
  std::int64_t now = 0;  ///< Unix seconds; only certificates that outlived their Secret depend on it

  bool in_cluster = false;  ///< the objects are other people's: none of them may lead inside
  AddressMode address_mode = AddressMode::pool;
  std::string gateway_service;  ///< merged: "namespace/name" of the Service
  std::string own_namespace;    ///< shared and dedicated: where the Services of Gateways are
  std::string only_gateway;     ///< "namespace/name": no other Gateway is served; empty: all are
  /// In a cluster: no endpoint may be one of these (the admin port at each address of this pod).
  std::vector<SocketAddress> own_addresses;
};

class TrafficPolicies;

struct Translation {
  std::shared_ptr<const ir::Config> config;
  /// Who decides what, for `explain` (config/translate/policies/traffic_policies.h); null without policies.
  std::shared_ptr<const TrafficPolicies> policies;
  objects::Statuses statuses;
  /// What no status condition can carry, for `validate` and the log. Errors never serve as they are written:
  /// references to Gateways, ListenerSets and GatewayClasses that are not there.
  std::vector<objects::Problem> warnings;
  /// When the first of the certificates that outlived their Secret expires, Unix seconds; 0: there is none.
  std::int64_t next_expiry = 0;
};

/// Remembers per object what came out, keyed by the identities of its inputs, so that one changed route among
/// 5,000 costs one route. Owned by the caller; dropping it is always safe.
class Memo;
std::shared_ptr<Memo> make_memo();

/// What translations with a memo did so far, as opposed to what they remembered.
struct MemoCounts {
  std::uint64_t full_passes = 0;     ///< over all objects
  std::uint64_t routes_visited = 0;  ///< looked at, also to find that they are nobody's
  std::uint64_t routes_translated = 0;
  std::uint64_t clusters_rebuilt = 0;  ///< for nothing but other endpoints
};
const MemoCounts& counts_of(const Memo& memo);
inline std::uint64_t routes_translated(const Memo& memo) {
  return counts_of(memo).routes_translated;
}

/// Deterministic: equal inputs give equal outputs. `memo` may be null; it belongs to one set of options.
Translation translate(const objects::Snapshot& snapshot, const Options& options, Memo* memo);

/// What happened to one socket when the workers tried to bind it.
struct BindOutcome {
  SocketAddress address;
  std::string error;  ///< empty = every worker accepts on it; else the reason and the remedy
  ir::Transport transport = ir::Transport::tcp;
};

/// Joins the desired statuses with bind outcomes (Programmed, addresses). A bind the outcomes do not name is
/// pending.
objects::Statuses merge_bind_outcomes(const Translation& translation,
                                      const std::vector<BindOutcome>& outcomes);

}  // namespace gatehouse::translate
