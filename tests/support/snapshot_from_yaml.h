// SPDX-License-Identifier: Apache-2.0
// Objects for tests, written as the YAML users write.
#pragma once

#include <string_view>

#include "config/objects/snapshot.h"

namespace gatehouse::test {

/// Reads and decodes every document; an error fails the test with its message.
objects::Snapshot snapshot_from_yaml(std::string_view text);

}  // namespace gatehouse::test
