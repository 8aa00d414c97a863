// SPDX-License-Identifier: Apache-2.0
// PEM texts: what is in them, and what is refused.
#include "base/pem.h"

#include <catch2/catch.hpp>
#include <string>

using namespace gatehouse;

namespace {

const std::string kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBfDCCASGgAwIBAgIURHRMbMvOdzpJktLszi0Tg7Z2AVUwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjMxOTE4MThaGA8yMTI2MTAzMDE5
MTgxOFowEjEQMA4GA1UEAwwHVGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABK7+wKZpywGDGrj4lz2h1HgDeep4hYg28tAaGREpr2yNd+yeMIu9WnXrwPuH
+UyQXaIrXFq87Mu3LsqnJdMEHmijUzBRMB0GA1UdDgQWBBTeh//Gr0Ywmb2eyGe2
QfhTPJWemjAfBgNVHSMEGDAWgBTeh//Gr0Ywmb2eyGe2QfhTPJWemjAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQC6/k9cF9fgGMymPwrT42PA+cVV
QhGgBRKvtFOZH+l4agIhAMVmJED/ii82KiORgHzrGoziufILwzh/dckJKmHZSQ8w
-----END CERTIFICATE-----
)";
const std::string kKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXcNdOtCTJV2H2VuG
Tzyx5D8rVa2VaPTm/nddkYFuA3ahRANCAASu/sCmacsBgxq4+Jc9odR4A3nqeIWI
NvLQGhkRKa9sjXfsnjCLvVp168D7h/lMkF2iK1xavOzLty7KpyXTBB5o
-----END PRIVATE KEY-----
)";
const std::string kOtherKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXNf6Sy8X+luaxiwb
XOIyWoEdD9RPcb8Zho1DKcW+mVChRANCAATx76KfyFF1V4KnuJjQDb67G0eh4jpI
I7nGV/9apmCKNlepQOxYtsxz7RUwcp5t1IT78WjW/uDvKHISV8i8xStT
-----END PRIVATE KEY-----
)";

}  // namespace

TEST_CASE("sha256 of nothing and of abc") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("certificates are counted, the first one's fingerprint and dates are known") {
  const auto one = inspect_certificates("text in front\n" + kCertificate + "and behind\n");
  REQUIRE(one);
  CHECK(one->count == 1);
  CHECK(one->fingerprint == "8529fb888e1053206f932636ffb837dac49920bb3471e1b70abddbef5c48e4ec");
  CHECK(one->not_after - one->not_before == 36500LL * 24 * 3600);
  const auto two = inspect_certificates(kCertificate + kCertificate);
  REQUIRE(two);
  CHECK(two->count == 2);
}

TEST_CASE("what is no certificate is refused") {
  CHECK(inspect_certificates("").error().detail == "it has no PEM certificate");
  CHECK(inspect_certificates(kKey).error().detail == "it has no PEM certificate");
  auto damaged = kCertificate;
  damaged[100] = damaged[100] == 'A' ? 'B' : 'A';
  damaged.erase(200, 8);
  CHECK(inspect_certificates(damaged).error().detail == "a certificate in it is damaged");
  CHECK(inspect_certificates(kCertificate + damaged).error().detail == "a certificate in it is damaged");
  CHECK_FALSE(inspect_certificates("-----BEGIN CERTIFICATE-----\n"));
}

TEST_CASE("a private key fits its own certificate and no other") {
  CHECK(*key_fits(kCertificate, kKey));
  CHECK_FALSE(*key_fits(kCertificate, kOtherKey));
  CHECK(key_fits(kCertificate, kCertificate).error().detail == "it has no PEM private key");
  CHECK(key_fits(kCertificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
            .error()
            .detail == "the private key is damaged or encrypted");
  CHECK(key_fits(kKey, kKey).error().detail == "it has no PEM certificate");
}
