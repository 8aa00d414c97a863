// SPDX-License-Identifier: Apache-2.0
// F5, F6, F27: what the framing fields amount to, before anything is decided.
#include "proxy/http/framing.h"

#include <catch2/catch.hpp>

using namespace gatehouse::http;

TEST_CASE("F5: a length is digits only, below 2^63") {
  CHECK(parse_content_length("0") == 0U);
  CHECK(parse_content_length("000123") == 123U);
  CHECK(parse_content_length("9223372036854775807") == 9223372036854775807U);
  for (const std::string_view bad : {"", " 1", "1 ", "+1", "-1", "0x1", "1,1", "1.0", "9223372036854775808",
                                     "18446744073709551617", "\xd9\xa1"}) {
    INFO(bad);
    CHECK_FALSE(parse_content_length(bad));
  }
}

TEST_CASE("F6: every length counts, and two that differ are bad") {
  FramingFields equal;
  equal.add_content_length("5, 5");
  equal.add_content_length("05");
  CHECK(equal.content_lengths == 3);
  CHECK(equal.content_length == 5);
  CHECK_FALSE(equal.bad_content_length);

  FramingFields different;
  different.add_content_length("5");
  different.add_content_length("6");
  CHECK(different.bad_content_length);

  FramingFields first_broken;
  first_broken.add_content_length("x");
  first_broken.add_content_length("5");
  CHECK(first_broken.bad_content_length);
}

TEST_CASE("F2: lines of Transfer-Encoding are counted, the first is kept") {
  FramingFields fields;
  fields.add_transfer_encoding("chunked");
  fields.add_transfer_encoding("identity");
  CHECK(fields.transfer_encodings == 2);
  CHECK(fields.transfer_encoding == "chunked");
}

TEST_CASE("F27: options are gathered over all Connection lines, in any case") {
  FramingFields fields;
  fields.add_connection("Keep-Alive, x");
  fields.add_connection(",, UPGRADE ,");
  CHECK(fields.keep_alive);
  CHECK(fields.upgrade);
  CHECK_FALSE(fields.close);
  CHECK(fields.connection_options == 3);
  fields.add_connection("y,close");
  CHECK(fields.close);
}

TEST_CASE("F23: statuses and methods without a body") {
  CHECK(response_has_no_body(200, Method::head));
  CHECK(response_has_no_body(101, Method::get));
  CHECK(response_has_no_body(199, Method::get));
  CHECK(response_has_no_body(204, Method::get));
  CHECK(response_has_no_body(304, Method::get));
  CHECK_FALSE(response_has_no_body(200, Method::get));
  CHECK_FALSE(response_has_no_body(205, Method::post));
}
