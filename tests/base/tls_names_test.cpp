// SPDX-License-Identifier: Apache-2.0
// What OpenSSL knows among the ciphers, suites and curves that users write.
#include "base/tls_names.h"

#include <catch2/catch.hpp>

using gatehouse::find_unknown_tls_name;
using gatehouse::TlsNames;

TEST_CASE("lists of known names are fine") {
  CHECK_FALSE(find_unknown_tls_name(TlsNames::ciphers, "ECDHE-RSA-AES128-GCM-SHA256"));
  CHECK_FALSE(
      find_unknown_tls_name(TlsNames::ciphers, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:-SHA384:@STRENGTH"));
  CHECK_FALSE(
      find_unknown_tls_name(TlsNames::cipher_suites, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"));
  CHECK_FALSE(find_unknown_tls_name(TlsNames::curves, "X25519:P-256:P-384"));
}

TEST_CASE("the first unknown name of a list is found") {
  CHECK(find_unknown_tls_name(TlsNames::ciphers, "ECDHE-RSA-AES128-GCM-SHA256:ROT13:NULL-X") == "ROT13");
  CHECK(find_unknown_tls_name(TlsNames::cipher_suites, "TLS_AES_128_GCM_SHA256:TLS_ROT13") == "TLS_ROT13");
  CHECK(find_unknown_tls_name(TlsNames::curves, "X25519:P-257") == "P-257");
}

TEST_CASE("an empty part of a list is an unknown name") {
  CHECK(find_unknown_tls_name(TlsNames::curves, "X25519::P-256") == "");
  CHECK(find_unknown_tls_name(TlsNames::cipher_suites, "TLS_AES_128_GCM_SHA256:") == "");
  CHECK(find_unknown_tls_name(TlsNames::ciphers, "") == "");
}

TEST_CASE("a list of ciphers that leaves nothing is unknown as a whole") {
  CHECK(find_unknown_tls_name(TlsNames::ciphers, "!ALL") == "!ALL");
  CHECK(find_unknown_tls_name(TlsNames::ciphers, "ECDHE+AESGCM:!ECDHE") == "ECDHE+AESGCM:!ECDHE");
}
