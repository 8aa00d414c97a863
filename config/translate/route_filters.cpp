// SPDX-License-Identifier: Apache-2.0
#include "config/translate/route_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/objects/constraints.h"
#include "config/translate/header_modifiers.h"

namespace gatehouse::translate {
namespace {

constexpr std::string_view kUnsupported = "UnsupportedValue";
constexpr std::string_view kIncompatible = "IncompatibleFilters";

void append(const std::vector<ServicePortName>& from, std::vector<ServicePortName>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

std::vector<std::string> lower_case_all(const std::vector<std::string>& texts) {
  std::vector<std::string> result;
  for (const auto& text : texts) result.push_back(lower_case(text));
  return result;
}

/// A path that requests are sent on with: what the schema lets through but no request target can hold is
/// found here.
void check_path_value(const std::string& value, const std::string& where, Findings& findings) {
  if (const auto complaint = objects::check_path(value))
    findings.add(kUnsupported, fmt::format("{}: {}: {}", where, complaint->reason, complaint->fix));
}

/// Translates one list of filters; lives for that only.
class FilterTranslation {
 public:
  FilterTranslation(const FilterPlace& place, const FilterContext& context)
      : place_(place), context_(context) {}

  TranslatedFilters run(const std::vector<objects::HttpRouteFilter>& filters) {
    for (std::size_t i = 0; i < filters.size(); ++i)
      apply(filters[i], fmt::format("{}.filters[{}]", place_.where, i));
    if (filters_.redirect && filters_.rewrite)
      unsupported(kIncompatible,
                  place_.where + ".filters: RequestRedirect and URLRewrite exclude each other: remove one");
    return {std::move(filters_), refuses_};
  }

 private:
  void unsupported(std::string_view reason, std::string message) {
    context_.unsupported.add(reason, std::move(message));
  }

  void apply(const objects::HttpRouteFilter& filter, const std::string& where) {
    if (filter.type == "RequestMirror" && filter.request_mirror)
      return add_mirror(*filter.request_mirror, where + ".requestMirror");
    if (filter.type == "ExtensionRef" && filter.extension_ref)
      return refuse_extension(*filter.extension_ref, where + ".extensionRef");
    if (filter.type == "ExternalAuth" && filter.external_auth)
      return add_auth(*filter.external_auth, where + ".externalAuth");
    if (!types_.insert(filter.type).second)
      return unsupported(kIncompatible, fmt::format("{}.type: a second {} is not allowed: join the two",
                                                    where, filter.type));
    if (!apply_single(filter, where))
      unsupported(kUnsupported, fmt::format("{}.type: {} is not served by this version: remove the filter",
                                            where, filter.type));
  }

  /// Those that a list may have once. False for a type that is not served here.
  bool apply_single(const objects::HttpRouteFilter& filter, const std::string& where) {
    auto& findings = context_.unsupported;
    if (filter.request_header_modifier)
      filters_.request_headers =
          to_header_modifier(*filter.request_header_modifier, where + ".requestHeaderModifier", findings);
    else if (filter.response_header_modifier)
      filters_.response_headers =
          to_header_modifier(*filter.response_header_modifier, where + ".responseHeaderModifier", findings);
    else if (filter.request_redirect)
      filters_.redirect = to_redirect(*filter.request_redirect, where + ".requestRedirect");
    else if (filter.url_rewrite)
      filters_.rewrite = to_rewrite(*filter.url_rewrite, where + ".urlRewrite");
    else if (filter.cors)
      filters_.cors = to_cors(*filter.cors);
    else
      return false;
    return true;
  }

  ir::PathRewrite to_path(const std::optional<objects::HttpPathModifier>& path, const std::string& where) {
    if (!path) return {};
    if (path->replace_full_path) {
      check_path_value(*path->replace_full_path, where + ".path.replaceFullPath", context_.unsupported);
      return {ir::PathRewrite::Kind::full, *path->replace_full_path};
    }
    const auto value = path->replace_prefix_match.value_or("");
    if (!value.empty()) check_path_value(value, where + ".path.replacePrefixMatch", context_.unsupported);
    const auto& matches = place_.rule.matches;
    if (std::any_of(matches.begin(), matches.end(),
                    [](const auto& match) { return match.path.type != "PathPrefix"; }))
      unsupported(kUnsupported, where +
                                    ".path.type: ReplacePrefixMatch needs a rule whose matches are of type "
                                    "PathPrefix: change the matches, or use ReplaceFullPath");
    return {ir::PathRewrite::Kind::prefix, value};
  }

  ir::Redirect to_redirect(const objects::HttpRequestRedirect& redirect, const std::string& where) {
    ir::Redirect result;
    result.scheme = redirect.scheme.value_or("");
    result.host = redirect.hostname.value_or("");
    result.port = static_cast<std::uint16_t>(redirect.port.value_or(0));
    result.path = to_path(redirect.path, where);
    result.status = static_cast<std::uint16_t>(redirect.status_code);
    return result;
  }

  ir::UrlRewrite to_rewrite(const objects::HttpUrlRewrite& rewrite, const std::string& where) {
    return {rewrite.hostname.value_or(""), to_path(rewrite.path, where)};
  }

  static std::shared_ptr<const ir::Cors> to_cors(const objects::HttpCors& cors) {
    ir::Cors result;
    result.origins = cors.allow_origins;
    result.methods = cors.allow_methods;
    result.headers = cors.allow_headers;
    result.expose = cors.expose_headers;
    result.credentials = cors.allow_credentials.value_or(false);
    result.max_age = std::chrono::seconds(cors.max_age);
    return std::make_shared<const ir::Cors>(std::move(result));
  }

  /// An invalid reference is dropped: a mirror never stands in the way of the request itself.
  void add_mirror(const objects::HttpRequestMirror& mirror, const std::string& where) {
    auto resolved =
        context_.resolver.resolve(context_.from, mirror.backend_ref, context_.use, where + ".backendRef");
    append(resolved.secured, context_.secured);
    if (!resolved.verdict.ok)
      return context_.unresolved.add(resolved.verdict.reason, std::move(resolved.verdict.message));
    if (resolved.refused) return;
    ir::Mirror result;
    result.cluster = resolved.target.cluster;
    if (mirror.percent) result.numerator = static_cast<std::uint32_t>(*mirror.percent);
    if (mirror.fraction) {
      result.numerator = static_cast<std::uint32_t>(mirror.fraction->numerator);
      result.denominator = static_cast<std::uint32_t>(mirror.fraction->denominator);
    }
    if (result.numerator == 0) return;
    filters_.mirrors.push_back(std::move(result));
    context_.targets.push_back(std::move(resolved.target));
  }

  /// Several are asked in their order; each of them must agree.
  void add_auth(const objects::HttpExternalAuth& auth, const std::string& where) {
    if (place_.owner == FilterOwner::backend)
      return unsupported(kUnsupported,
                         where + ": a backendRef cannot have it: move it to the rule's filters");
    filters_.external_auth.push_back(
        std::make_shared<const ir::ExternalAuth>(to_external_auth(auth, where, context_)));
  }

  void refuse_extension(const objects::LocalObjectReference& ref, const std::string& where) {
    refuses_ = true;
    context_.unresolved.add(
        "InvalidKind", fmt::format("{}: {}{}{} is no filter of this gateway, so requests get 500: remove it",
                                   where, ref.group, ref.group.empty() ? "" : "/", ref.kind));
  }

  const FilterPlace& place_;
  const FilterContext& context_;
  std::set<std::string> types_;
  ir::Filters filters_;
  bool refuses_ = false;
};

/// Goes in front of paths that start with '/' themselves.
std::string path_prefix(const std::string& path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

}  // namespace

TranslatedFilters to_filters(const std::vector<objects::HttpRouteFilter>& filters, const FilterPlace& place,
                             const FilterContext& context) {
  return FilterTranslation(place, context).run(filters);
}

ir::ExternalAuth to_external_auth(const objects::HttpExternalAuth& auth, const std::string& where,
                                  const FilterContext& context) {
  ir::ExternalAuth result;
  const bool is_grpc = auth.protocol == "GRPC";
  result.protocol = is_grpc ? ir::ExternalAuth::Protocol::grpc : ir::ExternalAuth::Protocol::http;
  if (!auth.http_path.empty()) check_path_value(auth.http_path, where + ".http.path", context.unsupported);
  result.path = path_prefix(auth.http_path);
  result.allowed_headers = lower_case_all(is_grpc ? auth.grpc_allowed_headers : auth.http_allowed_headers);
  result.response_headers = lower_case_all(auth.http_allowed_response_headers);
  result.max_body_bytes = static_cast<std::uint32_t>(std::max(auth.forward_body_max_size.value_or(0), 0));
  auto resolved = context.resolver.resolve(
      context.from, auth.backend_ref, is_grpc ? BackendUse::grpc : BackendUse::http, where + ".backendRef");
  append(resolved.secured, context.secured);
  if (!resolved.verdict.ok) {
    context.unresolved.add(resolved.verdict.reason, std::move(resolved.verdict.message));
    return result;
  }
  if (resolved.refused) return result;
  result.cluster = resolved.target.cluster;
  context.targets.push_back(std::move(resolved.target));
  return result;
}

}  // namespace gatehouse::translate
