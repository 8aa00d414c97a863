// SPDX-License-Identifier: Apache-2.0
// One active check of one endpoint, over a connection of its own.
#pragma once

#include <string>

#include "base/io/socket.h"
#include "base/io/task.h"
#include "base/ip.h"
#include "config/ir/policy.h"
#include "proxy/upstream/dial.h"

namespace gatehouse::proxy {

struct CheckOutcome {
  bool passed = false;
  std::string why;  ///< when failed: "connection refused", "status 503"
};

/// http: GET, passes when the final response's status is one of those expected; tcp: passes when it can be
/// connected to; grpc: grpc.health.v1.Health/Check, passes when the service `check.host` is SERVING. `plan`
/// says how: in TLS where the cluster is, in HTTP/2 where it speaks that, and gRPC always in HTTP/2. Ends
/// within check.timeout, or when `cancel` fires (failed, empty `why`). The arguments outlive the task.
io::Task<CheckOutcome> check_endpoint(io::EventLoop& loop, const SocketAddress& address,
                                      const ir::ActiveHealthCheck& check, const DialPlan& plan,
                                      io::CancelSource& cancel);

}  // namespace gatehouse::proxy
