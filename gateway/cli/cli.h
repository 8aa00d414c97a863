// SPDX-License-Identifier: Apache-2.0
// The command line: which command runs with which arguments.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::gateway {

/// Returns the process's exit code: 0 good, 1 problems or differences found, 2 could not run (bad arguments,
/// unreadable files). Each command's own codes are in command_table().
int run_command_line(int argc, char** argv);

// One function per row of command_table(). `arguments` come without program and command name.
int run_run(const std::vector<std::string>& arguments);
int run_validate(const std::vector<std::string>& arguments);
int run_explain(const std::vector<std::string>& arguments);
int run_diff(const std::vector<std::string>& arguments);
int run_echo_command(const std::vector<std::string>& arguments);
int run_completion(const std::vector<std::string>& arguments);
int run_version(const std::vector<std::string>& arguments);
int run_help(const std::vector<std::string>& arguments);

}  // namespace gatehouse::gateway
