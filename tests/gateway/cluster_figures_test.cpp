// SPDX-License-Identifier: Apache-2.0
// What /readyz?verbose says of the API server.
#include "gateway/cluster_figures.h"

#include <catch2/catch.hpp>

namespace gatehouse::gateway {
namespace {

controller::InformerState state_of(const char* kind) {
  controller::InformerState state;
  state.kind = kind;
  state.synced = true;
  state.watching = true;
  return state;
}

}  // namespace

TEST_CASE("only what is wrong is told, and who leads") {
  ClusterFigures figures;
  figures.kinds = {state_of("Gateway"), state_of("UDPRoute")};
  figures.kinds[1].absent = true;
  CHECK(readiness_lines(figures) == std::vector<std::string>{"leader: not this replica"});
}

TEST_CASE("a kind that has to be there and is not is told of") {
  ClusterFigures figures;
  figures.kinds = {state_of("Gateway"), state_of("HTTPRoute")};
  figures.kinds[0].absent = true;
  figures.kinds[0].synced = false;
  figures.kinds[0].error = "it is not served: install the CRDs of Gateway API";
  figures.kinds[1].error = "403 Forbidden";
  figures.lease_error = "the Lease a/b cannot be read or renewed: 403 Forbidden";
  CHECK(readiness_lines(figures) ==
        std::vector<std::string>{
            "Gateway: not listed yet: it is not served: install the CRDs of Gateway API",
            "HTTPRoute: 403 Forbidden (what was seen before is served on)",
            "leader: no statuses are written: the Lease a/b cannot be read or renewed: 403 Forbidden",
            "leader: not this replica"});
}

}  // namespace gatehouse::gateway
