// SPDX-License-Identifier: Apache-2.0
// Trust in forwarding fields, counted from the right, and what replaces them.
#include "proxy/http/forwarded.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "proxy/http/authority.h"
#include "proxy/http/field_syntax.h"

namespace gatehouse::http {
namespace {

/// More proxies than this in front of us are not believed: each costs a parse and a look at the trusted
/// ranges.
constexpr std::uint32_t kMaxChain = 64;

constexpr FieldIds kReplaced(FieldId::x_forwarded_for, FieldId::x_forwarded_proto, FieldId::x_forwarded_host,
                             FieldId::x_forwarded_port, FieldId::x_real_ip, FieldId::x_request_id,
                             FieldId::proxy);

/// A field that counts only when there is exactly one of it: two would be read differently by two readers.
struct Single {
  std::uint32_t count = 0;
  std::string_view value;
  void add(std::string_view text) {
    ++count;
    value = text;
  }
  std::optional<std::string_view> get() const {
    if (count != 1) return std::nullopt;
    return value;
  }
};

struct Present {
  bool any = false;
  std::size_t for_count = 0;
  std::size_t for_bytes = 0;  ///< of all X-Forwarded-For values together
  Single proto, host, port, request_id;
};

Present find_present(const HeaderList& fields) {
  Present present;
  for (const auto& field : fields) {
    if (!kReplaced.has(field.id) && field.id != FieldId::forwarded) continue;
    present.any = true;
    if (field.id == FieldId::x_forwarded_proto) present.proto.add(field.value);
    if (field.id == FieldId::x_forwarded_host) present.host.add(field.value);
    if (field.id == FieldId::x_forwarded_port) present.port.add(field.value);
    if (field.id == FieldId::x_request_id) present.request_id.add(field.value);
    if (field.id != FieldId::x_forwarded_for || field.value.empty()) continue;
    ++present.for_count;
    present.for_bytes += field.value.size();
  }
  return present;
}

bool is_trusted(const IpAddress& address, std::uint32_t position, const TrustRules& rules) {
  if (position < rules.trusted_hops) return true;
  return std::any_of(rules.trusted.begin(), rules.trusted.end(),
                     [&](const Cidr& range) { return range.contains(address); });
}

/// "1.2.3.4", "1.2.3.4:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" -> the address part.
std::string_view address_part(std::string_view element) {
  if (!element.empty() && element.front() == '[') {
    const auto bracket = element.find(']');
    return bracket == std::string_view::npos ? std::string_view{} : element.substr(1, bracket - 1);
  }
  const auto colon = element.find(':');
  const bool one_colon = colon != std::string_view::npos && element.rfind(':') == colon;
  return one_colon ? element.substr(0, colon) : element;
}

/// Walks the chain from the peer to the left, as long as each address is a proxy of ours.
class ChainWalk {
 public:
  ChainWalk(const TrustRules& rules, Forwarded& result) : rules_(rules), result_(result) {}

  void run(const HeaderList& fields) {
    for (auto field = fields.rbegin(); field != fields.rend(); ++field)
      if (field->id == FieldId::x_forwarded_for && !take_line(field->value)) return;
  }

 private:
  /// Returns false where the walk ends.
  bool take_line(std::string_view line) {
    for (;;) {
      const auto comma = line.rfind(',');
      const auto element = trim(comma == std::string_view::npos ? line : line.substr(comma + 1));
      if (!element.empty() && !take(element)) return false;
      if (comma == std::string_view::npos) return true;
      line = line.substr(0, comma);
    }
  }

  bool take(std::string_view element) {
    const auto text = address_part(element);
    const auto address = IpAddress::parse(text);
    if (!address) return false;  // what stands left of it cannot be vouched for either
    result_.client = *address;
    result_.client_text = text;
    return is_trusted(*address, position_, rules_) && ++position_ < kMaxChain;
  }

  const TrustRules& rules_;
  Forwarded& result_;
  std::uint32_t position_ = 1;  ///< the peer was 0
};

std::string_view make_chain(const HeaderList& fields, const Present& present, const PeerContext& peer,
                            Arena& arena) {
  constexpr std::string_view separator = ", ";
  char* const begin =
      arena.allocate(present.for_bytes + present.for_count * separator.size() + peer.address_text.size());
  char* to = begin;
  const auto write = [&to](std::string_view text) { to = std::copy(text.begin(), text.end(), to); };
  for (const auto& field : fields) {
    if (field.id != FieldId::x_forwarded_for || field.value.empty()) continue;
    write(field.value);
    write(separator);
  }
  write(peer.address_text);
  return {begin, static_cast<std::size_t>(to - begin)};
}

bool is_scheme(std::string_view text) {
  return equals_ignoring_case(text, "http") || equals_ignoring_case(text, "https");
}

bool is_port(std::string_view text) {
  const auto port = parse_decimal(text);
  return port && *port > 0 && *port <= 65535;
}

/// Believes a trusted peer's description of how the client reached it, where it makes sense.
void take_trusted_words(Forwarded& result, const Present& present, Arena& arena) {
  const auto proto = present.proto.get();
  if (proto && is_scheme(*proto)) result.proto = *proto;
  const auto host = present.host.get();
  if (host && parse_authority(*host, arena)) result.host = *host;
  const auto port = present.port.get();
  if (port && is_port(*port)) result.port = *port;
}

}  // namespace

Forwarded decide_forwarded(const RequestHead& head, const PeerContext& peer, const TrustRules& rules,
                           Arena& arena) {
  const auto present = find_present(head.fields);
  Forwarded result;
  result.client = peer.address;
  result.client_text = result.for_chain = peer.address_text;
  result.proto = peer.scheme;
  result.host = head.authority;
  result.port = peer.port_text;
  result.peer_trusted = is_trusted(peer.address, 0, rules);
  result.any_present = present.any;

  const auto id = present.request_id.get();
  result.request_id = id && is_valid_request_id(*id) ? *id : peer.request_ids->next(arena);
  if (!present.any) return result;

  const bool keeps_chain = result.peer_trusted || rules.untrusted_for == UntrustedFor::append;
  if (keeps_chain && present.for_count > 0) result.for_chain = make_chain(head.fields, present, peer, arena);
  if (!result.peer_trusted) return result;
  ChainWalk(rules, result).run(head.fields);
  take_trusted_words(result, present, arena);
  return result;
}

void write_forwarded(HeaderList& fields, const Forwarded& decided) {
  if (decided.any_present)
    std::erase_if(fields, [&](const HeaderField& field) {
      return kReplaced.has(field.id) || (field.id == FieldId::forwarded && !decided.peer_trusted);
    });
  fields.push_back({"X-Forwarded-For", decided.for_chain, FieldId::x_forwarded_for});
  fields.push_back({"X-Forwarded-Proto", decided.proto, FieldId::x_forwarded_proto});
  if (!decided.host.empty()) fields.push_back({"X-Forwarded-Host", decided.host, FieldId::x_forwarded_host});
  fields.push_back({"X-Forwarded-Port", decided.port, FieldId::x_forwarded_port});
  fields.push_back({"X-Real-IP", decided.client_text, FieldId::x_real_ip});
  fields.push_back({"X-Request-Id", decided.request_id, FieldId::x_request_id});
}

}  // namespace gatehouse::http
