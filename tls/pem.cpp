// SPDX-License-Identifier: Apache-2.0
#include "tls/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <climits>

namespace gatehouse::tls {
namespace {

constexpr std::size_t kMostCertificates = 2'000;  // several times what operating systems trust

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using TextBio = std::unique_ptr<BIO, BioFree>;

Error wrong(std::string_view why) {
  ERR_clear_error();
  return {Fault::bad_request, Side::internal, Retry::never, why};
}

TextBio open_text(std::string_view pem) {
  if (pem.size() > INT_MAX) return nullptr;
  return TextBio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// Never prompts.
int no_password(char*, int, int, void*) {
  return -1;
}

/// Nothing but the end of the text may stop a reader of PEM blocks.
bool reached_end() {
  const auto last = ERR_peek_last_error();
  return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

}  // namespace

Result<Chain> parse_certificates(std::string_view pem) {
  const TextBio text = open_text(pem);
  if (!text) return wrong("the certificate is too long");
  ERR_clear_error();
  Chain chain;
  while (X509* next = PEM_read_bio_X509(text.get(), nullptr, no_password, nullptr)) {
    chain.emplace_back(next);
    if (chain.size() > kMostCertificates) return wrong("too many certificates in one text");
  }
  if (!reached_end()) return wrong("a certificate is damaged");
  if (chain.empty()) return wrong("no PEM certificate in it");
  ERR_clear_error();
  return chain;
}

Result<KeyHandle> parse_private_key(std::string_view pem) {
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos) return wrong("no PEM private key in it");
  const TextBio text = open_text(pem);
  if (!text) return wrong("the private key is too long");
  KeyHandle key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!key) return wrong("the private key is damaged or encrypted");
  return key;
}

Result<StoreHandle> make_trust_store(std::string_view pem) {
  auto certificates = parse_certificates(pem);
  if (!certificates) return certificates.error();
  StoreHandle store(X509_STORE_new());
  if (!store) return wrong("no memory for trusted certificates");
  for (const auto& certificate : *certificates)
    if (X509_STORE_add_cert(store.get(), certificate.get()) != 1)
      return wrong("a trusted certificate cannot be used");
  // Also an intermediate authority, or the very certificate of the peer, may be what is trusted.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

x509_store_st* system_trust_store() {
  static const StoreHandle kStore = [] {
    StoreHandle store(X509_STORE_new());
    if (store) X509_STORE_set_default_paths(store.get());
    ERR_clear_error();
    return store;
  }();
  return kStore.get();
}

bool fits(const x509_st& leaf, const evp_pkey_st& key) {
  const bool same = X509_check_private_key(&leaf, &key) == 1;
  ERR_clear_error();
  return same;
}

}  // namespace gatehouse::tls
