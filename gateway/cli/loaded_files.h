// SPDX-License-Identifier: Apache-2.0
// Files as `gatehouse run` would serve them, for the commands that only look.
#pragma once

#include <string>
#include <vector>

#include "config/file/settings.h"
#include "config/objects/problem.h"
#include "config/objects/snapshot.h"
#include "config/translate/translate.h"
#include "gateway/cli/commands.h"

namespace gatehouse::gateway {

struct LoadedFiles {
  objects::Snapshot snapshot;
  translate::Translation translation;
  objects::Statuses statuses;              ///< as if every listener could be bound
  std::vector<objects::Problem> problems;  ///< of the files
  std::vector<objects::Problem> warnings;  ///< of the translation
  bool unreadable = false;

  /// Something is not used, or can never serve.
  bool has_error() const;
};
LoadedFiles load_files(const std::vector<std::string>& paths, const file::Settings& settings);

/// One line per problem and warning, to standard error.
void print_problems(const LoadedFiles& loaded);

/// Standard start of such a command: help and errors are dealt with when `exit_code` is not negative.
struct CommandStart {
  Arguments arguments;
  file::Settings settings;
  int exit_code = -1;
};
CommandStart start_command(std::string_view name, const std::vector<std::string>& arguments);

}  // namespace gatehouse::gateway
