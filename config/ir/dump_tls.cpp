// SPDX-License-Identifier: Apache-2.0
// Stable text of TLS settings. Private keys never appear: certificates are shown by name and fingerprint.
#include "config/ir/cluster.h"
#include "config/ir/dump_parts.h"
#include "config/ir/listener.h"

namespace gatehouse::ir {
namespace {

const char* name_of(TlsVersion version) {
  return version == TlsVersion::tls_1_2 ? "1.2" : "1.3";
}

std::string shown(const Certificate& certificate) {
  return certificate.name + " sha256:" + certificate.fingerprint +
         (certificate.ocsp_staple.empty() ? "" : " stapled");
}

void dump(YamlText& out, const TlsOptions& options) {
  const TlsOptions standard;
  if (options.min_version != standard.min_version) out.field("min_version", name_of(options.min_version));
  if (options.max_version != standard.max_version) out.field("max_version", name_of(options.max_version));
  text_unless_empty(out, "ciphers", options.ciphers);
  text_unless_empty(out, "cipher_suites", options.cipher_suites);
  text_unless_empty(out, "curves", options.curves);
  if (options.alpn != standard.alpn) out.list("alpn", options.alpn);
}

void dump(YamlText& out, const TrustBundle& trust) {
  out.list("trust", trust.names);
  out.field("trust_sha256", trust.fingerprint);
}

}  // namespace

void dump(YamlText& out, const ListenerTls& tls) {
  out.open("tls");
  out.field("mode", tls.mode == ListenerTls::Mode::terminate ? "terminate" : "passthrough");
  std::vector<std::string> certificates;
  for (const auto& certificate : tls.certificates) certificates.push_back(shown(*certificate));
  out.list("certificates", certificates);
  dump(out, tls.options);
  if (tls.client_validation) {
    const bool strict = tls.client_validation->mode == ClientValidation::Mode::valid_only;
    out.field("client_certificates", strict ? "valid_only" : "insecure_fallback");
    if (tls.client_validation->trust) dump(out, *tls.client_validation->trust);
  }
  out.close();
}

void dump(YamlText& out, const ClusterTls& tls) {
  out.open("tls");
  text_unless_empty(out, "server_name", tls.server_name);
  std::vector<std::string> names;
  for (const auto& name : tls.alt_names)
    names.push_back((name.kind == SubjectAltName::Kind::hostname ? "hostname " : "uri ") + name.value);
  out.list("alt_names", names);
  if (tls.trust) dump(out, *tls.trust);
  if (!tls.trust) out.field("trust", "system");
  if (tls.client_certificate) out.field("client_certificate", shown(*tls.client_certificate));
  dump(out, tls.options);
  out.close();
}

}  // namespace gatehouse::ir
