// SPDX-License-Identifier: Apache-2.0
// Points in time as the API server reads and writes them.
#pragma once

#include <string>

#include "base/clock.h"

namespace gatehouse::controller {

/// metav1.Time: "2026-11-23T23:15:19Z".
std::string timestamp(WallTime time);
/// metav1.MicroTime: "2026-11-23T23:15:19.000001Z".
std::string micro_timestamp(WallTime time);

}  // namespace gatehouse::controller
