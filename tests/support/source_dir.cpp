// SPDX-License-Identifier: Apache-2.0
#include "tests/support/source_dir.h"

namespace gatehouse::test {

const char* const kSourceDir = GATEHOUSE_SOURCE_DIR;

}  // namespace gatehouse::test
