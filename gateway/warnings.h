// SPDX-License-Identifier: Apache-2.0
// What an operator should know and no status condition can carry.
#pragma once

#include <vector>

#include "config/objects/problem.h"
#include "config/objects/snapshot.h"
#include "config/translate/translate.h"

namespace gatehouse::gateway {

/// The translation's own warnings, and why nothing at all is served when no GatewayClass is ours.
std::vector<objects::Problem> warnings_of(const objects::Snapshot& snapshot,
                                          const translate::Translation& translation,
                                          const translate::Options& options);

}  // namespace gatehouse::gateway
