// SPDX-License-Identifier: Apache-2.0
// Makes clients of one API server, which share where it is and its credentials.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "controller/access.h"
#include "controller/api_client.h"

namespace gatehouse::controller {

class CredentialReader;

/// How long a client waits. Tests make them short.
struct ClientTimes {
  Duration connect = std::chrono::seconds(10);
  Duration call = std::chrono::seconds(30);  ///< without a byte; and four times that for all of an answer
  Duration watch_grace = std::chrono::seconds(30);  ///< beyond timeoutSeconds, without a byte
};

/// Thread: any. Outlives its clients.
class ApiClientFactory {
 public:
  explicit ApiClientFactory(ClusterAccess access, const Clock& clock = system_clock(),
                            ClientTimes times = {});
  ~ApiClientFactory();
  ApiClientFactory(const ApiClientFactory&) = delete;
  ApiClientFactory& operator=(const ApiClientFactory&) = delete;

  /// Opens nothing yet. A client for each thread.
  std::unique_ptr<ApiClient> make_client();

  const ClusterAccess& access() const { return access_; }
  /// Files of credentials that cannot be read; empty: all is well.
  std::string credential_error() const;

 private:
  const ClusterAccess access_;
  const ClientTimes times_;
  std::unique_ptr<CredentialReader> credentials_;
};

}  // namespace gatehouse::controller
