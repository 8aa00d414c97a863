// SPDX-License-Identifier: Apache-2.0
// An OCSP response to be sent with a certificate: whether it is one, and until when.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace gatehouse::tls {

/// `der` must be a response that says "good". The end of its validity; WallTime::max() when none is promised.
Result<WallTime> staple_expiry(std::string_view der);

}  // namespace gatehouse::tls
