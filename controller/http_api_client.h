// SPDX-License-Identifier: Apache-2.0
// A client of an API server over HTTP/1.1 and TLS, by cpp-httplib.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "controller/access.h"
#include "controller/api_client.h"
#include "controller/api_client_factory.h"

namespace gatehouse::controller {

class CredentialReader;

/// Opens its connection with the first call and again when it broke or the certificates changed. A GET that
/// fails on a connection that was kept alive is sent once more. Thread: one; stop() any.
class HttpApiClient final : public ApiClient {
 public:
  /// Both outlive it.
  HttpApiClient(const ClusterAccess& access, CredentialReader& credentials, ClientTimes times);
  ~HttpApiClient() override;

  ApiAnswer send(const ApiRequest& request) override;
  ApiAnswer watch(const ApiRequest& request, const std::function<bool(std::string_view)>& on_line) override;
  void stop() override;

 private:
  struct Connection;
  struct Exchange;

  /// The open connection or a new one; nullptr: `error` says why not.
  Connection* connection(std::string& error);
  ApiAnswer exchange(const ApiRequest& request, Exchange& exchange);
  ApiAnswer failure(const ApiRequest& request, const std::string& why) const;
  void prepare_socket(int fd);
  bool is_stopped() const;
  void forget_socket();

  const ClusterAccess& access_;
  CredentialReader& credentials_;
  const ClientTimes times_;
  std::unique_ptr<Connection> connection_;

  mutable std::mutex mutex_;
  bool stopped_ = false;
  int socket_ = -1;  ///< a second descriptor of the connection, so that stop() never meets a foreign one
};

}  // namespace gatehouse::controller
