// SPDX-License-Identifier: Apache-2.0
// `gatehouse echo`: the demo backend as a command.
#pragma once

#include <span>

namespace gatehouse::gateway {

/// `arguments` without the program's and the command's name. Serves until SIGINT or SIGTERM. Returns the exit
/// code: 0, or 2 when the arguments or the address are of no use, after one line on standard error.
int run_echo(std::span<const char* const> arguments);

}  // namespace gatehouse::gateway
