// SPDX-License-Identifier: Apache-2.0
// BackendTLSPolicy, and how XBackend checks certificates.
#include <fmt/format.h>

#include <array>

#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

constexpr std::array<std::string_view, 2> kNameTypes{"Hostname", "URI"};
constexpr std::array<UnionMember, 2> kNames{{{"Hostname", "hostname"}, {"URI", "uri"}}};
constexpr std::size_t kMaxAuthorities = 8;
constexpr std::size_t kMaxAltNames = 5;
constexpr std::size_t kMaxOptions = 16;
constexpr std::size_t kMaxOption = 4096;

std::optional<Complaint> check_option(std::string_view text) {
  return check_length(text, kMaxOption);
}

/// Several references to one target all say which port they mean.
void check_sections(Reader& spec, const std::vector<PolicyTargetReference>& refs) {
  for (std::size_t i = 0; i < refs.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto &a = refs[i], &b = refs[j];
      const bool same = a.group == b.group && a.kind == b.kind && a.name == b.name;
      if (same && a.section_name.has_value() != b.section_name.has_value())
        return spec.error_at(
            "targetRefs",
            {fmt::format("{} {} is targeted once with and once without sectionName", a.kind, a.name),
             "give both a sectionName, or write two policies"});
    }
}

SubjectAltName read_alt_name(Reader& reader) {
  SubjectAltName name;
  name.type = reader.required_choice("type", kNameTypes);
  check_union(reader, kNames, name.type);
  const auto hostname = reader.text("hostname", check_hostname);
  const auto uri = reader.text("uri", check_uri);
  name.value = (name.type == "URI" ? uri : hostname).value_or("");
  return name;
}

}  // namespace

BackendTlsValidation read_backend_validation(Reader& reader) {
  BackendTlsValidation validation;
  reader.each("caCertificateRefs", kMaxAuthorities,
              [&](Reader& ref) { validation.ca_certificate_refs.push_back(read_local_ref(ref)); });
  validation.well_known_ca_certificates = reader.text("wellKnownCACertificates", check_well_known_ca);
  if (reader.has("caCertificateRefs") == reader.has("wellKnownCACertificates"))
    reader.error({"needs exactly one of caCertificateRefs and wellKnownCACertificates", "write one of them"});
  if (reader.is_empty_list("caCertificateRefs"))
    reader.error_at("caCertificateRefs", {"must not be empty", "name a ConfigMap with ca.crt"});
  validation.hostname = reader.required_text("hostname", check_precise_hostname);
  reader.each("subjectAltNames", kMaxAltNames,
              [&](Reader& name) { validation.subject_alt_names.push_back(read_alt_name(name)); });
  return validation;
}

void decode(Reader& root, BackendTlsPolicy& to) {
  read_spec(root, "add spec: with targetRefs: and validation:", [&](Reader& spec) {
    to.target_refs = read_target_refs(spec, SectionName::allowed);
    check_sections(spec, to.target_refs);
    spec.require("validation", "add it with hostname: and caCertificateRefs:");
    spec.object("validation", [&](Reader& reader) { to.validation = read_backend_validation(reader); });
    to.options = spec.text_map("options", {kMaxOptions, nullptr, check_option});
  });
}

}  // namespace gatehouse::objects
