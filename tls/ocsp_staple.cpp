// SPDX-License-Identifier: Apache-2.0
#include "tls/ocsp_staple.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <ctime>
#include <memory>

namespace gatehouse::tls {
namespace {

struct ResponseFree {
  void operator()(OCSP_RESPONSE* response) const { OCSP_RESPONSE_free(response); }
  void operator()(OCSP_BASICRESP* response) const { OCSP_BASICRESP_free(response); }
};

Error wrong(std::string_view why) {
  ERR_clear_error();
  return {Fault::bad_request, Side::internal, Retry::never, why};
}

}  // namespace

Result<WallTime> staple_expiry(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<OCSP_RESPONSE, ResponseFree> response(
      d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  if (!response) return wrong("not an OCSP response (DER)");
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return wrong("the OCSP response reports a failure");
  const std::unique_ptr<OCSP_BASICRESP, ResponseFree> basic(OCSP_response_get1_basic(response.get()));
  if (!basic || OCSP_resp_count(basic.get()) < 1) return wrong("the OCSP response is empty");
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status =
      OCSP_single_get0_status(OCSP_resp_get0(basic.get(), 0), nullptr, nullptr, nullptr, &next_update);
  if (status != V_OCSP_CERTSTATUS_GOOD)
    return wrong("the OCSP response does not say that the certificate is good");
  if (!next_update) return WallTime::max();
  std::tm parts{};
  if (ASN1_TIME_to_tm(next_update, &parts) != 1) return wrong("the OCSP response has no readable date");
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

}  // namespace gatehouse::tls
