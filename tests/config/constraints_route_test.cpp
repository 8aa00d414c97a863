// SPDX-License-Identifier: Apache-2.0
// The rules of HTTPRoute that came with its filters, retries and sessions.
#include "tests/config/schema_rules.h"

using gatehouse::test::check_rules;
using gatehouse::test::list_of;

namespace {

const std::string kHead =
    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: x}\nspec: {";
const std::string kRule = kHead + "rules: [{";
const std::string kFilter = kRule + "filters: [{type: ";
const std::string kBackend = "backendRef: {name: a, port: 80}";
const std::string kFirst = "spec.rules[0]";
const std::string kFirstFilter = kFirst + ".filters[0].";

std::string auth(const std::string& rest) {
  return "ExternalAuth, externalAuth: {" + kBackend + ", " + rest + "}";
}

std::string replace_prefix(const std::string& filter) {
  const std::string path = "{path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}";
  return filter == "URLRewrite" ? "{type: URLRewrite, urlRewrite: " + path + "}"
                                : "{type: RequestRedirect, requestRedirect: " + path + "}";
}

}  // namespace

TEST_CASE("schema of an HTTPRoute's parents") {
  check_rules(
      kHead + "parentRefs: ", "}\n",
      {{"all or none have a sectionName", "[{name: a, sectionName: x}, {name: a, sectionName: y}]",
        "[{name: a, sectionName: x}, {name: a}]", "spec.parentRefs",
        "parent a is named once with and once without sectionName or port"},
       {"all or none have a port", "[{name: a, port: 1}, {name: a, port: 2}]",
        "[{name: a, port: 1, sectionName: x}, {name: a, sectionName: y}]", "spec.parentRefs",
        "parent a is named once with and once without sectionName or port"},
       {"a written namespace is another parent", "[{name: a}, {name: a, namespace: b}]",
        "[{name: a, namespace: b}, {name: a, namespace: b}]", "spec.parentRefs", "parent a is named twice"}});
  check_rules(kHead, "}\n",
              {{"useDefaultGateways is All or None", "useDefaultGateways: None", "useDefaultGateways: Some",
                "spec.useDefaultGateways", "\"Some\" is not one of All, None"}});
}

TEST_CASE("schema of RequestRedirect and URLRewrite") {
  check_rules(
      kFilter, "}]}]}\n",
      {{"status codes", "RequestRedirect, requestRedirect: {statusCode: 308}",
        "RequestRedirect, requestRedirect: {statusCode: 304}", kFirstFilter + "requestRedirect.statusCode",
        "304 is not one of 301, 302, 303, 307, 308"},
       {"schemes", "RequestRedirect, requestRedirect: {scheme: https}",
        "RequestRedirect, requestRedirect: {scheme: HTTPS}", kFirstFilter + "requestRedirect.scheme",
        "\"HTTPS\" is not one of http, https"},
       {"a hostname is precise", "RequestRedirect, requestRedirect: {hostname: a.b}",
        "RequestRedirect, requestRedirect: {hostname: '*.b'}", kFirstFilter + "requestRedirect.hostname",
        "\"*.b\" is not a hostname"},
       {"a path has its value",
        "URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: ''}}",
        "URLRewrite, urlRewrite: {path: {type: ReplaceFullPath}}",
        kFirstFilter + "urlRewrite.path.replaceFullPath", "is required for type ReplaceFullPath"},
       {"and no other", "URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /a}}",
        "URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /a, replacePrefixMatch: "
        "/b}}",
        kFirstFilter + "urlRewrite.path.replacePrefixMatch", "does not go with type ReplaceFullPath"},
       {"a rewritten path has at most 1024 characters",
        "URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: " + std::string(1024, 'x') +
            "}}",
        "URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: " + std::string(1025, 'x') +
            "}}",
        kFirstFilter + "urlRewrite.path.replaceFullPath",
        "is 1025 characters long, at most 1024 are allowed"}});
  check_rules(kRule, "}]}\n",
              {{"a redirect ends the request",
                "filters: [{type: RequestRedirect, requestRedirect: {}}], backendRefs: []",
                "filters: [{type: RequestRedirect, requestRedirect: {}}], backendRefs: [{name: a, port: 1}]",
                kFirst + ".backendRefs", "do not go with a RequestRedirect filter"},
               {"either redirect or rewrite", "filters: [{type: URLRewrite, urlRewrite: {}}]",
                "filters: [{type: URLRewrite, urlRewrite: {}}, {type: RequestRedirect, requestRedirect: {}}]",
                kFirst + ".filters", "have both a RequestRedirect and a URLRewrite"}});
}

TEST_CASE("replacePrefixMatch goes with exactly one PathPrefix match") {
  const std::string reason = "replacePrefixMatch needs exactly one match, of type PathPrefix";
  const std::string exact = "matches: [{path: {type: Exact, value: /a}}], ";
  const std::string two = "matches: [{path: {value: /a}}, {path: {value: /b}}], ";
  const auto backends = [](int n, const std::string& filter) {
    return "backendRefs: " + list_of(n, "{name: a, port: 80, filters: [" + filter + "]}");
  };
  for (const std::string type : {"URLRewrite", "RequestRedirect"}) {
    INFO(type);
    const auto filter = replace_prefix(type);
    check_rules(kRule, "}]}\n",
                {{"one match", "filters: [" + filter + "]", two + "filters: [" + filter + "]",
                  kFirst + ".filters", reason},
                 {"a prefix", "matches: [{}], filters: [" + filter + "]", exact + "filters: [" + filter + "]",
                  kFirst + ".filters", reason},
                 {"none is not one", "filters: [" + filter + "]", "matches: [], filters: [" + filter + "]",
                  kFirst + ".filters", reason},
                 {"also of a backend", backends(1, filter), exact + backends(1, filter),
                  kFirst + ".backendRefs", reason},
                 {"the API server looks at no more than one backend", exact + backends(2, filter),
                  two + backends(1, filter), kFirst + ".backendRefs", reason}});
  }
}

TEST_CASE("schema of RequestMirror and CORS") {
  check_rules(
      kFilter, "}]}]}\n",
      {{"a mirror has a backend", "RequestMirror, requestMirror: {" + kBackend + "}",
        "RequestMirror, requestMirror: {percent: 1}", kFirstFilter + "requestMirror.backendRef",
        "is required"},
       {"a Service has a port", "RequestMirror, requestMirror: {backendRef: {kind: Other, name: a}}",
        "RequestMirror, requestMirror: {backendRef: {name: a}}",
        kFirstFilter + "requestMirror.backendRef.port", "is required for a Service"},
       {"percent up to 100", "RequestMirror, requestMirror: {" + kBackend + ", percent: 100}",
        "RequestMirror, requestMirror: {" + kBackend + ", percent: 101}",
        kFirstFilter + "requestMirror.percent", "101 is outside 0 to 100"},
       {"percent or fraction", "RequestMirror, requestMirror: {" + kBackend + ", fraction: {numerator: 100}}",
        "RequestMirror, requestMirror: {" + kBackend + ", percent: 1, fraction: {numerator: 1}}",
        kFirstFilter + "requestMirror.fraction", "does not go with percent"},
       {"a fraction is at most one",
        "RequestMirror, requestMirror: {" + kBackend + ", fraction: {numerator: 3, denominator: 3}}",
        "RequestMirror, requestMirror: {" + kBackend + ", fraction: {numerator: 101}}",
        kFirstFilter + "requestMirror.fraction.numerator", "is greater than the denominator"},
       {"an origin is a scheme and a host", "CORS, cors: {allowOrigins: ['https://*.a.B:8443', 'http://*']}",
        "CORS, cors: {allowOrigins: [a.b]}", kFirstFilter + "cors.allowOrigins[0]",
        "\"a.b\" is not an origin"},
       {"no origin twice", "CORS, cors: {allowOrigins: ['http://a', 'https://a']}",
        "CORS, cors: {allowOrigins: ['http://a', 'http://a']}", kFirstFilter + "cors.allowOrigins",
        "\"http://a\" is listed twice"},
       {"* stands alone", "CORS, cors: {allowMethods: ['*'], allowHeaders: ['*'], allowOrigins: ['*']}",
        "CORS, cors: {allowMethods: ['*', GET]}", kFirstFilter + "cors.allowMethods",
        "has \"*\" beside other entries"},
       {"a method is known", "CORS, cors: {allowMethods: [PATCH]}", "CORS, cors: {allowMethods: [patch]}",
        kFirstFilter + "cors.allowMethods[0]",
        "\"patch\" is not one of GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH, *"},
       {"maxAge is positive", "CORS, cors: {maxAge: 1}", "CORS, cors: {maxAge: 0}",
        kFirstFilter + "cors.maxAge", "0 is less than 1"}});
}

TEST_CASE("schema of ExternalAuth and ExtensionRef") {
  check_rules(
      kFilter, "}]}]}\n",
      {{"HTTP has http", auth("protocol: HTTP, http: {path: /a%20}"), auth("protocol: HTTP"),
        kFirstFilter + "externalAuth.http", "is required for type HTTP"},
       {"and no grpc", auth("protocol: GRPC, grpc: {}"), auth("protocol: GRPC, grpc: {}, http: {}"),
        kFirstFilter + "externalAuth.http", "does not go with type GRPC"},
       {"protocols", auth("protocol: HTTP, http: {}"), auth("protocol: http"),
        kFirstFilter + "externalAuth.protocol", "\"http\" is not one of HTTP, GRPC"},
       {"a path has no query", auth("protocol: HTTP, http: {path: check}"),
        auth("protocol: HTTP, http: {path: '/a?b'}"), kFirstFilter + "externalAuth.http.path",
        "\"/a?b\" has characters that no path can hold"},
       {"at most 64 headers", auth("protocol: HTTP, http: {allowedHeaders: " + list_of(64, "a#") + "}"),
        auth("protocol: HTTP, http: {allowedHeaders: " + list_of(65, "a#") + "}"),
        kFirstFilter + "externalAuth.http.allowedHeaders", "has 65 entries, at most 64 are allowed"},
       {"a body has a size", auth("protocol: GRPC, grpc: {}, forwardBody: {maxSize: 0}"),
        auth("protocol: GRPC, grpc: {}, forwardBody: {maxSize: -1}"),
        kFirstFilter + "externalAuth.forwardBody.maxSize", "-1 is less than 0"},
       {"an extension has a group", "ExtensionRef, extensionRef: {group: a.b, kind: C, name: d}",
        "ExtensionRef, extensionRef: {kind: C, name: d}", kFirstFilter + "extensionRef.group", "is required"},
       {"ExternalAuth may come twice",
        auth("protocol: GRPC, grpc: {}") + "}, {type: " + auth("protocol: GRPC, grpc: {}"),
        "CORS, cors: {}}, {type: CORS, cors: {}", kFirst + ".filters[1].type",
        "CORS appears twice in one list of filters"}});
}

TEST_CASE("schema of header values and of what is removed") {
  const std::string set = "RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: ";
  check_rules(kFilter, "}]}]}\n",
              {{"blanks stand between words", set + "'a b\tc'}]}", set + "'a  b'}]}",
                kFirstFilter + "requestHeaderModifier.set[0].value", "is not a header value"},
               {"no name is removed twice", "RequestHeaderModifier, requestHeaderModifier: {remove: [a, A]}",
                "RequestHeaderModifier, requestHeaderModifier: {remove: [a, a]}",
                kFirstFilter + "requestHeaderModifier.remove", "\"a\" is listed twice"}});
}

TEST_CASE("schema of an HTTPRoute's backends, retries and sessions") {
  const std::string x = "backendRefs: [{group: gateway.networking.x-k8s.io, kind: XBackend, name: a";
  check_rules(
      kRule, "}]}\n",
      {{"an XBackend has its own port", x + "}]", x + ", port: 80}]", kFirst + ".backendRefs[0].port",
        "must not be set for an XBackend, which has its own"},
       {"retry codes are errors", "retry: {codes: [400, 599]}", "retry: {codes: [399]}",
        kFirst + ".retry.codes[0]", "399 is outside 400 to 599"},
       {"no code twice", "retry: {codes: [500]}", "retry: {codes: [500, 500]}", kFirst + ".retry.codes",
        "500 is listed twice"},
       {"attempts from 0", "retry: {attempts: 0}", "retry: {attempts: -1}", kFirst + ".retry.attempts",
        "-1 is less than 0"},
       {"backoff is a duration", "retry: {backoff: 1s500ms}", "retry: {backoff: 1.5s}",
        kFirst + ".retry.backoff", "\"1.5s\" is not a duration"},
       {"a session of type Cookie has one", "sessionPersistence: {cookie: {}}", "sessionPersistence: {}",
        kFirst + ".sessionPersistence.cookie", "is required for type Cookie"},
       {"a session of type Header has no cookie", "sessionPersistence: {type: Header, header: {name: a}}",
        "sessionPersistence: {type: Header, header: {name: a}, cookie: {}}",
        kFirst + ".sessionPersistence.cookie", "does not go with type Header"},
       {"a permanent cookie has an end",
        "sessionPersistence: {absoluteTimeout: 1h, cookie: {lifetimeType: Permanent}}",
        "sessionPersistence: {cookie: {lifetimeType: Permanent}}",
        kFirst + ".sessionPersistence.absoluteTimeout", "is required for a cookie of lifetimeType Permanent"},
       {"a cookie's name is a token", "sessionPersistence: {cookie: {name: a_b}}",
        "sessionPersistence: {cookie: {name: 'a b'}}", kFirst + ".sessionPersistence.cookie.name",
        "\"a b\" is not a header name"},
       {"a query value has at most 1024 characters",
        "matches: [{queryParams: [{name: a, value: " + std::string(1024, 'x') + "}]}]",
        "matches: [{queryParams: [{name: a, value: " + std::string(1025, 'x') + "}]}]",
        kFirst + ".matches[0].queryParams[0].value", "is 1025 characters long, at most 1024 are allowed"}});
}
