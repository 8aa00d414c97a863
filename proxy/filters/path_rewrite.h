// SPDX-License-Identifier: Apache-2.0
// HTTPPathModifier on a normalised path: what redirects and rewrites share.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "config/ir/route.h"

namespace gatehouse::proxy {

/// The path that `rewrite` makes of `path`, which `matched` has matched. A prefix is replaced by whole
/// segments, its own trailing slash and that of the value being ignored; an exact match counts as a prefix of
/// everything, a regular expression has none and leaves the path alone. The kept part stays as it is, byte
/// by byte; bytes of the value that cannot stand in a path are percent-encoded. Never empty; starts with '/'.
std::string_view rewrite_path(std::string_view path, const ir::PathRewrite& rewrite,
                              const ir::PathMatch& matched, Arena& arena);

/// Which characters stay themselves.
enum class UrlPart : std::uint8_t { path, query };

/// `text` with every byte percent-encoded that RFC 3986 does not allow in that part (escapes are kept);
/// `text` itself when there is none.
std::string_view encode_url_part(std::string_view text, UrlPart part, Arena& arena);

}  // namespace gatehouse::proxy
