// SPDX-License-Identifier: Apache-2.0
// The command line: which command runs with which arguments.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::gateway {

/// Returns the process's exit code: 0 good, 1 problems found, 2 could not run (bad arguments, unreadable
/// files).
int run_command_line(int argc, char** argv);

/// `gatehouse validate`: prints what is wrong and every object's conditions.
int run_validate(const std::vector<std::string>& arguments);

}  // namespace gatehouse::gateway
