// SPDX-License-Identifier: Apache-2.0
// The composition root: builds every part, joins them, and runs until told to stop.
#pragma once

#include "config/file/settings.h"

namespace gatehouse::gateway {

/// `gatehouse run`. Blocks until SIGTERM or SIGINT has drained the process. Exit code: 0 after a drain, 1
/// when the drain timeout cut something off, 2 when it could not start (one clear line was logged).
int run_app(const file::Settings& settings);

}  // namespace gatehouse::gateway
