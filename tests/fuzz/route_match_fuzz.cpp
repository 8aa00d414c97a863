// SPDX-License-Identifier: Apache-2.0
// Tables and requests from bytes: RouteTable::find must agree with the linear matcher on all of them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/routing/naive_matcher.h"
#include "tests/routing/table_builder.h"

namespace gatehouse::routing::testing {
namespace {

/// Longer texts find nothing new, and the linear matcher's std::regex recurses per byte.
constexpr std::size_t kMaxText = 200;

/// Takes the input apart: single bytes choose, NUL-terminated runs are texts. An exhausted input gives zeros.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  std::size_t below(std::size_t bound) {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte % bound;
  }

  std::string text() {
    const std::string_view whole = rest_.substr(0, rest_.find('\0'));
    rest_.remove_prefix(std::min(whole.size() + 1, rest_.size()));
    std::string result(whole.substr(0, kMaxText));
    // RE2 reads UTF-8, the reference's std::regex bytes: only ASCII means the same to both.
    for (char& c : result) c = static_cast<char>(c & 0x7f);
    return result;
  }

  const char* one_of(std::initializer_list<const char*> choices) {
    return choices.begin()[below(choices.size())];
  }

 private:
  std::string_view rest_;
};

ir::RouteMatch take_match(Input& input) {
  ir::RouteMatch match;
  switch (input.below(4)) {
    case 0:
      match = exact("/" + input.text());
      break;
    case 1:
      match = regex(input.one_of({"/[ab]+", "/a/[^/]*", "/(a|b)(/x)*", "/%2[Ff]"}));
      break;
    default:
      match = prefix("/" + input.text());
  }
  match.method = input.one_of({"", "", "GET", "POST"});
  if (input.below(3) == 1) match = with_header(match, "h", input.text());
  if (input.below(4) == 1) match = with_header(match, "g", "[a-c,]*", ir::ValueMatchKind::regex);
  if (input.below(3) == 1) match = with_query(match, input.text(), input.text());
  if (input.below(4) == 1) match = with_query(match, "q", "[a-c %]*", ir::ValueMatchKind::regex);
  return match;
}

ir::Listener take_listener(Input& input) {
  ir::Listener listener;
  for (std::size_t routes = 1 + input.below(4); routes > 0; --routes) {
    std::vector<ir::RouteMatch> matches;
    for (std::size_t i = 1 + input.below(4); i > 0; --i) matches.push_back(take_match(input));
    std::vector<std::string> hostnames;
    for (std::size_t i = input.below(3); i > 0; --i)
      hostnames.push_back(input.one_of({"a.test", "*.test", "*.a.test", "b.a.test"}));
    auto route =
        make_route("r" + std::to_string(routes), std::move(matches), 1 + static_cast<int>(input.below(2)));
    listener.routes.push_back({std::move(route), std::move(hostnames)});
  }
  return listener;
}

void check(std::string_view bytes) {
  Input input(bytes);
  const ir::Listener listener = take_listener(input);
  Ids clusters;
  Ids metrics;
  const auto table = compile(listener, {clusters, metrics});

  const std::string host =
      input.one_of({"a.test", "b.a.test", "x.test", "c.b.a.test", "other", "", "a..test"});
  const std::string path = input.below(16) == 15 ? input.text() : "/" + input.text();
  const std::string query = input.text();
  const std::string values[] = {input.text(), input.text(), input.text()};
  const std::vector<HeaderField> headers{
      {"H", values[0]}, {"g", values[1]}, {"h", values[2]}, {"G", values[2]}};
  const RequestView request{host, path, query, input.one_of({"GET", "POST"}),
                            std::span(headers).first(input.below(headers.size() + 1))};

  const auto wanted = naive_find(listener, request);
  const auto found = table->find(request);
  if (found.has_value() != wanted.has_value()) std::abort();
  if (!found) return;
  if (found->rule->route != wanted->route || found->rule->rule_index != wanted->rule) std::abort();
  if (found->match != &found->rule->rule->matches[wanted->match]) std::abort();
}

}  // namespace
}  // namespace gatehouse::routing::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gatehouse::routing::testing::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
