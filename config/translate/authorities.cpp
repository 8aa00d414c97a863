// SPDX-License-Identifier: Apache-2.0
#include "config/translate/authorities.h"

#include <fmt/format.h>

#include "base/pem.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kKey = "ca.crt";

bool is_core(const AuthorityRef& ref, std::string_view kind) {
  return ref.group.empty() && ref.kind == kind;
}

template <typename T>
std::shared_ptr<const T> find(const objects::ObjectMap<T>& objects, const std::string& name) {
  const auto found = objects.find(name);
  return found == objects.end() ? nullptr : found->second;
}

const std::string* value_of(const std::map<std::string, std::string>& data) {
  const auto found = data.find(kKey);
  return found == data.end() ? nullptr : &found->second;
}

/// Null when the object has no such key.
const std::string* pem_of(const objects::ConfigMap& map) {
  const auto* text = value_of(map.data);
  return text ? text : value_of(map.binary_data);
}

const std::string* pem_of(const objects::Secret& secret) {
  return value_of(secret.data);
}

template <typename T>
Verdict add_from(const objects::ObjectMap<T>& objects, const AuthorityRef& ref,
                 const AuthorityReasons& reasons, ir::TrustBundle& to) {
  const auto bad = [&](std::string why, std::string_view fix) {
    return Verdict::bad(reasons.content,
                        fmt::format("{}: {} {}{}: {}", ref.where, ref.kind, ref.name, why, fix));
  };
  const auto object = find(objects, ref.name);
  if (!object) return bad(" does not exist", "create it or correct the name");
  const auto* pem = pem_of(*object);
  if (!pem) return bad(" has no key ca.crt", "put the certificates of the authorities there");
  const auto facts = inspect_certificates(*pem);
  if (!facts)
    return bad(fmt::format(": ca.crt: {}", facts.error().detail), "write certificates in PEM format");
  to.names.push_back(fmt::format("{}/{}", ref.kind, ref.name));
  to.pem += *pem;
  if (!to.pem.ends_with('\n')) to.pem += '\n';
  return {};
}

}  // namespace

Verdict add_authorities(const objects::Snapshot& snapshot, const AuthorityRef& ref,
                        const AuthorityReasons& reasons, ir::TrustBundle& to) {
  if (is_core(ref, objects::ConfigMap::kKind)) return add_from(snapshot.config_maps, ref, reasons, to);
  if (is_core(ref, objects::Secret::kKind)) return add_from(snapshot.secrets, ref, reasons, to);
  return Verdict::bad(
      reasons.kind,
      fmt::format(
          "{}: {}{}{} cannot hold certificates of authorities: use a ConfigMap or a Secret with ca.crt",
          ref.where, ref.group, ref.group.empty() ? "" : "/", ref.kind));
}

std::shared_ptr<const ir::TrustBundle> finish(ir::TrustBundle bundle) {
  if (bundle.names.empty()) return nullptr;
  bundle.fingerprint = sha256_hex(bundle.pem);
  return std::make_shared<const ir::TrustBundle>(std::move(bundle));
}

void collect_inputs(const objects::Snapshot& snapshot, const AuthorityRef& ref, Inputs& to) {
  if (is_core(ref, objects::ConfigMap::kKind)) to.push_back(find(snapshot.config_maps, ref.name));
  if (is_core(ref, objects::Secret::kKind)) to.push_back(find(snapshot.secrets, ref.name));
}

}  // namespace gatehouse::translate
