// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_check.h"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/ip.h"
#include "tls/pem.h"

namespace gatehouse::tls {
namespace {

Error wrong(std::string_view why) {
  ERR_clear_error();
  return {Fault::bad_request, Side::internal, Retry::never, why};
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

std::string fingerprint_of(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return hex(digest.data(), size);
}

std::string fingerprint_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return {};
  return hex(digest.data(), size);
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  const unsigned char* at = ASN1_STRING_get0_data(bytes);
  if (ASN1_STRING_length(bytes) == 4) return fmt::format("{}.{}.{}.{}", at[0], at[1], at[2], at[3]);
  if (ASN1_STRING_length(bytes) != 16) return {};
  std::string text;
  for (int i = 0; i < 16; i += 2) text += fmt::format("{}{:x}", i == 0 ? "" : ":", at[i] << 8 | at[i + 1]);
  const auto ip = IpAddress::parse(text);
  return ip ? ip->to_string() : text;
}

std::vector<std::string> names_of(const X509& leaf) {
  std::vector<std::string> names;
  auto* found = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&leaf, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found, i);
    if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_URI) names.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type == GEN_IPADD) names.push_back(address_of(name->d.iPAddress));
  }
  GENERAL_NAMES_free(found);
  if (!names.empty()) return names;
  const X509_NAME* subject = X509_get_subject_name(&leaf);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) names.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  return names;
}

KeyKind kind_of(const EVP_PKEY& key) {
  switch (EVP_PKEY_get_base_id(&key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return KeyKind::rsa;
    case EVP_PKEY_EC:
      return KeyKind::ecdsa;
    default:
      return KeyKind::other;
  }
}

}  // namespace

Result<CertificateFacts> inspect_certificate(std::string_view chain_pem, std::string_view key_pem) {
  const auto chain = parse_certificates(chain_pem);
  if (!chain) return chain.error();
  const auto key = parse_private_key(key_pem);
  if (!key) return key.error();
  const X509& leaf = *chain->front();
  if (!fits(leaf, **key)) return wrong("the private key does not belong to the certificate");
  CertificateFacts facts;
  facts.names = names_of(leaf);
  facts.not_before = time_of(X509_get0_notBefore(&leaf));
  facts.not_after = time_of(X509_get0_notAfter(&leaf));
  facts.key = kind_of(**key);
  facts.key_bits = static_cast<std::uint32_t>(EVP_PKEY_get_bits(key->get()));
  facts.fingerprint = fingerprint_of(leaf);
  facts.chain_size = chain->size();
  return facts;
}

Result<TrustFacts> inspect_ca_bundle(std::string_view pem) {
  const auto certificates = parse_certificates(pem);
  if (!certificates) return certificates.error();
  TrustFacts facts;
  facts.certificates = certificates->size();
  facts.fingerprint = fingerprint_of(pem);
  facts.not_after = WallTime::max();
  for (const auto& certificate : *certificates)
    facts.not_after = std::min(facts.not_after, time_of(X509_get0_notAfter(certificate.get())));
  return facts;
}

Result<OcspFacts> inspect_ocsp_staple(std::string_view der) {
  struct ResponseFree {
    void operator()(OCSP_RESPONSE* response) const { OCSP_RESPONSE_free(response); }
    void operator()(OCSP_BASICRESP* response) const { OCSP_BASICRESP_free(response); }
  };
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<OCSP_RESPONSE, ResponseFree> response(
      d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  if (!response) return wrong("not an OCSP response (DER)");
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return wrong("the OCSP response reports a failure");
  const std::unique_ptr<OCSP_BASICRESP, ResponseFree> basic(OCSP_response_get1_basic(response.get()));
  if (!basic || OCSP_resp_count(basic.get()) < 1) return wrong("the OCSP response is empty");
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status =
      OCSP_single_get0_status(OCSP_resp_get0(basic.get(), 0), nullptr, nullptr, nullptr, &next_update);
  if (status != V_OCSP_CERTSTATUS_GOOD)
    return wrong("the OCSP response does not say that the certificate is good");
  return OcspFacts{next_update ? time_of(next_update) : WallTime::max()};
}

}  // namespace gatehouse::tls
