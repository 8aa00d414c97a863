// SPDX-License-Identifier: Apache-2.0
// What a configuration does with one request, decided by the tables that serve.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/ir/route.h"
#include "config/translate/policies/traffic_policies.h"
#include "gateway/cli/loaded_files.h"

namespace gatehouse::gateway {

struct AskedRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  ///< "name: value"
};

/// A match that could have served and did not.
struct LostMatch {
  std::string route;
  std::size_t rule = 0;
  std::string match;   ///< in words
  std::string reason;  ///< in words
};

struct ExplainedBackend {
  const ir::WeightedBackend* backend = nullptr;
  const ir::Cluster* cluster = nullptr;  ///< null for an invalid reference
  std::uint64_t total_weight = 0;
  std::string authority;  ///< with which the request arrives there
  std::string path;
  std::string fault;  ///< of an invalid reference: what its route's status says of it
  std::vector<translate::EffectiveField> policy;
};

/// What one socket does with it. Pointers are into LoadedFiles' configuration.
struct ExplainedAnswer {
  std::string outcome;       ///< "forwarded", "redirected", "preflight", or why the gateway answers itself
  std::uint16_t status = 0;  ///< 0: the backend's
  std::string grpc_status;   ///< what a gRPC client is told in its place
  std::vector<std::string> addresses;
  const ir::Listener* listener = nullptr;
  std::vector<std::string> other_listeners;  ///< of the same socket, less specific or of other hosts
  const ir::HttpRoute* route = nullptr;
  const ir::RouteRule* rule = nullptr;
  std::size_t rule_index = 0;  ///< in the object
  std::string fault;           ///< of a rule that is not served as it is written: what the status says of it
  std::string hostname;        ///< of the route, that covers the host; empty: any
  std::string match;           ///< in words
  std::string location;        ///< of a redirect
  std::vector<ExplainedBackend> backends;
  std::vector<LostMatch> lost;
};

struct Explanation {
  std::string error;  ///< the request cannot be asked at all; nothing else is set then
  std::string host;
  std::string path;
  std::string query;
  std::uint16_t port = 0;
  std::vector<ExplainedAnswer> answers;  ///< one per listener that a socket of this port leads to
  std::vector<std::string> unserved;     ///< messages of the listeners with this port that are not served

  bool is_served() const;
};

/// Sockets are those bound to the port of the URL, or whose listeners have it in their objects.
Explanation explain_request(const LoadedFiles& loaded, const file::Settings& settings,
                            const AskedRequest& asked);

}  // namespace gatehouse::gateway
