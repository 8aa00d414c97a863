// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made on the spot: authorities, leaves with any names, RSA or ECDSA.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

#include <memory>
#include <string>

#include "config/ir/tls.h"
#include "tls/handles.h"

namespace gatehouse::tls::test {

inline std::string take_text(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

enum class KeyKind { rsa, ecdsa };

/// One of each kind for all tests: making an RSA key takes long.
inline EVP_PKEY* shared_key(KeyKind kind) {
  static const KeyHandle kRsa(EVP_RSA_gen(2048));
  static const KeyHandle kEcdsa(EVP_EC_gen("P-256"));
  return kind == KeyKind::rsa ? kRsa.get() : kEcdsa.get();
}

struct CertificateWish {
  std::string common_name = "test";
  std::string alt_names;  ///< OpenSSL's notation: "DNS:a.example,URI:spiffe://x"
  KeyKind key = KeyKind::ecdsa;
  bool is_authority = false;
  long begins_in = -3600;  ///< seconds from now
  long ends_in = 3600;
};

/// A certificate with its key, and who signed it.
struct Made {
  X509Handle certificate;
  EVP_PKEY* key = nullptr;

  std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate.get());
    return take_text(bio);
  }
  std::string key_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    return take_text(bio);
  }
};

inline void add_extension(X509& certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  REQUIRE(extension);
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Signed by `issuer`, or by itself.
inline Made make_certificate(const CertificateWish& wish, const Made* issuer = nullptr) {
  static long serial = 1;
  Made made{X509Handle(X509_new()), shared_key(wish.key)};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wish.begins_in);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wish.ends_in);
  X509_set_pubkey(certificate, made.key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer->certificate.get()) : name);
  add_extension(*certificate, NID_basic_constraints, wish.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!wish.alt_names.empty()) add_extension(*certificate, NID_subject_alt_name, wish.alt_names);
  REQUIRE(X509_sign(certificate, issuer ? issuer->key : made.key, EVP_sha256()) > 0);
  return made;
}

inline Made make_authority(const std::string& name = "authority") {
  CertificateWish wish;
  wish.common_name = name;
  wish.is_authority = true;
  return make_certificate(wish);
}

inline Made make_leaf(const std::string& alt_names, const Made& issuer, KeyKind key = KeyKind::ecdsa) {
  CertificateWish wish;
  wish.common_name = "leaf of " + alt_names.substr(0, 40);
  wish.alt_names = alt_names;
  wish.key = key;
  return make_certificate(wish, &issuer);
}

inline std::shared_ptr<const ir::Certificate> as_config(const Made& made) {
  auto certificate = std::make_shared<ir::Certificate>();
  certificate->name = "Secret/default/test";
  certificate->chain = made.pem();
  certificate->key = made.key_pem();
  return certificate;
}

inline std::shared_ptr<const ir::TrustBundle> as_trust(const Made& made) {
  auto bundle = std::make_shared<ir::TrustBundle>();
  bundle->pem = made.pem();
  bundle->fingerprint =
      "of " + std::to_string(ASN1_INTEGER_get(X509_get0_serialNumber(made.certificate.get())));
  return bundle;
}

}  // namespace gatehouse::tls::test
