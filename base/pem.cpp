// SPDX-License-Identifier: Apache-2.0
#include "base/pem.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <climits>
#include <ctime>
#include <memory>
#include <span>

namespace gatehouse {
namespace {

constexpr std::size_t kMaxCertificates = 2000;  ///< several times what operating systems trust

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

Error wrong(std::string_view why) {
  ERR_clear_error();
  return {Fault::bad_request, Side::internal, Retry::never, why};
}

Bio open_text(std::string_view pem) {
  ERR_clear_error();
  if (pem.size() > INT_MAX) return nullptr;
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// Nobody is asked for a password.
int no_password(char*, int, int, void*) {
  return -1;
}

Certificate next_certificate(BIO* text) {
  return Certificate(PEM_read_bio_X509(text, nullptr, no_password, nullptr));
}

/// Nothing but the end of the text may have stopped the reader.
bool reached_end() {
  const auto last = ERR_peek_last_error();
  return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string fingerprint_of(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return hex(std::span(digest).first(size));
}

std::int64_t unix_seconds(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return timegm(&parts);
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return {};
  return hex(std::span(digest).first(size));
}

Result<CertificateFacts> inspect_certificates(std::string_view pem) {
  const auto text = open_text(pem);
  if (!text) return wrong("it is too long");
  CertificateFacts facts;
  while (const auto certificate = next_certificate(text.get())) {
    if (++facts.count > kMaxCertificates) return wrong("it has too many certificates");
    if (facts.count > 1) continue;
    facts.fingerprint = fingerprint_of(*certificate);
    facts.not_before = unix_seconds(X509_get0_notBefore(certificate.get()));
    facts.not_after = unix_seconds(X509_get0_notAfter(certificate.get()));
  }
  if (!reached_end()) return wrong("a certificate in it is damaged");
  if (facts.count == 0) return wrong("it has no PEM certificate");
  ERR_clear_error();
  return facts;
}

Result<bool> key_fits(std::string_view chain, std::string_view key) {
  const auto text = open_text(key);
  if (!text) return wrong("the private key is too long");
  const Key private_key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
  if (!private_key)
    return wrong(key.find("PRIVATE KEY-----") == key.npos ? "it has no PEM private key"
                                                          : "the private key is damaged or encrypted");
  const auto certificates = open_text(chain);
  const auto leaf = certificates ? next_certificate(certificates.get()) : nullptr;
  if (!leaf) return wrong("it has no PEM certificate");
  const bool fits = X509_check_private_key(leaf.get(), private_key.get()) == 1;
  ERR_clear_error();
  return fits;
}

}  // namespace gatehouse
