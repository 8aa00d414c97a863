// SPDX-License-Identifier: Apache-2.0
// The gatehouse binary: hands over to the command line.
#include "gateway/cli/cli.h"

int main(int argc, char** argv) {
  return gatehouse::gateway::run_command_line(argc, argv);
}
