// SPDX-License-Identifier: Apache-2.0
// What `gatehouse run` prints on standard output: what is served, and each change of it.
#pragma once

#include <memory>
#include <string>

#include "config/file/settings.h"
#include "config/ir/config.h"

namespace gatehouse::gateway {

/// Owned by the application; control thread.
class RunReport {
 public:
  explicit RunReport(file::RunOutput output);

  /// The table of listeners and routes at first, then what changed since the call before.
  void show(const std::shared_ptr<const ir::Config>& config);

 private:
  enum class Form : std::uint8_t { none, text, json };

  Form form_ = Form::none;
  bool log_shows_changes_ = false;
  std::shared_ptr<const ir::Config> shown_;
};

/// Two tables, for people.
std::string table_of(const ir::Config& config);
/// One line of JSON: {"event":"serving",...}.
std::string serving_event(const ir::Config& config);
/// One line of JSON: {"event":"changed",...}; empty when nothing did.
std::string changed_event(const ir::Config& before, const ir::Config& after);

}  // namespace gatehouse::gateway
