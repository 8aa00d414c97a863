// SPDX-License-Identifier: Apache-2.0
// Process settings in the words of the folders that use them.
#pragma once

#include "config/file/settings.h"
#include "config/translate/translate.h"
#include "proxy/runtime.h"

namespace gatehouse::gateway {

/// Looks at the machine where a default depends on it: a container binds every address, a machine only
/// loopback.
translate::Options translate_options(const file::Settings& settings);
proxy::ProxySettings proxy_settings(const file::Settings& settings,
                                    const proxy::SessionKey& session_key = {});
std::uint32_t worker_count(const file::Settings& settings);
/// Half of the descriptors this process may open, split over the workers (L6).
std::uint32_t connections_per_worker(std::uint32_t workers);

}  // namespace gatehouse::gateway
