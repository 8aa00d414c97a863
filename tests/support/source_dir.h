// SPDX-License-Identifier: Apache-2.0
// Where the files are that tests read. Only source_dir.cpp is compiled with the path, so that all other
// objects are alike in every checkout.
#pragma once

namespace gatehouse::test {

/// The checkout's top folder, without a slash at its end.
extern const char* const kSourceDir;

}  // namespace gatehouse::test
