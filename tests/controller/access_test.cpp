// SPDX-License-Identifier: Apache-2.0
// Ways to an API server: kubeconfig files and service accounts.
#include "controller/access.h"

#include <catch2/catch.hpp>

#include "controller/access_credentials.h"
#include "tests/base/fake_clock.h"
#include "tests/config/temp_folder.h"

namespace gatehouse::controller {
namespace {

using test::TempFolder;

constexpr const char* kPlain = R"(
apiVersion: v1
kind: Config
current-context: dev
contexts:
- name: dev
  context: {cluster: c1, user: u1, namespace: shop}
- name: other
  context: {cluster: c2, user: u1}
clusters:
- name: c1
  cluster: {server: "https://10.1.2.3:6443/", certificate-authority-data: Q0E=, tls-server-name: kubernetes}
- name: c2
  cluster: {server: "https://other.example", insecure-skip-tls-verify: true}
users:
- name: u1
  user: {token: secret-token}
)";

AccessOutcome read(const TempFolder& folder, const std::string& text, const std::string& context = "") {
  folder.write("config", text);
  AccessSearch search;
  search.kubeconfig = folder.path("config");
  search.context = context;
  return find_access(search);
}

std::string line_of(const AccessOutcome& outcome) {
  REQUIRE_FALSE(outcome.access);
  REQUIRE_FALSE(outcome.problems.empty());
  return objects::to_line(outcome.problems.front());
}

/// kPlain with the user's entry replaced.
std::string with_user(const std::string& user) {
  std::string text = kPlain;
  const std::string old = "{token: secret-token}";
  return text.replace(text.find(old), old.size(), user);
}

}  // namespace

TEST_CASE("a kubeconfig's current context says where the server is and who we are") {
  const TempFolder folder;
  const auto outcome = read(folder, kPlain);
  REQUIRE(outcome.problems.empty());
  REQUIRE(outcome.access);
  CHECK(outcome.access->server == "https://10.1.2.3:6443");
  CHECK(outcome.access->authority.text == "CA");
  CHECK(outcome.access->server_name == "kubernetes");
  CHECK(outcome.access->token.text == "secret-token");
  CHECK(outcome.access->ns == "shop");
  CHECK(outcome.access->origin == "context dev of " + folder.path("config"));
}

TEST_CASE("another context of a kubeconfig can be chosen") {
  const TempFolder folder;
  const auto outcome = read(folder, kPlain, "other");
  REQUIRE(outcome.access);
  CHECK(outcome.access->server == "https://other.example");
  CHECK(outcome.access->skip_verification);
  CHECK(line_of(read(folder, kPlain, "prod")).find("there is no prod; name one that there is: dev, other") !=
        std::string::npos);
}

TEST_CASE("files that a kubeconfig names are found beside it") {
  const TempFolder folder;
  folder.write("client.crt", "CERT");
  folder.write("client.key", "KEY");
  folder.write("token", "t");
  const auto outcome =
      read(folder,
           with_user("{client-certificate: client.crt, client-key: client.key, tokenFile: token, token: x}"));
  REQUIRE(outcome.access);
  CHECK(outcome.access->certificate.file == folder.path("client.crt"));
  CHECK(outcome.access->key.file == folder.path("client.key"));
  CHECK(outcome.access->token.file == folder.path("token"));
}

TEST_CASE("a kubeconfig that cannot be followed says what would help") {
  const TempFolder folder;
  CHECK(line_of(read(folder, with_user("{exec: {command: aws}}"))).find("exec: is not supported; programs") !=
        std::string::npos);
  CHECK(line_of(read(folder, with_user("{auth-provider: {name: gcp}}")))
            .find("auth-provider: is not supported") != std::string::npos);
  CHECK(line_of(read(folder, with_user("{client-certificate-data: QQ==}"))).find("client-key") !=
        std::string::npos);
  CHECK(line_of(read(folder, with_user("{client-certificate: none.crt}"))).find("none.crt") !=
        std::string::npos);
  CHECK(line_of(read(folder, "a: [")).find("config:") != std::string::npos);
  CHECK(line_of(read(folder, "apiVersion: v1\nkind: Config\n")).find("current-context: is not set") !=
        std::string::npos);
  AccessSearch search;
  search.kubeconfig = folder.path("absent");
  CHECK(line_of(find_access(search)).find(folder.path("absent")) != std::string::npos);
}

TEST_CASE("of the files of KUBECONFIG the first that has a name wins, and absent ones are passed over") {
  const TempFolder folder;
  folder.write("a", "current-context: both\nclusters: [{name: c, cluster: {server: 'https://a'}}]\n");
  folder.write("b", R"(
current-context: ignored
contexts: [{name: both, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: 'https://b'}}]
users: [{name: u, user: {token: t}}]
)");
  AccessSearch search;
  search.environment = folder.path("none") + ":" + folder.path("a") + ":" + folder.path("b");
  const auto outcome = find_access(search);
  REQUIRE(outcome.access);
  CHECK(outcome.access->server == "https://a");
  CHECK(outcome.access->token.text == "t");
  search.environment = folder.path("none");
  CHECK(line_of(find_access(search)).find("none of its files exists") != std::string::npos);
}

TEST_CASE("a pod uses its service account") {
  const TempFolder folder;
  folder.write("token", "abc\n");
  folder.write("namespace", "edge\n");
  AccessSearch search;
  search.account_folder = folder.path("");
  CHECK(line_of(find_access(search)).find("--kubeconfig") != std::string::npos);
  search.service_host = "fd00::1";
  search.service_port = "443";
  const auto outcome = find_access(search);
  REQUIRE(outcome.access);
  CHECK(outcome.access->server == "https://[fd00::1]:443");
  CHECK(outcome.access->ns == "edge");
  CHECK(outcome.access->token.file == folder.path("") + "/token");
  CHECK(outcome.access->authority.file == folder.path("") + "/ca.crt");
}

TEST_CASE("credentials are read again each minute, and a file that vanishes keeps what it gave") {
  const TempFolder folder;
  folder.write("token", "one\n");
  folder.write("ca.crt", "CA1");
  ClusterAccess access;
  access.token.file = folder.path("token");
  access.authority.file = folder.path("ca.crt");
  FakeClock clock;
  CredentialReader reader(access, clock);
  const auto first = reader.current();
  CHECK(first->token == "one");
  CHECK(first->authority == "CA1");

  folder.write("token", "two");
  CHECK(reader.current()->token == "one");
  clock.advance(CredentialReader::kRereadAfter);
  CHECK(reader.current()->token == "two");
  CHECK(reader.current()->tls_version == first->tls_version);

  folder.write("ca.crt", "CA2");
  folder.write("token", "");
  clock.advance(CredentialReader::kRereadAfter);
  CHECK(reader.current()->token == "two");
  CHECK(reader.current()->error.find("token: is empty") != std::string::npos);
  CHECK(reader.current()->authority == "CA2");
  CHECK(reader.current()->tls_version != first->tls_version);
}

}  // namespace gatehouse::controller
