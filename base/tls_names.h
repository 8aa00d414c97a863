// SPDX-License-Identifier: Apache-2.0
// Lists of ciphers, cipher suites and curves as users write them. OpenSSL stays behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse {

enum class TlsNames : std::uint8_t { ciphers, cipher_suites, curves };

/// The first name of the colon-separated `list` that OpenSSL does not know; a list that leaves nothing to use
/// counts as one whole. What takes away or sorts in a list of ciphers ("!MD5", "@STRENGTH") is not a name.
std::optional<std::string> find_unknown_tls_name(TlsNames kind, std::string_view list);

}  // namespace gatehouse
