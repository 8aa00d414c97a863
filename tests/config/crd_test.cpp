// SPDX-License-Identifier: Apache-2.0
// deploy/crds against the decoder: the same fields in both, with the same limits.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/config/schema_rules.h"
#include "tests/support/source_dir.h"

using namespace gatehouse;
using nlohmann::json;

namespace {

json read_crd() {
  std::ifstream file(std::string(gatehouse::test::kSourceDir) +
                     "/deploy/crds/gatehouse.dev_backendtrafficpolicies.yaml");
  std::stringstream text;
  text << file.rdbuf();
  json crd;
  const auto outcome = file::read_yaml(text.str(), "crd.yaml",
                                       [&crd](const json& value, const objects::SourceMap&) { crd = value; });
  REQUIRE(outcome.problems.empty());
  return crd;
}

const json& only_version(const json& crd) {
  REQUIRE(crd.at("spec").at("versions").size() == 1);
  return crd.at("spec").at("versions").at(0);
}

const json& spec_schema(const json& crd) {
  return only_version(crd).at("schema").at("openAPIV3Schema").at("properties").at("spec");
}

/// A value of the schema's type with every field there is, whether or not they go together.
json everything(const json& schema) {
  const auto type = schema.value("type", "string");
  if (type == "object") {
    auto value = json::object();
    for (const auto& [name, field] : schema.at("properties").items()) value[name] = everything(field);
    return value;
  }
  if (type == "array") return json::array({everything(schema.at("items"))});
  if (type == "integer") return schema.value("minimum", 0);
  if (type == "boolean") return true;
  return schema.contains("enum") ? schema.at("enum").at(0) : json("a");
}

void collect(const json& schema, const std::string& path, std::set<std::string>& to) {
  if (schema.contains("items")) return collect(schema.at("items"), path + "[]", to);
  if (!schema.contains("properties")) return;
  for (const auto& [name, field] : schema.at("properties").items()) {
    to.insert(path + "." + name);
    collect(field, path + "." + name, to);
  }
}

struct Leaf {
  std::string pointer;  ///< into the document
  std::string path;     ///< as problems name it
  json schema;
};

void collect_leaves(const json& schema, const Leaf& at, std::vector<Leaf>& to) {
  to.push_back({at.pointer, at.path, schema});
  if (schema.contains("items"))
    collect_leaves(schema.at("items"), {at.pointer + "/0", at.path + "[0]", {}}, to);
  if (!schema.contains("properties")) return;
  for (const auto& [name, field] : schema.at("properties").items())
    collect_leaves(field, {at.pointer + "/" + name, at.path + "." + name, {}}, to);
}

/// Whether the decoder finds something wrong with this one value, in a document with nothing else.
bool complains(const json& crd, const Leaf& leaf, const json& value) {
  json document{{"apiVersion", "gatehouse.dev/v1alpha1"},
                {"kind", crd.at("spec").at("names").at("kind")},
                {"metadata", {{"name", "x"}}}};
  document["spec"] = json::object();
  document[json::json_pointer(leaf.pointer)] = value;
  for (const auto& problem : objects::decode_object(document).problems)
    if (problem.field == leaf.path) return true;
  return false;
}

void check_range(const json& crd, const Leaf& leaf) {
  const auto& schema = leaf.schema;
  if (schema.contains("minimum")) {
    const auto least = schema.at("minimum").get<std::int64_t>();
    const auto most = schema.at("maximum").get<std::int64_t>();
    CHECK_FALSE(complains(crd, leaf, least));
    CHECK_FALSE(complains(crd, leaf, most));
    CHECK(complains(crd, leaf, least - 1));
    CHECK(complains(crd, leaf, most + 1));
  }
  if (schema.contains("maxLength") && schema.value("pattern", "").find("[0-9]") == std::string::npos) {
    const std::string slash = schema.value("pattern", "").starts_with("^/") ? "/" : "x";
    const auto most = schema.at("maxLength").get<std::size_t>();
    CHECK_FALSE(complains(crd, leaf, slash + std::string(most - 1, 'x')));
    CHECK(complains(crd, leaf, slash + std::string(most, 'x')));
    const bool needs_text = schema.contains("minLength") || slash[0] == '/';
    CHECK(complains(crd, leaf, "") == needs_text);
  }
  if (schema.contains("enum") && schema.value("type", "") == "string") {
    for (const auto& choice : schema.at("enum")) CHECK_FALSE(complains(crd, leaf, choice));
    CHECK(complains(crd, leaf, "Other"));
  }
}

/// A limit of a duration is written in its rule's message: "must be 1s to 1h".
void check_duration(const json& crd, const Leaf& leaf) {
  CHECK_FALSE(complains(crd, leaf, "1s"));
  CHECK(complains(crd, leaf, "1.5s"));
  if (!leaf.schema.contains("x-kubernetes-validations")) return;
  std::istringstream message(
      leaf.schema.at("x-kubernetes-validations").at(0).at("message").get<std::string>());
  std::string word, least, most;
  message >> word >> word >> least >> word >> most;
  CHECK_FALSE(complains(crd, leaf, least));
  CHECK_FALSE(complains(crd, leaf, most));
  CHECK(complains(crd, leaf, most + "1ms"));
  if (least != "0s") CHECK(complains(crd, leaf, "0s"));
}

}  // namespace

TEST_CASE(
    "the CRD of BackendTrafficPolicy has the fields that decode reads, and decode reads those of the CRD") {
  const auto crd = read_crd();
  json document{{"apiVersion", "gatehouse.dev/v1alpha1"}, {"kind", "BackendTrafficPolicy"}};
  document["metadata"] = {{"name", "x"}};
  document["spec"] = everything(spec_schema(crd));
  std::set<std::string> read;
  objects::decode_object(document, nullptr, &read);
  std::erase_if(read, [](const std::string& field) { return !field.starts_with("spec."); });

  std::set<std::string> written;
  collect(spec_schema(crd), "spec", written);
  CHECK(read == written);
  CHECK(written.size() > 100);
}

TEST_CASE("the limits of the CRD of BackendTrafficPolicy are those of decode") {
  const auto crd = read_crd();
  std::vector<Leaf> leaves;
  collect_leaves(spec_schema(crd), {"/spec", "spec", {}}, leaves);
  for (const auto& leaf : leaves) {
    INFO(leaf.path);
    const bool is_duration = leaf.schema.value("pattern", "").starts_with("^([0-9]");
    if (is_duration)
      check_duration(crd, leaf);
    else
      check_range(crd, leaf);
    if (leaf.schema.contains("maxItems")) {
      const auto most = leaf.schema.at("maxItems").get<std::size_t>();
      const auto entry = everything(leaf.schema.at("items"));
      CHECK(complains(crd, leaf, json(std::vector<json>(most + 1, entry))));
    }
    for (const auto& name : leaf.schema.value("required", json::array())) {
      const Leaf field{
          leaf.pointer + "/" + name.get<std::string>(), leaf.path + "." + name.get<std::string>(), {}};
      CHECK(complains(crd, field, nullptr));
    }
  }
}

TEST_CASE("the CRD of BackendTrafficPolicy says that it is an inherited policy with a status") {
  const auto crd = read_crd();
  CHECK(crd.at("metadata").at("labels").at("gateway.networking.k8s.io/policy") == "Inherited");
  CHECK(only_version(crd).at("subresources").contains("status"));
  const auto& status = only_version(crd).at("schema").at("openAPIV3Schema").at("properties").at("status");
  CHECK(status.at("properties").at("ancestors").at("maxItems") == 16);
}
