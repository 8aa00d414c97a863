// SPDX-License-Identifier: Apache-2.0
#include "base/tls_names.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>

namespace gatehouse {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;

/// Whether OpenSSL finds anything to use in `list`.
bool is_usable(SSL_CTX* context, TlsNames kind, std::string list) {
  switch (kind) {
    case TlsNames::ciphers:
      return SSL_CTX_set_cipher_list(context, list.c_str()) == 1;
    case TlsNames::cipher_suites:
      return SSL_CTX_set_ciphersuites(context, list.c_str()) == 1;
    case TlsNames::curves:
      break;
  }
  return SSL_CTX_set1_groups_list(context, list.data()) == 1;  // its macro wants it mutable
}

/// What takes away from the list so far, or sorts it.
bool is_operator(TlsNames kind, std::string_view part) {
  return kind == TlsNames::ciphers && std::string_view("!-+@").find(part.front()) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> find_unknown_tls_name(TlsNames kind, std::string_view list) {
  const Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return std::nullopt;  // no memory: whoever builds the listener will say so
  std::optional<std::string> unknown;
  for (std::string_view rest = list; !unknown;) {
    const auto end = std::min(rest.find(':'), rest.size());
    const auto part = rest.substr(0, end);
    const bool known =
        !part.empty() && (is_operator(kind, part) || is_usable(context.get(), kind, std::string(part)));
    if (!known) unknown.emplace(part);
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  if (!unknown && !is_usable(context.get(), kind, std::string(list))) unknown.emplace(list);
  ERR_clear_error();
  return unknown;
}

}  // namespace gatehouse
