// SPDX-License-Identifier: Apache-2.0
// References, selectors, and other parts that several kinds have alike.
#include <fmt/format.h>

#include <tuple>

#include "base/ip.h"
#include "config/objects/decoders.h"

namespace gatehouse::objects {
namespace {

LabelSelectorRequirement read_requirement(Reader& reader) {
  LabelSelectorRequirement term;
  term.key = reader.required_text("key");
  term.op = reader.required_text("operator");
  term.values = reader.texts("values", kNoLimit, nullptr);
  if (!reader.has("operator")) return term;
  const bool wants_values = term.op == "In" || term.op == "NotIn";
  const bool wants_none = term.op == "Exists" || term.op == "DoesNotExist";
  if (!wants_values && !wants_none)
    reader.warning_at("operator", {fmt::format("\"{}\" is no operator: selects nothing", term.op),
                                   "write In, NotIn, Exists or DoesNotExist"});
  if (wants_values && term.values.empty())
    reader.warning_at("values", {"is missing beside " + term.op, "list at least one value"});
  if (wants_none && !term.values.empty())
    reader.warning_at("values", {"is ignored beside " + term.op, "remove it"});
  return term;
}

PolicyTargetReference read_target_ref(Reader& reader, SectionName section) {
  PolicyTargetReference ref;
  ref.group = reader.required_text("group", check_group);
  ref.kind = reader.required_text("kind", check_kind);
  ref.name = reader.required_text("name", check_object_name);
  if (section == SectionName::allowed) ref.section_name = reader.text("sectionName", check_dns_subdomain);
  return ref;
}

}  // namespace

void read_spec(Reader& root, std::string_view fix, const Reader::Visitor& visit) {
  root.require("spec", fix);
  root.object("spec", visit);
}

ParentReference read_parent_gateway(Reader& reader) {
  ParentReference ref;
  ref.group = reader.text_or("group", ref.group, check_group);
  ref.kind = reader.text_or("kind", ref.kind, check_kind);
  ref.ns = reader.text("namespace", check_dns_label);
  ref.name = reader.required_text("name", check_object_name);
  return ref;
}

ParentReference read_parent_ref(Reader& reader) {
  ParentReference ref = read_parent_gateway(reader);
  ref.section_name = reader.text("sectionName", check_dns_subdomain);
  ref.port = reader.small_integer("port", kPortRange);
  return ref;
}

LocalObjectReference read_local_ref(Reader& reader) {
  LocalObjectReference ref;
  ref.group = reader.required_text("group", check_group);
  ref.kind = reader.required_text("kind", check_kind);
  ref.name = reader.required_text("name", check_object_name);
  return ref;
}

ObjectReference read_object_ref(Reader& reader) {
  ObjectReference ref;
  ref.group = reader.required_text("group", check_group);
  ref.kind = reader.required_text("kind", check_kind);
  ref.ns = reader.text("namespace", check_dns_label);
  ref.name = reader.required_text("name", check_object_name);
  return ref;
}

SecretObjectReference read_secret_ref(Reader& reader) {
  SecretObjectReference ref;
  ref.group = reader.text_or("group", ref.group, check_group);
  ref.kind = reader.text_or("kind", ref.kind, check_kind);
  ref.ns = reader.text("namespace", check_dns_label);
  ref.name = reader.required_text("name", check_object_name);
  return ref;
}

void read_backend_ref(Reader& reader, BackendObjectReference& to) {
  to.group = reader.text_or("group", to.group, check_group);
  to.kind = reader.text_or("kind", to.kind, check_kind);
  to.ns = reader.text("namespace", check_dns_label);
  to.name = reader.required_text("name", check_object_name);
  to.port = reader.small_integer("port", kPortRange);
  if (to.group.empty() && to.kind == "Service" && !reader.has("port"))
    reader.error_at("port", {"is required for a Service", "add the Service's port"});
  if (to.group == kExperimentalGroup && to.kind == XBackend::kKind && reader.has("port"))
    reader.error_at("port", {"must not be set for an XBackend, which has its own", "remove it"});
}

LabelSelector read_selector(Reader& reader) {
  LabelSelector selector;
  selector.match_labels = reader.text_map("matchLabels");
  reader.each("matchExpressions", kNoLimit,
              [&](Reader& term) { selector.match_expressions.push_back(read_requirement(term)); });
  return selector;
}

std::vector<PolicyTargetReference> read_target_refs(Reader& spec, SectionName section) {
  std::vector<PolicyTargetReference> refs;
  std::set<std::tuple<std::string, std::string, std::string, std::string>> seen;
  spec.require_list("targetRefs", "name what the policy is for");
  spec.each("targetRefs", kMaxTargetRefs, [&](Reader& entry) {
    const auto& ref = refs.emplace_back(read_target_ref(entry, section));
    if (!seen.emplace(ref.group, ref.kind, ref.name, ref.section_name.value_or("")).second)
      entry.error({fmt::format("{} {} is targeted twice", ref.kind, ref.name), "keep one"});
  });
  return refs;
}

void warn_of_address(Reader& reader, std::string_view key, std::string_view hostname) {
  if (hostname.starts_with("*.")) hostname.remove_prefix(2);
  if (IpAddress::parse(hostname))
    reader.warning_at(key,
                      {fmt::format("\"{}\" is an IP address, not a DNS name", hostname), "use a DNS name"});
}

void check_union(Reader& reader, std::span<const UnionMember> members, std::string_view type) {
  for (const auto& member : members) {
    const bool given = reader.has(member.field);
    if (member.type == type && !given)
      reader.error_at(member.field, {fmt::format("is required for type {}", type), "add it"});
    if (member.type != type && given && !type.empty())
      reader.error_at(member.field, {fmt::format("does not go with type {}", type), "remove it"});
  }
}

}  // namespace gatehouse::objects
