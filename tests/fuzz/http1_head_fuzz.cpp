// SPDX-License-Identifier: Apache-2.0
// A head is found alike however it is cut up; what parser and rules accept is read alike when it is written
// again.
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "proxy/http/head_scanner.h"
#include "proxy/http/http1_codec.h"
#include "proxy/http/request_rules.h"
#include "proxy/http/response_rules.h"

using namespace gatehouse;
using namespace gatehouse::http;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Size of the head; 0 when there is none, or not a good one.
std::size_t scan_in_pieces(std::string_view bytes, std::size_t piece) {
  HeadScanner scanner;
  for (std::size_t end = std::min(piece, bytes.size());; end = std::min(end + piece, bytes.size())) {
    const auto state = scanner.scan(bytes.substr(0, end));
    if (state == HeadScanner::State::complete) return scanner.size();
    if (state != HeadScanner::State::need_more || end == bytes.size()) return 0;
  }
}

void require_inside(std::string_view view, std::string_view bytes) {
  require(view.empty() || (view.data() >= bytes.data() && view.end() <= bytes.end()));
}

void require_same_fields(const HeaderList& fields, const HeaderList& again) {
  require(fields.size() == again.size());
  for (std::size_t i = 0; i < fields.size(); ++i)
    require(fields[i].name == again[i].name && fields[i].value == again[i].value &&
            fields[i].id == again[i].id);
}

void require_good_fields(const HeaderList& fields, std::string_view bytes) {
  for (const auto& field : fields) {
    require_inside(field.name, bytes);
    require_inside(field.value, bytes);
    require(is_token(field.name) && trim(field.value) == field.value);
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
}

void try_request(std::string_view bytes) {
  RequestHead head;
  if (parse_request_head(bytes, head)) return;
  RequestHead checked = head;
  Arena arena;
  RequestRules rules;
  rules.underscores = Underscores::allow;
  if (check_request(checked, rules, arena)) return;
  require_inside(head.method_name, bytes);
  require_inside(head.target, bytes);
  require_good_fields(head.fields, bytes);

  RequestLine line;
  line.method = head.method_name;
  line.path = head.target;
  line.authority = "again";
  const auto written = write_request_head(arena, line, head.fields);
  require(scan_in_pieces(written, written.size()) == written.size());
  RequestHead again;
  require(!parse_request_head(written, again));
  require(again.method_name == head.method_name && again.target == head.target);
  again.fields.erase(again.fields.begin());  // the writer's Host
  require_same_fields(head.fields, again.fields);
}

void try_response(std::string_view bytes) {
  ResponseHead head;
  if (parse_response_head(bytes, head)) return;
  ResponseHead checked = head;
  if (check_response(checked, ResponseRules{})) return;
  require_good_fields(head.fields, bytes);

  Arena arena;
  StatusLine line;
  line.status = head.status;
  line.reason = head.reason;
  const auto written = write_response_head(arena, line, head.fields);
  require(scan_in_pieces(written, written.size()) == written.size());
  ResponseHead again;
  require(!parse_response_head(written, again));
  require(again.status == head.status && (again.reason == head.reason || head.reason.empty()));
  require_same_fields(head.fields, again.fields);
}

}  // namespace

/// The first byte: the size of the pieces. The rest: what a peer sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t found = scan_in_pieces(bytes, bytes.size());
  require(scan_in_pieces(bytes, data[0] + std::size_t{1}) == found);
  // The parser stands on its own: it gets what has no end, too.
  const auto head = std::string_view(bytes).substr(0, found == 0 ? bytes.size() : found);
  try_request(head);
  try_response(head);
  return 0;
}
