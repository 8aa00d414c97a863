// SPDX-License-Identifier: Apache-2.0
#include "proxy/websocket_handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cstring>

namespace gatehouse::proxy {
namespace {

std::string_view base64(const unsigned char* bytes, std::size_t size, Arena& arena) {
  const std::size_t length = (size + 2) / 3 * 4;
  char* text = arena.allocate(length + 1);  // EVP_EncodeBlock ends it with a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text), bytes, static_cast<int>(size));
  return {text, length};
}

}  // namespace

std::string_view make_websocket_key(std::uint64_t dice, std::uint64_t more_dice, Arena& arena) {
  std::array<unsigned char, 16> nonce;
  std::memcpy(nonce.data(), &dice, sizeof dice);
  std::memcpy(nonce.data() + sizeof dice, &more_dice, sizeof more_dice);
  return base64(nonce.data(), nonce.size(), arena);
}

std::string_view accept_websocket_key(std::string_view key, Arena& arena) {
  const auto text = arena.concat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64(digest.data(), digest.size(), arena);
}

}  // namespace gatehouse::proxy
