// SPDX-License-Identifier: Apache-2.0
// The certificates that the TLS examples and documents refer to, made by the script that users run.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "tests/config/temp_folder.h"
#include "tests/support/source_dir.h"

namespace gatehouse::test {

/// A folder with them, made once per process.
inline const std::string& certificates() {
  static const TempFolder folder;
  static const std::string path = [] {
    auto made = folder.path("certificates");
    const std::string command =
        std::string(gatehouse::test::kSourceDir) + "/examples/make-certificates " + made + " >/dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
    return made;
  }();
  return path;
}

}  // namespace gatehouse::test
