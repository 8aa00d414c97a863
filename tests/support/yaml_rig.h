// SPDX-License-Identifier: Apache-2.0
// A real gateway configured by YAML, with the backends that Gateway API's conformance tests have.
//
//   YamlRig rig(R"(
//   kind: HTTPRoute
//   ...)");
//   const auto reply = rig.ask({.target = "/v2", .fields = {"Version: two"}});
//   CHECK(reply.backend == "infra-backend-v2");
//   CHECK(reply.request.field("X-Header-Set") == "set-overwrites-values");
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/translate/translate.h"
#include "tests/support/wire_rig.h"

namespace gatehouse::test {

/// One request; the defaults are what most tests send.
struct Ask {
  std::string target = "/";
  std::string method = "GET";
  std::string host = "a.test";
  std::vector<std::string> fields = {};            ///< "Name: value"
  std::string gateway = "default/same-namespace";  ///< which Gateway's address it goes to
  std::uint16_t port = 80;                         ///< of the listener
};

/// A response, and the request that led to it as its backend saw it.
struct Answer {
  int status = 0;  ///< 0: no response came
  WireMessage response;
  std::string backend;  ///< the Service that answered, without namespace; empty: the gateway itself
  WireMessage request;  ///< empty when no backend of ours answered
};

/// Serves the base objects and `objects` from construction to destruction. Base: GatewayClass gatehouse;
/// Gateways default/same-namespace, /all-namespaces, /backend-namespaces with one HTTP listener on port 80
/// each; Services infra-backend-v1 to -v3 in default, app-backend-v1 and -v2 in app, web-backend in web, each
/// with port 8080 and one echoing backend; app and web are labelled gateway-conformance=backend. Objects
/// without a namespace are in default. Used by the test's thread.
class YamlRig {
 public:
  explicit YamlRig(std::string_view objects);

  /// Serves the base objects and `objects`, in place of what was served before.
  void publish(std::string_view objects);
  const translate::Translation& translation() const { return translation_; }

  /// Sends one request on a connection of its own and reads its whole answer.
  Answer ask(const Ask& ask);
  /// To the address of a Gateway's listener port.
  RawClient connect(const std::string& gateway = "default/same-namespace", std::uint16_t port = 80);
  /// A backend by the name of its Service.
  ScriptedBackend& backend(const std::string& name) { return *backends_.at(name); }
  WireGateway& gateway() { return *gateway_; }

  /// Answers as a backend called `name`: 200, X-Served-By, each "X-Answer: Name: value" of the request as a
  /// field, and the request's head as the body.
  static bool echo(BackendConnection& connection, const std::string& name, const WireMessage& request);
  static ScriptedBackend::Script echoing(std::string name);
  /// How echo() answers with another status.
  static std::string answer_of(int status, const std::string& name, const WireMessage& request);

 private:
  std::string base_objects() const;

  std::map<std::string, std::unique_ptr<ScriptedBackend>> backends_;
  translate::Options options_;
  translate::Translation translation_;
  std::unique_ptr<WireGateway> gateway_;  ///< goes before the backends
};

}  // namespace gatehouse::test
