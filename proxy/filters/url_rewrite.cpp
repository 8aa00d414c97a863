// SPDX-License-Identifier: Apache-2.0
// Host and path rewriting, each from the backend's filter or else the rule's.
#include "proxy/filters/url_rewrite.h"

#include "proxy/filters/path_rewrite.h"

namespace gatehouse::proxy {

void rewrite_url(http::RequestHead& head, const ir::Filters& of_rule, const ir::Filters& of_backend,
                 const ir::PathMatch& matched, Arena& arena) {
  const ir::PathRewrite* path = nullptr;
  for (const auto* filters : {&of_rule, &of_backend}) {
    if (!filters->rewrite) continue;
    const auto& rewrite = *filters->rewrite;
    if (!rewrite.host.empty()) head.authority = rewrite.host;
    if (rewrite.path.kind != ir::PathRewrite::Kind::none) path = &rewrite.path;
  }
  if (path != nullptr) head.path = rewrite_path(head.path, *path, matched, arena);
}

}  // namespace gatehouse::proxy
