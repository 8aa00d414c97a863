// SPDX-License-Identifier: Apache-2.0
// Where the key of session tokens comes from, and where it is kept so that sessions survive a restart.
#pragma once

#include <optional>
#include <string>

#include "config/ir/config.h"
#include "proxy/filters/session_token.h"

namespace gatehouse::gateway {

/// Owned by the application; control thread. The key is fixed from construction on: that of the file, or a
/// random one. A random key is written only once something keeps sessions, so that nobody else gets a file.
class SessionKeyFile {
 public:
  /// `path` is what the operator named; empty: default_session_key_path().
  explicit SessionKeyFile(const std::string& path);

  const proxy::SessionKey& key() const { return key_; }
  /// Why the file that the operator named cannot be used; empty: all is well.
  const std::string& error() const { return error_; }

  /// Call for every configuration in force. The first one that keeps sessions makes the file when there is
  /// none; when that fails, one warning says so and the key lasts as long as the process.
  void look_at(const std::shared_ptr<const ir::Config>& config);

 private:
  enum class Origin { file, random, kept };

  void keep();

  std::string path_;
  Origin origin_ = Origin::random;
  std::string secret_;  ///< what the file holds, or shall hold
  proxy::SessionKey key_;
  std::string error_;
  std::shared_ptr<const ir::Config> seen_;
};

/// session.key in the folder for state: that of systemd, else /var/lib/gatehouse for root, else the user's.
/// Empty when the environment names none.
std::string default_session_key_path();

/// Whether a rule or backend of `config` keeps sessions; parts that are the very objects of `before` (may be
/// null) are passed over.
bool keeps_sessions(const ir::Config& config, const ir::Config* before);

}  // namespace gatehouse::gateway
