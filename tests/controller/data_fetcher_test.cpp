// SPDX-License-Identifier: Apache-2.0
// Only what is wanted is fetched, once per version, and what fails is asked for again.
#include "controller/data_fetcher.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/support/scripted_api.h"

using namespace gatehouse;
using namespace gatehouse::controller;

namespace {

const std::string kPath = "/api/v1/namespaces/shop/secrets/cert";

std::string secret(const std::string& value) {
  nlohmann::json object;
  object["apiVersion"] = "v1";
  object["kind"] = "Secret";
  object["metadata"] = {{"name", "cert"}, {"namespace", "shop"}};
  object["stringData"] = {{"key", value}};
  return object.dump();
}

translate::DataReferences of_secret(const std::string& name) {
  return {{name}, {}};
}

/// Deliveries as they come, to be waited for.
class Deliveries {
 public:
  DataFetcher::Deliver callback() {
    return [this](Delivery delivery) {
      const std::lock_guard lock(mutex_);
      all_.push_back(std::move(delivery));
      came_.notify_all();
    };
  }

  /// The next one that says something.
  Delivery next() {
    std::unique_lock lock(mutex_);
    for (;;) {
      const bool came = came_.wait_for(lock, std::chrono::seconds(20), [this] { return all_.size() > at_; });
      if (!came) throw std::runtime_error("nothing was delivered");
      const auto& delivery = all_[at_++];
      if (!delivery.arrivals.empty() || !delivery.gone.empty()) return delivery;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Delivery> all_;
  std::size_t at_ = 0;
};

std::string value_of(const Delivery& delivery) {
  const auto& object = delivery.arrivals.at(0).object.value();
  return std::get<std::shared_ptr<const objects::Secret>>(object)->data.at("key");
}

Delivery noticed(const std::string& name, const std::string& version) {
  Delivery delivery;
  delivery.kind = "Secret";
  delivery.arrivals.emplace_back();
  delivery.arrivals.back().name = name;
  delivery.arrivals.back().observed.resource_version = version;
  return delivery;
}

}  // namespace

TEST_CASE("a wanted Secret is fetched, and again when the API server has another version") {
  test::ScriptedApi api;
  api.put(kPath, secret("one"));
  Deliveries deliveries;
  DataFetcher fetcher(api.make_client(), deliveries.callback());
  fetcher.want(of_secret("shop/cert"));
  CHECK_FALSE(fetcher.is_settled());
  fetcher.start();
  const auto first = deliveries.next();
  CHECK(value_of(first) == "one");
  CHECK(first.arrivals[0].problems.empty());
  const auto& object = std::get<std::shared_ptr<const objects::Secret>>(*first.arrivals[0].object);
  CHECK(object->meta.resource_version.empty());

  api.put(kPath, secret("two"));
  fetcher.notice(noticed("shop/cert", "another"));
  CHECK(value_of(deliveries.next()) == "two");
  CHECK(api.count("GET", "secrets") == 2);
}

TEST_CASE("what is not wanted, and a version that is here, cost no request") {
  test::ScriptedApi api;
  api.put(kPath, secret("one"));
  Deliveries deliveries;
  DataFetcher fetcher(api.make_client(), deliveries.callback());
  fetcher.want(of_secret("shop/cert"));
  fetcher.start();
  const auto first = deliveries.next();
  fetcher.notice(noticed("shop/helm-release-7", "8"));
  fetcher.notice(noticed("shop/cert", first.arrivals[0].observed.resource_version));
  fetcher.want({});
  CHECK(deliveries.next().gone == std::vector<std::string>{"shop/cert"});
  CHECK(api.count("GET", "") == 1);
}

TEST_CASE("a Secret that is not there counts as settled, and is fetched once it comes") {
  test::ScriptedApi api;
  Deliveries deliveries;
  DataFetcher fetcher(api.make_client(), deliveries.callback());
  fetcher.want(of_secret("shop/cert"));
  fetcher.start();
  CHECK(deliveries.next().gone == std::vector<std::string>{"shop/cert"});
  api.put(kPath, secret("late"));
  fetcher.notice(noticed("shop/cert", "5"));
  CHECK(value_of(deliveries.next()) == "late");
  CHECK(fetcher.error().empty());
}

TEST_CASE("a list without a Secret that was there leads to a look") {
  test::ScriptedApi api;
  api.put(kPath, secret("one"));
  Deliveries deliveries;
  DataFetcher fetcher(api.make_client(), deliveries.callback());
  fetcher.want(of_secret("shop/cert"));
  fetcher.start();
  deliveries.next();
  api.remove(kPath);
  Delivery list;
  list.kind = "Secret";
  list.whole = true;
  fetcher.notice(list);
  CHECK(deliveries.next().gone == std::vector<std::string>{"shop/cert"});
}

TEST_CASE("a failure keeps what was there and is tried again") {
  test::ScriptedApi api;
  api.put(kPath, secret("one"));
  std::atomic<int> failures{0};
  api.set_script([&](const ApiRequest&) -> std::optional<ApiAnswer> {
    if (failures.fetch_add(1) >= 2) return std::nullopt;
    return test::refusal(500, "InternalError");
  });
  Deliveries deliveries;
  DataFetcher fetcher(api.make_client(), deliveries.callback());
  fetcher.want(of_secret("shop/cert"));
  fetcher.start();
  CHECK(value_of(deliveries.next()) == "one");
  CHECK(failures == 3);
}

TEST_CASE("a Secret that cannot be decoded is delivered with its problems and without an object") {
  test::ScriptedApi api;
  api.put(
      kPath,
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"cert","namespace":"shop"},"data":{"key":"%%"}})");
  Deliveries deliveries;
  DataFetcher fetcher(api.make_client(), deliveries.callback());
  fetcher.want(of_secret("shop/cert"));
  fetcher.start();
  const auto delivery = deliveries.next();
  CHECK_FALSE(delivery.arrivals.at(0).problems.empty());
}
