// SPDX-License-Identifier: Apache-2.0
// What follows on each answer of an API server: a list, a watch, a pause.
#include "controller/list_watch.h"

#include <catch2/catch.hpp>
#include <deque>
#include <map>

#include "tests/base/fake_clock.h"

namespace gatehouse::controller {
namespace {

using namespace std::chrono_literals;
using Outcome = ListWatch::Outcome;

constexpr const char* kEmptyList = R"({"metadata":{"resourceVersion":"10"},"items":[]})";

std::string route(const std::string& name, const std::string& version) {
  return R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":")" + name +
         R"(","namespace":"shop","resourceVersion":")" + version + R"("},"spec":{}})";
}

std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}

/// Answers in order, and remembers what it was asked.
class ScriptedApi final : public ApiClient {
 public:
  struct Turn {
    ApiAnswer answer;
    std::vector<std::string> lines;
    Duration lasts{};
  };

  explicit ScriptedApi(FakeClock& clock) : clock_(clock) {}

  void list(std::string body) { turns_.push_back({{200, std::move(body), {}, {}, {}}, {}, {}}); }
  void watch(std::vector<std::string> lines, Duration lasts = 5min) {
    turns_.push_back({{200, {}, {}, {}, {}}, std::move(lines), lasts});
  }
  void fail(int status, std::string error, std::optional<std::chrono::milliseconds> wish = {}) {
    turns_.push_back({{status, {}, std::move(error), {}, wish}, {}, {}});
  }

  ApiAnswer send(const ApiRequest& request) override { return take("list", request).answer; }
  ApiAnswer watch(const ApiRequest& request, const std::function<bool(std::string_view)>& on_line) override {
    const auto turn = take("watch", request);
    clock_.advance(turn.lasts);
    if (turn.answer.ok()) on_line({});
    for (const auto& line : turn.lines)
      if (!on_line(line)) break;
    return turn.answer;
  }
  void stop() override {}

  /// "list /apis/...?limit=500"
  std::vector<std::string> asked;
  std::vector<std::string> accepted;

 private:
  Turn take(const std::string& what, const ApiRequest& request) {
    asked.push_back(what + " " + request.path);
    accepted.push_back(request.accept);
    REQUIRE_FALSE(turns_.empty());
    auto turn = std::move(turns_.front());
    turns_.pop_front();
    return turn;
  }

  FakeClock& clock_;
  std::deque<Turn> turns_;
};

struct Rig {
  explicit Rig(std::string kind = "HTTPRoute", std::string ns = "", std::string selector = "")
      : api(clock),
        list_watch(
            {find_watched_kind(kind), std::move(ns), std::move(selector)},
            {[this](std::vector<Arrival> arrivals) {
               lists.emplace_back();
               for (const auto& arrival : arrivals) lists.back().push_back(arrival.name);
               return true;
             },
             [this] {
               ++watches;
               return true;
             },
             [this](WatchEvent event) {
               events.push_back((event.type == WatchEvent::Type::gone ? "-" : "+") + event.arrival.name);
               return true;
             },
             [this](const Arrival& arrival) { return arrival.name != unwanted; }},
            {}, clock, 42) {}

  ListWatch::Step step() { return list_watch.step(api, "v1"); }
  const std::string& last_asked() const { return api.asked.back(); }
  bool asked_for(const std::string& part) const { return last_asked().find(part) != std::string::npos; }

  FakeClock clock;
  ScriptedApi api;
  std::vector<std::vector<std::string>> lists;
  std::vector<std::string> events;
  int watches = 0;
  std::string unwanted;
  ListWatch list_watch;
};

}  // namespace

TEST_CASE("first a list from the cache, then a watch from its version") {
  Rig rig;
  rig.api.list(R"({"metadata":{"resourceVersion":"opaque-7"},"items":[)" + route("a", "3") + "]}");
  CHECK(rig.step().outcome == Outcome::well);
  CHECK(rig.last_asked() == "list /apis/gateway.networking.k8s.io/v1/httproutes?limit=500&resourceVersion=0");
  CHECK(rig.lists == std::vector<std::vector<std::string>>{{"shop/a"}});

  rig.api.watch({event("ADDED", route("b", "11")), event("DELETED", route("a", "12"))});
  CHECK(rig.step().outcome == Outcome::well);
  CHECK(
      rig.asked_for("watch /apis/gateway.networking.k8s.io/v1/httproutes?watch=true&allowWatchBookmarks=true"
                    "&resourceVersion=opaque-7&timeoutSeconds="));
  CHECK(rig.events == std::vector<std::string>{"+shop/b", "-shop/a"});
  CHECK(rig.watches == 1);

  rig.api.watch({});
  rig.step();
  CHECK(rig.asked_for("resourceVersion=12&"));
}

TEST_CASE("what is not wanted is left out of a list, and gone when a watch tells of it") {
  Rig rig;
  rig.unwanted = "shop/b";
  rig.api.list(R"({"metadata":{"resourceVersion":"7"},"items":[)" + route("a", "3") + "," + route("b", "4") +
               "]}");
  rig.step();
  CHECK(rig.lists == std::vector<std::vector<std::string>>{{"shop/a"}});

  rig.unwanted = "shop/a";
  rig.api.watch({event("MODIFIED", route("b", "11")), event("MODIFIED", route("a", "12"))});
  rig.step();
  CHECK(rig.events == std::vector<std::string>{"+shop/b", "-shop/a"});
}

TEST_CASE("watches last 5 to 10 minutes, and not all the same") {
  Rig rig;
  rig.api.list(kEmptyList);
  rig.step();
  std::map<int, int> drawn;
  for (int i = 0; i < 50; ++i) {
    rig.api.watch({});
    rig.step();
    ++drawn[std::stoi(rig.last_asked().substr(rig.last_asked().find("timeoutSeconds=") + 15))];
  }
  CHECK(drawn.begin()->first >= 300);
  CHECK(drawn.rbegin()->first <= 600);
  CHECK(drawn.size() > 20);
}

TEST_CASE("pages are gathered and handed on as one") {
  Rig rig;
  rig.api.list(R"({"metadata":{"resourceVersion":"9","continue":"t+1"},"items":[)" + route("a", "1") + "]}");
  rig.api.list(R"({"metadata":{"resourceVersion":"9"},"items":[)" + route("b", "2") + "]}");
  CHECK(rig.step().outcome == Outcome::well);
  CHECK(rig.asked_for("?limit=500&continue=t%2B1"));
  CHECK(rig.last_asked().find("resourceVersion") == std::string::npos);
  CHECK(rig.lists == std::vector<std::vector<std::string>>{{"shop/a", "shop/b"}});
}

TEST_CASE("pages that expire while they are read are asked for again, all in one") {
  Rig rig;
  rig.api.list(R"({"metadata":{"resourceVersion":"9","continue":"t"},"items":[)" + route("old", "1") + "]}");
  rig.api.fail(410, "expired");
  rig.api.list(R"({"metadata":{"resourceVersion":"20"},"items":[)" + route("b", "2") + "]}");
  CHECK(rig.step().outcome == Outcome::well);
  CHECK(rig.asked_for("httproutes?resourceVersion="));
  CHECK(rig.last_asked().find("limit") == std::string::npos);
  CHECK(rig.lists == std::vector<std::vector<std::string>>{{"shop/b"}});
}

TEST_CASE("an expired version leads to a list from the quorum") {
  const auto in_stream = event("ERROR", R"({"code":410,"reason":"Expired","message":"too old"})");
  const auto too_large = event("ERROR", R"({"code":504,"message":"Timeout: Too large resource version"})");
  Rig rig;
  rig.api.list(kEmptyList);
  rig.step();
  SECTION("as an event") {
    rig.api.watch({in_stream});
    CHECK(rig.step().outcome == Outcome::well);
  }
  SECTION("as an answer") {
    rig.api.fail(410, "410 Gone");
    CHECK(rig.step().outcome == Outcome::failed);
  }
  SECTION("too large, as an event") {
    rig.api.watch({too_large});
    CHECK(rig.step().outcome == Outcome::well);
  }
  SECTION("too large, as an answer") {
    rig.api.fail(504, "GET x: 504 Timeout: Too large resource version: 10, current: 5");
    CHECK(rig.step().outcome == Outcome::failed);
  }
  rig.api.list(kEmptyList);
  CHECK(rig.step().outcome == Outcome::well);
  CHECK(rig.asked_for("list "));
  CHECK(rig.asked_for("?limit=500&resourceVersion="));
  CHECK_FALSE(rig.asked_for("resourceVersion=0"));
}

TEST_CASE("a watch that expires at once, again and again, has pauses") {
  Rig rig;
  rig.api.list(kEmptyList);
  rig.step();
  rig.api.watch({event("ERROR", R"({"code":410})")}, 5ms);
  CHECK(rig.step().outcome == Outcome::failed);
}

TEST_CASE(
    "what expired while the server was away is listed at once, and after a pause when that expires too") {
  const auto in_stream = event("ERROR", R"({"code":410})");
  Rig rig;
  rig.api.list(kEmptyList);
  rig.step();
  rig.api.fail(0, "cannot connect");
  const auto away = rig.step();
  CHECK(away.outcome == Outcome::failed);
  CHECK(away.is_unanswered);
  SECTION("as an event") {
    rig.api.watch({in_stream}, 5ms);
    CHECK(rig.step().outcome == Outcome::well);
  }
  SECTION("as an answer") {
    rig.api.fail(410, "410 Gone");
    CHECK(rig.step().outcome == Outcome::well);
  }
  rig.api.list(kEmptyList);
  CHECK(rig.step().outcome == Outcome::well);
  rig.api.watch({in_stream}, 5ms);
  const auto again = rig.step();
  CHECK(again.outcome == Outcome::failed);
  CHECK_FALSE(again.is_unanswered);
}

TEST_CASE("a refused, throttled or broken watch is tried again from where it was, without a list") {
  Rig rig;
  rig.api.list(kEmptyList);
  rig.step();
  rig.api.watch({event("MODIFIED", route("a", "15"))});
  rig.step();
  rig.api.fail(0, "cannot connect");
  CHECK(rig.step().outcome == Outcome::failed);
  rig.api.fail(429, "429 TooManyRequests", 7s);
  const auto throttled = rig.step();
  CHECK(throttled.outcome == Outcome::failed);
  CHECK(throttled.wished == Duration(7s));
  CHECK_FALSE(throttled.is_unanswered);
  rig.api.fail(503, "503 ServiceUnavailable");
  CHECK(rig.step().is_unanswered);
  rig.api.fail(500, "500 InternalError");
  const auto failed = rig.step();
  CHECK(failed.outcome == Outcome::failed);
  CHECK_FALSE(failed.is_unanswered);
  rig.api.watch({});
  rig.step();
  CHECK(rig.asked_for("resourceVersion=15&"));
  CHECK(rig.lists.size() == 1);
}

TEST_CASE("an error within a watch is followed by another watch") {
  Rig rig;
  rig.api.list(kEmptyList);
  rig.step();
  rig.api.watch({event("ERROR", R"({"code":500,"reason":"InternalError","message":"etcd"})")});
  const auto step = rig.step();
  CHECK(step.outcome == Outcome::failed);
  CHECK(step.error == "watch of httproutes: 500 InternalError: etcd");
  rig.api.watch({});
  rig.step();
  CHECK(rig.asked_for("watch=true"));
}

TEST_CASE("a bookmark moves the version a watch starts from") {
  Rig rig;
  rig.api.list(kEmptyList);
  rig.step();
  rig.api.watch({event("BOOKMARK", R"({"metadata":{"resourceVersion":"900"}})")});
  rig.step();
  rig.api.watch({});
  rig.step();
  CHECK(rig.asked_for("resourceVersion=900&"));
  CHECK(rig.events.empty());
}

TEST_CASE("a watch that ends at once without an event counts as a failure") {
  Rig rig;
  rig.api.list(kEmptyList);
  rig.step();
  rig.api.watch({}, 900ms);
  CHECK(rig.step().outcome == Outcome::failed);
  rig.api.watch({event("MODIFIED", route("a", "15"))}, 900ms);
  CHECK(rig.step().outcome == Outcome::well);
  rig.api.watch({}, 1s);
  CHECK(rig.step().outcome == Outcome::well);
  CHECK(rig.lists.size() == 1);
}

TEST_CASE("a line that cannot be read leads to a list") {
  Rig rig;
  rig.api.list(kEmptyList);
  rig.step();
  rig.api.watch({"{\"type\":\"ADD"});
  CHECK(rig.step().outcome == Outcome::failed);
  rig.api.list(kEmptyList);
  rig.step();
  CHECK(rig.lists.size() == 2);
}

TEST_CASE("a kind that the server does not have is told apart, for lists and watches") {
  Rig rig;
  rig.api.fail(404, "404 NotFound");
  CHECK(rig.step().outcome == Outcome::missing);
  rig.api.list(kEmptyList);
  rig.step();
  rig.api.fail(404, "404 NotFound");
  CHECK(rig.step().outcome == Outcome::missing);
}

TEST_CASE("a list that fails is no list, and the next step is one") {
  Rig rig;
  rig.api.fail(403, "403 Forbidden");
  CHECK(rig.step().outcome == Outcome::failed);
  rig.api.list("{}");
  CHECK(rig.step().error.find("the answer is no list") != std::string::npos);
  CHECK(rig.lists.empty());
  rig.api.list(kEmptyList);
  rig.step();
  CHECK(rig.asked_for("resourceVersion=0"));
  CHECK(rig.lists.size() == 1);
}

TEST_CASE("a list that does not arrive as a whole is asked for in pages") {
  Rig rig;
  rig.api.fail(0, "the answer is larger than 268435456 bytes");
  CHECK(rig.step().outcome == Outcome::failed);
  rig.api.list(kEmptyList);
  rig.step();
  CHECK(rig.asked_for("limit=500&resourceVersion="));
  CHECK_FALSE(rig.asked_for("resourceVersion=0"));
}

TEST_CASE("a server whose every list is out of date is not asked again at once") {
  Rig rig;
  rig.api.list(R"({"metadata":{"resourceVersion":"9","continue":"t"},"items":[]})");
  rig.api.fail(410, "expired");
  rig.api.fail(410, "expired");
  CHECK(rig.step().outcome == Outcome::failed);
}

TEST_CASE("too many requests is an answer, a server that starts is none") {
  Rig rig;
  rig.api.fail(429, "429 Too Many Requests", std::chrono::seconds(1));
  CHECK_FALSE(rig.step().is_unanswered);
  rig.api.fail(503, "503 Service Unavailable");
  CHECK(rig.step().is_unanswered);
}

TEST_CASE("namespaces and selectors restrict what is asked for") {
  Rig rig("HTTPRoute", "shop", "team in (a,b)");
  rig.api.list(kEmptyList);
  rig.step();
  CHECK(rig.last_asked() ==
        "list /apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes?limit=500"
        "&resourceVersion=0&labelSelector=team%20in%20%28a%2Cb%29");
  Rig one("Namespace", "shop");
  one.api.list(kEmptyList);
  one.step();
  CHECK(one.last_asked() ==
        "list /api/v1/namespaces?limit=500&resourceVersion=0&fieldSelector=metadata.name%3Dshop");
}

TEST_CASE("Secrets are asked for as metadata only") {
  Rig rig("Secret");
  rig.api.list(kEmptyList);
  rig.step();
  rig.api.watch({});
  rig.step();
  CHECK(rig.api.accepted ==
        std::vector<std::string>{"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                                 "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"});
}

}  // namespace gatehouse::controller
