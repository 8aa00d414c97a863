// SPDX-License-Identifier: Apache-2.0
// How many CPUs this process may really use.
#pragma once

#include <string>

namespace gatehouse::file {

/// The CPUs of the affinity mask, less when a cgroup quota (v2 or v1, of this process's group or one above)
/// allows fewer. At least 1. `root` replaces "/" in tests.
unsigned usable_cpus(const std::string& root = "/");

}  // namespace gatehouse::file
