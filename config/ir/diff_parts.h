// SPDX-License-Identifier: Apache-2.0
// What changed within one listener, route or cluster, one sentence each; empty when the two are equal.
#pragma once

#include <string>
#include <vector>

#include "config/ir/cluster.h"
#include "config/ir/listener.h"
#include "config/ir/route.h"

namespace gatehouse::ir {

/// A listener's routes are reported on their own: here only which of them it serves, and under which names.
std::vector<std::string> what_changed(const Listener& before, const Listener& after);
/// Rules are numbered as the object of `after` has them; those that are gone, as that of `before` had them.
std::vector<std::string> what_changed(const HttpRoute& before, const HttpRoute& after);
std::vector<std::string> what_changed(const L4Route& before, const L4Route& after);
std::vector<std::string> what_changed(const Cluster& before, const Cluster& after);

}  // namespace gatehouse::ir
