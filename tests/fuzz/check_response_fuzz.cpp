// SPDX-License-Identifier: Apache-2.0
// Any bytes as the answer of a gRPC authorization server: what is taken from them can stand in a message.
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "proxy/filters/grpc_auth.h"
#include "proxy/http/field_syntax.h"

using namespace gatehouse;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string message(reinterpret_cast<const char*>(data), size);
  const auto answer = proxy::read_check_response(message);
  if (!answer) return 0;
  require(answer->status >= 300 && answer->status < 600);
  require(answer->headers.size() <= 256 && answer->remove.size() <= 256);
  Arena arena;
  http::HeaderList fields{{"host", "a.test", FieldId::host}, {"x-a", "1", FieldId::other}};
  proxy::apply_auth_headers(*answer, fields, arena);
  require(!fields.empty() && fields.front().id == FieldId::host);
  for (const auto& field : fields) require(is_token(field.name) && http::is_field_value(field.value));
  return 0;
}
