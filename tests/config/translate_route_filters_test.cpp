// SPDX-License-Identifier: Apache-2.0
// Filters that decode would refuse already, and settings of rules that come from elsewhere.
#include "config/translate/route_filters.h"

#include <catch2/catch.hpp>

#include "config/translate/rule_settings.h"

namespace gatehouse::translate {
namespace {

using namespace std::chrono_literals;

struct Result {
  TranslatedFilters filters;
  Verdict unsupported;
  Verdict unresolved;
};

Result translate_filters(const std::vector<objects::HttpRouteFilter>& filters,
                         FilterOwner owner = FilterOwner::rule) {
  const objects::Snapshot snapshot;
  const BackendResolver resolver(snapshot);
  const objects::HttpRouteRule rule;
  Findings unsupported;
  Findings unresolved;
  std::vector<BackendTarget> targets;
  std::vector<ServicePortName> secured;
  const Referrer from{"gateway.networking.k8s.io", "HTTPRoute", "default"};
  const FilterContext context{resolver, from, unsupported, unresolved, targets, secured};
  auto result = to_filters(filters, {owner, rule, "HTTPRoute default/r: spec.rules[0]"}, context);
  return {std::move(result), unsupported.verdict(), unresolved.verdict()};
}

objects::HttpRouteFilter header_filter(std::string name) {
  objects::HttpRouteFilter filter;
  filter.type = "RequestHeaderModifier";
  filter.request_header_modifier = objects::HttpHeaderFilter{{{std::move(name), "1"}}, {}, {}};
  return filter;
}

objects::HttpRouteFilter redirect_filter() {
  objects::HttpRouteFilter filter;
  filter.type = "RequestRedirect";
  filter.request_redirect.emplace();
  return filter;
}

objects::HttpRouteFilter rewrite_filter() {
  objects::HttpRouteFilter filter;
  filter.type = "URLRewrite";
  filter.url_rewrite.emplace();
  return filter;
}

ir::RouteRule applied(const RuleSettings& settings) {
  ir::RouteRule rule;
  apply(settings, rule);
  return rule;
}

}  // namespace

TEST_CASE("a second header filter of one type is incompatible with the first") {
  const auto result = translate_filters({header_filter("a"), header_filter("b")});
  CHECK(result.unsupported.reason == "IncompatibleFilters");
}

TEST_CASE("a redirect and a rewrite exclude each other") {
  CHECK(translate_filters({redirect_filter(), rewrite_filter()}).unsupported.reason == "IncompatibleFilters");
  CHECK(translate_filters({redirect_filter()}).unsupported.ok);
  CHECK(translate_filters({rewrite_filter()}).unsupported.ok);
}

TEST_CASE("a filter of an unknown type is unsupported") {
  objects::HttpRouteFilter filter;
  filter.type = "Teleport";
  CHECK(translate_filters({filter}).unsupported.reason == "UnsupportedValue");
}

TEST_CASE("a filter whose member is missing is unsupported") {
  objects::HttpRouteFilter filter;
  filter.type = "RequestMirror";
  CHECK(translate_filters({filter}).unsupported.reason == "UnsupportedValue");
}

TEST_CASE("several extensions refuse requests, and each is named") {
  objects::HttpRouteFilter filter;
  filter.type = "ExtensionRef";
  filter.extension_ref = objects::LocalObjectReference{"example.com", "Limiter", "slow"};
  const auto result = translate_filters({filter, filter});
  CHECK(result.unsupported.ok);
  CHECK(result.unresolved.reason == "InvalidKind");
  CHECK_THAT(result.unresolved.message, Catch::Contains("filters[0]") && Catch::Contains("filters[1]"));
  CHECK(result.filters.refuses_requests);
}

TEST_CASE("what a rule says itself wins over what it inherits, field by field") {
  RuleSettings own;
  own.request_timeout = 1s;
  own.retry_codes = std::vector<std::uint16_t>{503};
  RuleSettings inherited;
  inherited.request_timeout = 2s;
  inherited.backend_request_timeout = 3s;
  inherited.retry_attempts = 4;
  inherited.retry_codes = std::vector<std::uint16_t>{500};
  inherited.retry_on_reset = true;
  const auto rule = applied(merge(own, inherited));
  CHECK(rule.timeouts == ir::RouteTimeouts{1s, 3s});
  CHECK(rule.retry.attempts == 4);
  CHECK(rule.retry.codes == std::vector<std::uint16_t>{503});
  CHECK(rule.retry.on_reset);
}

TEST_CASE("a rule that switches retries off inherits none") {
  objects::HttpRouteRule spec;
  spec.retry.emplace().attempts = 0;
  RuleSettings inherited;
  inherited.retry_attempts = 4;
  CHECK(applied(merge(settings_of(spec, "key"), inherited)).retry == ir::RouteRetry{});
}

TEST_CASE("settings nobody gave leave a rule at its defaults") {
  CHECK(applied({}) == ir::RouteRule{});
  CHECK(settings_of({}, "key") == RuleSettings{});
}

TEST_CASE("a cookie without a name is named after its rule, always alike") {
  objects::SessionPersistence persistence;
  persistence.cookie.emplace();
  const auto name = to_persistence(persistence, "HTTPRoute/default/r/pay").name;
  CHECK(name == to_persistence(persistence, "HTTPRoute/default/r/pay").name);
  CHECK(name != to_persistence(persistence, "HTTPRoute/default/r/buy").name);
  CHECK_THAT(name, Catch::StartsWith("gatehouse-"));
}

}  // namespace gatehouse::translate
