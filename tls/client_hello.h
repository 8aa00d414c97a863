// SPDX-License-Identifier: Apache-2.0
// The first message of a TLS client, read without answering it: which server it wants and what it speaks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::tls {

/// Every ClientHello in use fits; those with post-quantum key shares take about 2 KiB.
inline constexpr std::size_t kMaxClientHello = 16 * 1024;

struct ClientHello {
  std::string server_name;        ///< lower case, without a trailing dot; empty: none
  std::vector<std::string> alpn;  ///< as the client prefers them
};

struct HelloScan {
  enum class State : unsigned char {
    need_more,
    complete,
    not_tls,    ///< these bytes begin no ClientHello
    malformed,  ///< a ClientHello that breaks its own rules, or is too long
  };
  State state = State::need_more;
  ClientHello hello;  ///< when complete
};

/// `bytes`: all that has come so far; a ClientHello may take several records. Never asks for more
/// bytes than kMaxClientHello and one record header.
HelloScan scan_client_hello(std::string_view bytes);

}  // namespace gatehouse::tls
