// SPDX-License-Identifier: Apache-2.0
// Clients over HTTP.
#include "controller/api_client_factory.h"

#include <utility>

#include "controller/access_credentials.h"
#include "controller/http_api_client.h"

namespace gatehouse::controller {

ApiClientFactory::ApiClientFactory(ClusterAccess access, const Clock& clock, ClientTimes times)
    : access_(std::move(access)),
      times_(times),
      credentials_(std::make_unique<CredentialReader>(access_, clock)) {}

ApiClientFactory::~ApiClientFactory() = default;

std::unique_ptr<ApiClient> ApiClientFactory::make_client() {
  return std::make_unique<HttpApiClient>(access_, *credentials_, times_);
}

std::string ApiClientFactory::credential_error() const {
  return credentials_->current()->error;
}

}  // namespace gatehouse::controller
