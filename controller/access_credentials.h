// SPDX-License-Identifier: Apache-2.0
// The texts an access is made of, read again each minute: tokens and certificates rotate in their files.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "controller/access.h"

namespace gatehouse::controller {

/// One state of all of them.
struct Credentials {
  std::string token;  ///< without the line end of its file
  std::string authority;
  std::string certificate;
  std::string key;
  std::uint64_t tls_version = 0;  ///< changes with the last three: a connection has to be made anew
  std::string error;              ///< a file that cannot be read; what it held last stays in use
};

/// Thread: any. A file that vanishes or is empty keeps what it gave last.
class CredentialReader {
 public:
  static constexpr Duration kRereadAfter = std::chrono::minutes(1);

  CredentialReader(const ClusterAccess& access, const Clock& clock);

  /// Never null. Reads the files when a minute has passed.
  std::shared_ptr<const Credentials> current();

 private:
  void read();

  const ClusterAccess access_;
  const Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<const Credentials> now_;
  MonoTime read_at_{};
};

}  // namespace gatehouse::controller
