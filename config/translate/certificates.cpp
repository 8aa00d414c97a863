// SPDX-License-Identifier: Apache-2.0
#include "config/translate/certificates.h"

#include <fmt/format.h>

#include "base/pem.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kChainKey = "tls.crt";
constexpr const char* kPrivateKey = "tls.key";
constexpr const char* kStapleKey = "tls.ocsp-staple";  ///< an OCSP response, DER

const std::string* value_of(const objects::Secret& secret, const char* key) {
  const auto found = secret.data.find(key);
  return found == secret.data.end() ? nullptr : &found->second;
}

}  // namespace

ResolvedCertificate resolve_certificate(const objects::Snapshot& snapshot, const ReferenceGrants& grants,
                                        const CertificateRef& ref) {
  const auto& [from, secret, where, reason] = ref;
  const auto bad = [&ref](std::string message) {
    return ResolvedCertificate{Verdict::bad(ref.reason, std::move(message)), nullptr, 0};
  };
  if (!secret.group.empty() || secret.kind != objects::Secret::kKind)
    return bad(fmt::format("{}: {}{}{} cannot hold a certificate: use a Secret", where, secret.group,
                           secret.group.empty() ? "" : "/", secret.kind));
  const std::string ns(secret.ns ? std::string_view(*secret.ns) : from.ns);
  const auto name = ns + "/" + secret.name;
  if (!grants.permits(from, {secret.group, secret.kind, ns, secret.name}))
    return {
        Verdict::bad("RefNotPermitted",
                     fmt::format("{}: no ReferenceGrant permits namespace {} to use Secret {}: add one for "
                                 "{} to namespace {}, or use a Secret of namespace {}",
                                 where, from.ns, name, from.kind, ns, from.ns)),
        nullptr, 0};
  const auto found = snapshot.secrets.find(name);
  if (found == snapshot.secrets.end())
    return bad(fmt::format("{}: there is no Secret {}: create it or correct the name", where, name));
  return to_certificate(*found->second, where, reason);
}

ResolvedCertificate to_certificate(const objects::Secret& secret, const std::string& where,
                                   std::string_view reason) {
  const auto name = secret.meta.full_name();
  const auto bad = [&](std::string_view why, std::string_view fix) {
    return ResolvedCertificate{
        Verdict::bad(reason, fmt::format("{}: Secret {}: {}: {}", where, name, why, fix)), nullptr, 0};
  };
  const auto* chain = value_of(secret, kChainKey);
  const auto* key = value_of(secret, kPrivateKey);
  if (!chain || !key) return bad("it has no tls.crt or no tls.key", "add both");
  const auto facts = inspect_certificates(*chain);
  if (!facts) return bad(fmt::format("tls.crt: {}", facts.error().detail), "write the chain in PEM format");
  const auto fits = key_fits(*chain, *key);
  if (!fits) return bad(fmt::format("tls.key: {}", fits.error().detail), "write the key in PEM format");
  if (!*fits) return bad("tls.key is not the key of the first certificate in tls.crt", "correct one of them");
  auto certificate = std::make_shared<ir::Certificate>();
  certificate->name = "Secret/" + name;
  certificate->chain = *chain;
  certificate->key = *key;
  certificate->fingerprint = facts->fingerprint;
  if (const auto* staple = value_of(secret, kStapleKey)) certificate->ocsp_staple = *staple;
  return {{}, std::move(certificate), facts->not_after};
}

}  // namespace gatehouse::translate
