// SPDX-License-Identifier: Apache-2.0
#include "config/translate/tls_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/tls_names.h"

namespace gatehouse::translate {
namespace {

constexpr std::string_view kDomain = "gatehouse.dev/";

std::optional<ir::TlsVersion> version_of(std::string_view text) {
  if (text == "1.2") return ir::TlsVersion::tls_1_2;
  if (text == "1.3") return ir::TlsVersion::tls_1_3;
  return std::nullopt;
}

/// What OpenSSL's lists are made of.
bool is_list(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view(":-_+!@=.").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

std::optional<std::vector<std::string>> protocols_of(std::string_view text) {
  std::vector<std::string> protocols;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto name = text.substr(0, comma);
    if (name != "h2" && name != "http/1.1") return std::nullopt;
    protocols.emplace_back(name);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (protocols.empty()) return std::nullopt;
  return protocols;
}

/// Empty, or what is wrong with a list of names.
std::string take_names(TlsNames kind, const std::string& value, std::string& to) {
  if (!is_list(value)) return "is not a list of names: separate them by colons";
  const auto unknown = find_unknown_tls_name(kind, value);
  if (unknown == value) return "names nothing that can be used: see `openssl ciphers` and `openssl list`";
  if (unknown) return fmt::format("holds a name that is not known, \"{}\": leave it out", *unknown);
  to = value;
  return {};
}

/// Empty, or what is wrong and how to mend it.
std::string take(std::string_view key, const std::string& value, ir::TlsOptions& to) {
  if (key == "min-tls-version" || key == "max-tls-version") {
    const auto version = version_of(value);
    if (!version) return "is not a version that is served: use 1.2 or 1.3";
    (key == "min-tls-version" ? to.min_version : to.max_version) = *version;
    return {};
  }
  if (key == "alpn") {
    auto protocols = protocols_of(value);
    if (!protocols) return "is not a list of h2 and http/1.1: write h2,http/1.1";
    to.alpn = std::move(*protocols);
    return {};
  }
  if (key == "ciphers") return take_names(TlsNames::ciphers, value, to.ciphers);
  if (key == "cipher-suites") return take_names(TlsNames::cipher_suites, value, to.cipher_suites);
  if (key == "curves") return take_names(TlsNames::curves, value, to.curves);
  return "is not known: use min-tls-version, max-tls-version, ciphers, cipher-suites, curves or alpn";
}

}  // namespace

Verdict read_tls_options(const std::map<std::string, std::string>& options, const std::string& where,
                         ir::TlsOptions& to) {
  const auto bad = [&](std::string_view what) {
    return Verdict::bad("UnsupportedValue", fmt::format("{}: {}", where, what));
  };
  for (const auto& [key, value] : options) {
    if (!key.starts_with(kDomain)) continue;
    const auto problem = take(std::string_view(key).substr(kDomain.size()), value, to);
    if (!problem.empty()) return bad(fmt::format("{}: \"{}\" {}", key, value, problem));
  }
  if (to.min_version > to.max_version)
    return bad("min-tls-version is above max-tls-version: no client could connect");
  return {};
}

}  // namespace gatehouse::translate
