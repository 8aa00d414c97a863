// SPDX-License-Identifier: Apache-2.0
// tls.options of listeners: names of ciphers, suites and curves that are not known.
#include "config/translate/tls_options.h"

#include <catch2/catch.hpp>

using namespace gatehouse;

namespace {

translate::Verdict read(const std::string& key, const std::string& value, ir::TlsOptions& to) {
  return translate::read_tls_options({{key, value}}, "listener https: tls.options", to);
}

}  // namespace

TEST_CASE("known names of ciphers, suites and curves are taken as they are") {
  ir::TlsOptions options;
  CHECK(read("gatehouse.dev/ciphers", "ECDHE+AESGCM:!aNULL", options).ok);
  CHECK(read("gatehouse.dev/cipher-suites", "TLS_AES_128_GCM_SHA256", options).ok);
  CHECK(read("gatehouse.dev/curves", "X25519:P-256", options).ok);
  CHECK(options.ciphers == "ECDHE+AESGCM:!aNULL");
  CHECK(options.cipher_suites == "TLS_AES_128_GCM_SHA256");
  CHECK(options.curves == "X25519:P-256");
}

TEST_CASE("a name that is not known makes the value unsupported, and says which one it is") {
  ir::TlsOptions options;
  const auto verdict = read("gatehouse.dev/curves", "X25519:P-257", options);
  CHECK_FALSE(verdict.ok);
  CHECK(verdict.reason == "UnsupportedValue");
  CHECK(verdict.message ==
        "listener https: tls.options: gatehouse.dev/curves: \"X25519:P-257\" holds a name that is not known, "
        "\"P-257\": leave it out");
  CHECK(read("gatehouse.dev/ciphers", "ECDHE+AESGCM:ROT13", options).reason == "UnsupportedValue");
  CHECK(read("gatehouse.dev/cipher-suites", "TLS_ROT13:TLS_AES_128_GCM_SHA256", options).reason ==
        "UnsupportedValue");
  CHECK(options == ir::TlsOptions{});
}

TEST_CASE("a list that leaves nothing to use is unsupported as a whole") {
  ir::TlsOptions options;
  CHECK(read("gatehouse.dev/ciphers", "ECDHE+AESGCM:!ECDHE", options)
            .message.ends_with("names nothing that can be used: see `openssl ciphers` and `openssl list`"));
  CHECK_FALSE(read("gatehouse.dev/cipher-suites", "TLS_ROT13", options).ok);
}
