// SPDX-License-Identifier: Apache-2.0
// Rules for names, written by hand: no regular expression runs over what a user wrote.
#include "config/objects/constraints.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace gatehouse::objects {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxProtocol = 255;
constexpr std::size_t kMaxText = 4096;

bool is_lower_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}

bool is_alnum(char c) {
  return is_digit(c) || is_alpha(c);
}

bool is_dns_label(std::string_view text) {
  if (text.empty() || text.size() > kMaxLabel) return false;
  for (const char c : text)
    if (!is_lower_alnum(c) && c != '-') return false;
  return text.front() != '-' && text.back() != '-';
}

/// Labels between dots. A label of a subdomain has no length limit of its own in Kubernetes.
bool is_subdomain_text(std::string_view text) {
  if (text.empty()) return false;
  char before = '.';
  for (const char c : text) {
    const bool edge = c == '.' || c == '-';
    if (!edge && !is_lower_alnum(c)) return false;
    if (c == '.' && !is_lower_alnum(before)) return false;
    if (c == '-' && before == '.') return false;
    before = c;
  }
  return is_lower_alnum(before);
}

bool is_dns_subdomain(std::string_view text) {
  return text.size() <= kMaxName && is_subdomain_text(text);
}

/// The part of a name behind "domain/": letters, digits, '-', '_', '.' with a letter or digit at both ends.
bool is_name_part(std::string_view text) {
  if (text.empty() || text.size() > kMaxLabel || !is_alnum(text.front()) || !is_alnum(text.back()))
    return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_domain_path_char(char c) {
  return is_alnum(c) || std::string_view("/-._~%!$&'()*+,;=:").find(c) != std::string_view::npos;
}

/// Whether the text ends in x/path with x the last character of a domain: the CRD's pattern for it has no
/// anchor in front.
template <typename PathChar>
bool ends_in_domain_path(std::string_view text, PathChar is_path_char) {
  std::size_t begin = text.size();
  while (begin > 0 && is_path_char(text[begin - 1])) --begin;
  for (std::size_t slash = std::max<std::size_t>(begin, 1) - 1; slash + 1 < text.size(); ++slash)
    if (slash > 0 && slash + 1 >= begin && text[slash] == '/' && is_lower_alnum(text[slash - 1])) return true;
  return false;
}

/// "", or the part in front of the first '/'.
std::string_view domain_of(std::string_view text) {
  return text.substr(0, text.find('/'));
}

Complaint not_a(std::string_view text, std::string_view what, std::string_view fix) {
  return {fmt::format("\"{}\" is not {}", text, what), std::string(fix)};
}

Complaint bad_key(std::string_view text) {
  return not_a(text, "a label or annotation key",
               "write name or domain/name, at most 63 letters, digits, '-', '_' and '.' in the name");
}

}  // namespace

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::optional<Complaint> check_length(std::string_view text, std::size_t most) {
  const auto length = count_characters(text);
  if (length <= most) return std::nullopt;
  return Complaint{fmt::format("is {} characters long, at most {} are allowed", length, most), "shorten it"};
}

std::optional<Complaint> check_not_empty(std::string_view text) {
  if (!text.empty()) return check_length(text, kMaxText);
  return Complaint{"must not be empty", "write a value"};
}

std::optional<Complaint> check_dns_label(std::string_view text) {
  if (is_dns_label(text)) return std::nullopt;
  return not_a(text, "a DNS label",
               "use at most 63 lower-case letters, digits and '-', not '-' at either end");
}

std::optional<Complaint> check_dns_subdomain(std::string_view text) {
  if (is_dns_subdomain(text)) return std::nullopt;
  return not_a(text, "a DNS subdomain name",
               "use at most 253 lower-case letters, digits, '-' and '.', starting and ending with a "
               "letter or digit");
}

std::optional<Complaint> check_object_name(std::string_view text) {
  if (text.empty()) return Complaint{"must not be empty", "write the object's name"};
  return check_length(text, kMaxName);
}

std::optional<Complaint> check_group(std::string_view text) {
  return text.empty() ? std::nullopt : check_dns_subdomain(text);
}

std::optional<Complaint> check_kind(std::string_view text) {
  bool good = !text.empty() && text.size() <= kMaxLabel && is_alpha(text.front()) && text.back() != '-';
  for (const char c : text) good = good && (is_alnum(c) || c == '-');
  if (good) return std::nullopt;
  return not_a(text, "a kind", "write the kind as in the object's kind: line");
}

std::optional<Complaint> check_precise_hostname(std::string_view text) {
  if (is_dns_subdomain(text)) return std::nullopt;
  return not_a(text, "a hostname", "use lower-case letters, digits, '-' and '.', without port or scheme");
}

std::optional<Complaint> check_hostname(std::string_view text) {
  const auto rest = text.starts_with("*.") ? text.substr(2) : text;
  if (rest.find('*') != std::string_view::npos)
    return Complaint{fmt::format("\"{}\" has a '*' that is not the whole first label", text),
                     "write *.example.com"};
  if (auto complaint = check_length(text, kMaxName)) return complaint;
  return check_precise_hostname(rest);
}

std::optional<Complaint> check_controller_name(std::string_view text) {
  const auto domain = domain_of(text);
  const auto path = text.substr(domain.size());
  if (path.size() > 1 && text.size() <= kMaxName && is_subdomain_text(domain) &&
      std::all_of(path.begin(), path.end(), is_domain_path_char))
    return std::nullopt;
  return not_a(text, "a controller name", "write domain/path, for example gatehouse.dev/gateway-controller");
}

std::optional<Complaint> check_protocol(std::string_view text) {
  bool plain = !text.empty() && is_alnum(text.front()) && is_alnum(text.back());
  for (const char c : text) plain = plain && (is_alnum(c) || c == '-');
  if (count_characters(text) <= kMaxProtocol && (plain || ends_in_domain_path(text, is_alnum)))
    return std::nullopt;
  return not_a(text, "a protocol", "write HTTP");
}

std::optional<Complaint> check_address_type(std::string_view text) {
  const bool named = text.starts_with("Hostname") || text.find("IPAddress") != std::string_view::npos ||
                     text.find("NamedAddress") != std::string_view::npos;
  if (count_characters(text) <= kMaxName && (named || ends_in_domain_path(text, is_domain_path_char)))
    return std::nullopt;
  return not_a(text, "an address type", "write IPAddress or Hostname");
}

std::optional<Complaint> check_routability(std::string_view text) {
  if (text.empty() || text == "Cluster") return std::nullopt;
  const auto domain = domain_of(text);
  const bool shaped = domain.size() + 1 < text.size() && is_dns_subdomain(domain) &&
                      text.find('\n') == std::string_view::npos;
  if (!shaped || count_characters(text) > kMaxName)
    return not_a(text, "a routability", "write Cluster, or domain/path, or leave it out");
  if (domain == "k8s.io" || domain.ends_with(".k8s.io"))
    return Complaint{fmt::format("\"{}\" is reserved: it is below k8s.io", text), "use another domain"};
  return std::nullopt;
}

std::optional<Complaint> check_qualified_name(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos && is_name_part(text)) return std::nullopt;
  if (slash != std::string_view::npos && is_dns_subdomain(text.substr(0, slash)) &&
      is_name_part(text.substr(slash + 1)))
    return std::nullopt;
  return bad_key(text);
}

std::optional<Complaint> check_infrastructure_key(std::string_view text) {
  if (domain_of(text).size() >= kMaxName) return bad_key(text);
  return check_qualified_name(text);
}

std::optional<Complaint> check_label_value(std::string_view text) {
  if (text.empty() || is_name_part(text)) return std::nullopt;
  return not_a(
      text, "a label value",
      "use at most 63 letters, digits, '-', '_' and '.', starting and ending with a letter or digit");
}

std::optional<Complaint> check_data_key(std::string_view text) {
  const bool good = !text.empty() && text.size() <= kMaxName && text != "." && !text.starts_with("..") &&
                    std::all_of(text.begin(), text.end(),
                                [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
  if (good) return std::nullopt;
  return not_a(text, "a data key", "use at most 253 letters, digits, '-', '_' and '.', not \"..\" in front");
}

std::optional<Complaint> check_well_known_ca(std::string_view text) {
  const auto slash = text.find('/');
  if (text == "System") return std::nullopt;
  if (slash != std::string_view::npos && text.size() <= kMaxName &&
      is_subdomain_text(text.substr(0, slash)) && is_name_part(text.substr(slash + 1)))
    return std::nullopt;
  return not_a(text, "a set of well-known certificates", "write System");
}

}  // namespace gatehouse::objects
