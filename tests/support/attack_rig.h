// SPDX-License-Identifier: Apache-2.0
// Sends bytes through a gateway and looks at both ends: the answers, and what reached the backend.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/wire_rig.h"

namespace gatehouse::test {

/// Both ends once an attack is over.
struct Sight {
  std::vector<WireMessage> answers;  ///< complete ones, interim ones included
  std::string rest;                  ///< of the client's bytes, behind them
  bool closed = false;               ///< by the gateway
  bool reset = false;
  std::vector<WireMessage> reached;  ///< complete requests at the backend
  std::string reached_bytes;

  int status() const { return answers.empty() ? 0 : answers.front().status(); }
};

/// One gateway with the route "/", added to those of a base plan, to one backend that answers complete
/// requests only. Every attack comes on a connection of its own.
class AttackRig {
 public:
  explicit AttackRig(const WirePlan& base = {}, ScriptedBackend::Script script = ScriptedBackend::answering(
                                                    std::string(ScriptedBackend::kOk)));

  /// Sends, ends the client's side of the connection with `then`, and reads until the gateway's end.
  enum class Then : bool { wait, half_close };
  Sight attack(std::string_view bytes, Pace pace, Then then = Then::wait, HasBody body = HasBody::by_framing);
  /// Reads `answers` complete final responses and leaves the connection to the client's close.
  Sight exchange(std::string_view bytes, Pace pace, std::size_t answers = 1,
                 HasBody body = HasBody::by_framing);

  ScriptedBackend backend;
  WirePlan plan;
  WireGateway gateway;

 private:
  static WirePlan plan_for(WirePlan base, const SocketAddress& backend);
  void look_at_backend(Sight& sight);
};

/// One attack: its rule, what it is, its bytes, and the statuses that refuse it.
struct Attack {
  std::string rule;
  std::string name;
  std::string bytes;
  std::vector<int> statuses = {400};
};

constexpr std::string_view kPaceNames[] = {"whole", "byte by byte"};

/// At both paces (F19): exactly one answer with one of the statuses, the gateway closes without a reset
/// (F28), no complete request reaches the backend, and nothing of what stood behind ("smuggled") does.
void check_refused(AttackRig& rig, const Attack& attack);

/// What the rule set says of one good request: its answer is 200 and this is what the backend sees.
struct Passage {
  std::string rule;
  std::string name;
  std::string bytes;
  std::string start_line;                ///< as forwarded
  std::vector<std::string> fields = {};  ///< "Name: value" in order, see end_to_end
  std::string body = {};
  std::string host = "a.test";
};

/// At both paces (F19): answered 200, exactly one request at the backend, its parts as given.
void check_passes(AttackRig& rig, const Passage& passage);

/// The fields that came from the client: all but Host, framing and what the gateway adds of its own.
std::vector<std::string> end_to_end(const WireMessage& message);

/// "GET /a HTTP/1.1", Host a.test, the given field lines (each without CRLF), blank line.
std::string get(std::initializer_list<std::string_view> lines, std::string_view target = "/a");
/// POST to /a with the given field lines, then `body` as it is.
std::string post(std::initializer_list<std::string_view> lines, std::string_view body);
/// A chunked POST with `body` as it is.
std::string chunked(std::string_view body);
/// A complete request for /smuggled that no backend may ever see.
constexpr std::string_view kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";

}  // namespace gatehouse::test
