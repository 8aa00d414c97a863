// SPDX-License-Identifier: Apache-2.0
// What is counted when a request is refused before its exchange begins.
#pragma once

#include "proxy/worker_probe.h"

namespace gatehouse::proxy {

inline Refusal refusal_of(std::uint16_t status) {
  switch (status) {
    case 408:
      return Refusal::header_timeout;
    case 414:
      return Refusal::uri_too_long;
    case 431:
      return Refusal::headers_too_large;
    case 405:
    case 417:
    case 501:
    case 505:
      return Refusal::not_supported;
    default:
      return Refusal::malformed;
  }
}

}  // namespace gatehouse::proxy
