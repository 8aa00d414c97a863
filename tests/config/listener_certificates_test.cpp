// SPDX-License-Identifier: Apache-2.0
// What is remembered of the certificates of listeners from one translation to the next.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "base/pem.h"
#include "config/translate/translate.h"
#include "tests/support/snapshot_from_yaml.h"
#include "tests/support/source_dir.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kSecret = "default/cert";

/// One HTTPS listener whose certificate is in the Secret.
objects::Snapshot with_certificate() {
  const std::string path = "/tests/golden/listener_tls/type_of_the_secret_is_free.in.yaml";
  std::ifstream in(gatehouse::test::kSourceDir + path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return test::snapshot_from_yaml(text.str());
}

/// The Secret with another value, as a new object.
void set(objects::Snapshot& snapshot, const std::string& key, const std::string& value) {
  auto secret = std::make_shared<objects::Secret>(*snapshot.secrets.at(kSecret));
  secret->data[key] = value;
  snapshot.secrets[kSecret] = std::move(secret);
}

std::shared_ptr<const ir::Certificate> certificate_of(const Translation& translation) {
  REQUIRE(translation.config->listeners.size() == 1);
  return translation.config->listeners[0]->tls->certificates.at(0);
}

const objects::Condition& condition_of(const Translation& translation, std::string_view type) {
  const auto& conditions = translation.statuses.gateways.at("default/gw").listeners[0].conditions;
  for (const auto& condition : conditions)
    if (condition.type == type) return condition;
  FAIL("no such condition");
  return conditions.front();
}

}  // namespace

TEST_CASE("a Secret that is touched but not changed leaves its certificate the same object") {
  auto snapshot = with_certificate();
  const auto memo = make_memo();
  const auto before = translate(snapshot, {}, memo.get());
  set(snapshot, "unrelated", "value");
  const auto after = translate(snapshot, {}, memo.get());
  CHECK(certificate_of(after) == certificate_of(before));
  CHECK(after.config == before.config);
}

TEST_CASE("a key that does not fit yet leaves the certificate before in service, and is told") {
  auto snapshot = with_certificate();
  const auto memo = make_memo();
  const auto before = translate(snapshot, {}, memo.get());
  const auto good_key = snapshot.secrets.at(kSecret)->data.at("tls.key");
  set(snapshot, "tls.key", "not a key yet");
  for (int pass = 0; pass < 2; ++pass) {
    const auto between = translate(snapshot, {}, memo.get());
    CHECK(certificate_of(between) == certificate_of(before));
    CHECK(condition_of(between, "ResolvedRefs").reason == "InvalidCertificateRef");
    CHECK_THAT(condition_of(between, "ResolvedRefs").message, Catch::Contains("is still served"));
    CHECK(condition_of(between, "Programmed").status == "True");
    set(snapshot, "unrelated", "value");
  }
  set(snapshot, "tls.key", good_key);
  const auto after = translate(snapshot, {}, memo.get());
  CHECK(condition_of(after, "ResolvedRefs").status == "True");
  CHECK(certificate_of(after) == certificate_of(before));
}

TEST_CASE("what a Secret held before is served until it expires") {
  auto snapshot = with_certificate();
  const auto expiry = inspect_certificates(snapshot.secrets.at(kSecret)->data.at("tls.crt"))->not_after;
  const auto memo = make_memo();
  Options options;
  options.now = expiry - 1;
  CHECK(translate(snapshot, options, memo.get()).next_expiry == 0);
  set(snapshot, "tls.key", "not a key");
  const auto before = translate(snapshot, options, memo.get());
  CHECK(before.next_expiry == expiry);
  CHECK(before.config->listeners.size() == 1);

  options.now = expiry;
  const auto after = translate(snapshot, options, memo.get());  // of the same objects
  CHECK(after.next_expiry == 0);
  CHECK(after.config->listeners.empty());
  CHECK_THAT(condition_of(after, "ResolvedRefs").message, Catch::Contains("held before has expired"));
  CHECK(condition_of(after, "Programmed").status == "False");
}

TEST_CASE("a Secret that is deleted takes its listener out of service") {
  auto snapshot = with_certificate();
  const auto memo = make_memo();
  translate(snapshot, {}, memo.get());
  snapshot.secrets.clear();
  const auto after = translate(snapshot, {}, memo.get());
  CHECK(after.config->listeners.empty());
  CHECK(condition_of(after, "ResolvedRefs").reason == "InvalidCertificateRef");
  CHECK(condition_of(after, "Programmed").status == "False");
}

}  // namespace gatehouse::translate
