// SPDX-License-Identifier: Apache-2.0
// What listeners and clusters need to know for TLS: certificates as PEM texts, trust, versions. No OpenSSL
// here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::ir {

/// A certificate chain (leaf first) with its private key, both PEM and known to fit each other. Shared by all
/// that refer to the same Secret, so that an unchanged one is the same object.
struct Certificate {
  std::string name;  ///< "Secret/namespace/name"
  std::string chain;
  std::string key;          ///< never dumped, logged or shown
  std::string fingerprint;  ///< SHA-256 of the leaf, hex: what dump and diff show
  std::string ocsp_staple;  ///< DER of an OCSP response; empty: none
  bool operator==(const Certificate&) const = default;
};

/// Trust anchors as one PEM text; `names` say where they came from: "ConfigMap/namespace/name".
struct TrustBundle {
  std::vector<std::string> names;
  std::string pem;
  std::string fingerprint;  ///< SHA-256 of `pem`, hex
  bool operator==(const TrustBundle&) const = default;
};

enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };

/// Gateway listener `tls.options`; empty texts are OpenSSL's own defaults.
struct TlsOptions {
  TlsVersion min_version = TlsVersion::tls_1_2;
  TlsVersion max_version = TlsVersion::tls_1_3;
  std::string ciphers;                              ///< TLS 1.2, OpenSSL cipher list
  std::string cipher_suites;                        ///< TLS 1.3, colon-separated
  std::string curves;                               ///< colon-separated groups, most wanted first
  std::vector<std::string> alpn{"h2", "http/1.1"};  ///< offered to clients, most wanted first
  bool operator==(const TlsOptions&) const = default;
};

/// GEP-91: client certificates at a listener's port.
struct ClientValidation {
  enum class Mode : std::uint8_t { valid_only, insecure_fallback };
  Mode mode = Mode::valid_only;
  std::shared_ptr<const TrustBundle> trust;
};
bool operator==(const ClientValidation& a, const ClientValidation& b);

/// `tls` of a listener with protocol HTTPS or TLS. Without a usable certificate a terminating listener is not
/// part of the IR at all.
struct ListenerTls {
  enum class Mode : std::uint8_t { terminate, passthrough };
  Mode mode = Mode::terminate;
  std::vector<std::shared_ptr<const Certificate>> certificates;  ///< in the user's order; terminate only
  TlsOptions options;
  std::shared_ptr<const ClientValidation> client_validation;  ///< null: no certificate is asked for
};
bool operator==(const ListenerTls& a, const ListenerTls& b);

/// One name that a backend's certificate must carry (BackendTLSPolicy subjectAltNames).
struct SubjectAltName {
  enum class Kind : std::uint8_t { hostname, uri };
  Kind kind = Kind::hostname;
  std::string value;
  bool operator==(const SubjectAltName&) const = default;
};

/// TLS towards a cluster's endpoints (BackendTLSPolicy, Gateway spec.tls.backend). There is no fallback to
/// plaintext: what cannot be verified cannot be reached.
struct ClusterTls {
  std::string server_name;                   ///< SNI, and the name verified where `alt_names` is empty
  std::vector<SubjectAltName> alt_names;     ///< one of them must match
  std::shared_ptr<const TrustBundle> trust;  ///< null: the system's
  std::shared_ptr<const Certificate> client_certificate;  ///< null: none is sent
  TlsOptions options;                                     ///< alpn is what is offered to the backend
};
bool operator==(const ClusterTls& a, const ClusterTls& b);

}  // namespace gatehouse::ir
