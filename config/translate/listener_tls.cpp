// SPDX-License-Identifier: Apache-2.0
// The pass that gives HTTPS and TLS listeners their certificates, and what they ask of clients'.
#include <fmt/format.h>

#include "config/translate/authorities.h"
#include "config/translate/certificates.h"
#include "config/translate/draft.h"
#include "config/translate/tls_options.h"

namespace gatehouse::translate {
namespace {

using objects::FrontendValidation;

constexpr AuthorityReasons kAuthorityReasons{"InvalidCACertificateKind", "InvalidCACertificateRef"};

bool terminates_tls(const ListenerDraft& listener) {
  const auto& spec = *listener.spec;
  return spec.tls && (spec.protocol == "HTTPS" || (spec.protocol == "TLS" && spec.tls->mode == "Terminate"));
}

Referrer referrer_of(const GatewayDraft& gateway, const ListenerDraft& listener) {
  return {objects::kGatewayGroup, listener.set ? objects::ListenerSet::kKind : objects::Gateway::kKind,
          owner_of(gateway, listener).ns};
}

/// Until it expires: what the Secret held when it was good. The verdict of the Secret stands all the same.
void keep_serving(const CertificateEntry& known, Draft& draft, ResolvedCertificate& resolved) {
  if (!known.certificate) return;
  auto& message = resolved.verdict.message;
  if (known.not_after <= draft.options.now) {
    message += "; what it held before has expired";
    return;
  }
  message += "; what it held before is still served";
  resolved.certificate = known.certificate;
  auto& next = draft.result.next_expiry;
  if (next == 0 || known.not_after < next) next = known.not_after;
}

/// A Secret is read once for as long as it stays the same object, and equal certificates are one object from
/// pass to pass. One that was good and is not now (its two halves may come one after the other) keeps serving
/// what it had.
ResolvedCertificate find_certificate(Draft& draft, const CertificateRef& ref) {
  const auto& [from, spec, where, reason] = ref;
  const auto& grants = draft.backend_refs.grants();
  const std::string ns(spec.ns ? std::string_view(*spec.ns) : from.ns);
  const auto name = ns + "/" + spec.name;
  const auto found = draft.snapshot.secrets.find(name);
  const bool is_secret = spec.group.empty() && spec.kind == objects::Secret::kKind;
  if (!is_secret || found == draft.snapshot.secrets.end() ||
      !grants.permits(from, {spec.group, spec.kind, ns, spec.name}))
    return resolve_certificate(draft.snapshot, grants, ref);
  const auto& secret = found->second;
  auto& known = draft.memo.certificates[name];
  if (known.secret == secret) return {{}, known.certificate, known.not_after};
  auto resolved = to_certificate(*secret, where, reason);
  if (!resolved.certificate) {
    keep_serving(known, draft, resolved);
    return resolved;
  }
  if (known.certificate && *known.certificate == *resolved.certificate)
    resolved.certificate = known.certificate;
  known = {secret, resolved.certificate, resolved.not_after};
  return resolved;
}

void read_certificates(Draft& draft, const GatewayDraft& gateway, ListenerDraft& listener,
                       ir::ListenerTls& tls, Findings& refs) {
  const auto from = referrer_of(gateway, listener);
  const auto& wanted = listener.spec->tls->certificate_refs;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto where = fmt::format("{}: tls.certificateRefs[{}]", place_of(gateway, listener), i);
    auto resolved = find_certificate(draft, {from, wanted[i], where, "InvalidCertificateRef"});
    if (!resolved.verdict.ok) refs.add(resolved.verdict.reason, resolved.verdict.message);
    if (resolved.certificate) tls.certificates.push_back(std::move(resolved.certificate));
  }
  if (tls.certificates.empty())
    listener.usable = Verdict::bad(
        "Invalid", fmt::format("{}: it has no certificate that can be used: see its ResolvedRefs condition",
                               place_of(gateway, listener)));
}

/// GEP-91: the entry of the listener's port counts alone, where there is one.
struct ChosenValidation {
  const FrontendValidation* validation = nullptr;
  std::string field;
};
ChosenValidation validation_for(const objects::GatewayTls& tls, std::int32_t port) {
  for (std::size_t i = 0; i < tls.frontend_per_port.size(); ++i) {
    const auto& entry = tls.frontend_per_port[i];
    if (entry.port == port)
      return {entry.validation ? &*entry.validation : nullptr,
              fmt::format("spec.tls.frontend.perPort[{}].tls.validation", i)};
  }
  return {tls.frontend_default ? &*tls.frontend_default : nullptr, "spec.tls.frontend.default.validation"};
}

ir::TrustBundle read_authorities(Draft& draft, const objects::Gateway& gateway,
                                 const ChosenValidation& chosen, Findings& refs) {
  ir::TrustBundle trust;
  const Referrer from{objects::kGatewayGroup, objects::Gateway::kKind, gateway.meta.ns};
  const auto& wanted = chosen.validation->ca_certificate_refs;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& ref = wanted[i];
    const auto where =
        fmt::format("Gateway {}: {}.caCertificateRefs[{}]", gateway.meta.full_name(), chosen.field, i);
    const std::string ns(ref.ns ? *ref.ns : gateway.meta.ns);
    if (!draft.backend_refs.grants().permits(from, {ref.group, ref.kind, ns, ref.name})) {
      refs.add(
          "RefNotPermitted",
          fmt::format("{}: no ReferenceGrant permits namespace {} to use {} {}/{}: add one to namespace {}",
                      where, gateway.meta.ns, ref.kind, ns, ref.name, ns));
      continue;
    }
    const auto verdict = add_authorities(draft.snapshot, {ref.group, ref.kind, ns + "/" + ref.name, where},
                                         kAuthorityReasons, trust);
    if (!verdict.ok) refs.add(verdict.reason, verdict.message);
  }
  return trust;
}

/// Without any authority a listener that wants valid certificates can let nobody in.
void read_validation(Draft& draft, const GatewayDraft& gateway, ListenerDraft& listener, ir::ListenerTls& tls,
                     Findings& refs) {
  const auto chosen = validation_for(gateway.object->tls, listener.spec->port);
  if (!chosen.validation) return;
  auto validation = std::make_shared<ir::ClientValidation>();
  if (chosen.validation->mode == "AllowInsecureFallback")
    validation->mode = ir::ClientValidation::Mode::insecure_fallback;
  validation->trust = finish(read_authorities(draft, *gateway.object, chosen, refs));
  if (!validation->trust) {
    listener.accepted = Verdict::bad(
        "NoValidCACertificate",
        fmt::format("{}: {} of its Gateway names no certificate of an authority that can be used: see the "
                    "ResolvedRefs condition",
                    place_of(gateway, listener), chosen.field));
    return;
  }
  tls.client_validation = std::move(validation);
}

void equip(Draft& draft, const GatewayDraft& gateway, ListenerDraft& listener) {
  auto tls = std::make_shared<ir::ListenerTls>();
  if (!terminates_tls(listener)) {
    tls->mode = ir::ListenerTls::Mode::passthrough;
    listener.tls = std::move(tls);
    return;
  }
  Findings refs;
  if (!listener.resolved_refs.ok) refs.add(listener.resolved_refs.reason, listener.resolved_refs.message);
  read_certificates(draft, gateway, listener, *tls, refs);
  if (listener.spec->protocol == "HTTPS") read_validation(draft, gateway, listener, *tls, refs);
  const auto options = read_tls_options(listener.spec->tls->options,
                                        place_of(gateway, listener) + ": tls.options", tls->options);
  if (!options.ok && listener.accepted.ok) listener.accepted = options;
  if (listener.spec->protocol == "TLS") tls->options.alpn.clear();
  listener.resolved_refs = refs.verdict();
  listener.tls = std::move(tls);
}

/// Never in plaintext.
void refuse_without_tls(const GatewayDraft& gateway, ListenerDraft& listener) {
  auto message = fmt::format("{}: tls is not set, but protocol {} needs it: add tls.certificateRefs",
                             place_of(gateway, listener), listener.spec->protocol);
  listener.usable = Verdict::bad("Invalid", message);
  if (listener.resolved_refs.ok)
    listener.resolved_refs = Verdict::bad("InvalidCertificateRef", std::move(message));
}

}  // namespace

void listener_tls(Draft& draft) {
  for (auto& gateway : draft.gateways) {
    for (auto& listener : gateway.listeners) {
      const auto& protocol = listener.spec->protocol;
      if (!listener.accepted.ok || (protocol != "HTTPS" && protocol != "TLS")) continue;
      if (listener.spec->tls)
        equip(draft, gateway, listener);
      else
        refuse_without_tls(gateway, listener);
    }
  }
}

}  // namespace gatehouse::translate
