// SPDX-License-Identifier: Apache-2.0
#include "tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <cstring>

#include "tls/handles.h"

namespace gatehouse::tls {
namespace {

using SharedKeys = std::shared_ptr<const TicketKeys>;

void free_shared_keys(void*, void* keys, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<SharedKeys*>(keys);
}

int keys_index() {
  static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_shared_keys);
  return kIndex;
}

/// Looked up once: every implicit look-up takes a lock of OpenSSL's.
const EVP_CIPHER* ticket_cipher() {
  static const CipherHandle kCipher(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr));
  return kCipher.get();
}

bool set_mac_key(EVP_MAC_CTX& mac, const TicketKey& key) {
  char digest[] = "SHA256";
  auto* mac_key = const_cast<unsigned char*>(key.mac_key.data());  // only read
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, key.mac_key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(&mac, parameters.data()) == 1;
}

/// OpenSSL's contract: 1 go on, 2 go on and issue a new ticket, 0 no such key (a full handshake), -1 failed.
int seal(const TicketKeys& keys, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  const auto key = keys.current();
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(ticket_cipher())) != 1) return -1;
  std::memcpy(name, key->name.data(), key->name.size());
  if (EVP_EncryptInit_ex(cipher, ticket_cipher(), nullptr, key->cipher_key.data(), iv) != 1) return -1;
  return set_mac_key(*mac, *key) ? 1 : -1;
}

int unseal(const TicketKeys& keys, const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac) {
  const auto found = keys.find(name);
  if (!found.key) return 0;
  if (!set_mac_key(*mac, *found.key)) return -1;
  if (EVP_DecryptInit_ex(cipher, ticket_cipher(), nullptr, found.key->cipher_key.data(), iv) != 1) return -1;
  return found.is_current ? 1 : 2;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int sealing) {
  const auto* keys = static_cast<SharedKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index()));
  if (!keys || !ticket_cipher()) return -1;
  return sealing ? seal(**keys, name, iv, cipher, mac) : unseal(**keys, name, iv, cipher, mac);
}

std::shared_ptr<const TicketKey> random_key() {
  auto key = std::make_shared<TicketKey>();
  const auto fill = [](auto& bytes) { return RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1; };
  if (!fill(key->name) || !fill(key->cipher_key) || !fill(key->mac_key)) return nullptr;
  return key;
}

}  // namespace

TicketKey::~TicketKey() {
  OPENSSL_cleanse(cipher_key.data(), cipher_key.size());
  OPENSSL_cleanse(mac_key.data(), mac_key.size());
}

Result<std::shared_ptr<TicketKeys>> TicketKeys::create(MonoTime now, Duration period) {
  std::shared_ptr<TicketKeys> keys(new TicketKeys(now, period));
  const auto made = keys->rotate();
  if (!made) return made.error();
  return keys;
}

Result<void> TicketKeys::rotate() {
  auto fresh = random_key();
  if (!fresh) return Error{Fault::system, Side::internal, Retry::never, "no random numbers"};
  const std::lock_guard lock(mutex_);
  previous_ = std::move(current_);
  current_ = std::move(fresh);
  return {};
}

void TicketKeys::rotate_if_due(MonoTime now) {
  const MonoTime due = next_rotation();
  if (now < due || !rotate()) return;  // after a failure the next call tries again
  const std::lock_guard lock(mutex_);
  if (now >= due + period_) previous_.reset();
  rotated_ = now;
}

void TicketKeys::set_period(Duration period) {
  const std::lock_guard lock(mutex_);
  period_ = period;
}

MonoTime TicketKeys::next_rotation() const {
  const std::lock_guard lock(mutex_);
  return rotated_ + period_;
}

std::shared_ptr<const TicketKey> TicketKeys::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

TicketKeys::Found TicketKeys::find(const unsigned char* name) const {
  const auto is_named = [name](const auto& key) {
    return key && std::memcmp(key->name.data(), name, TicketKey::kNameSize) == 0;
  };
  const std::lock_guard lock(mutex_);
  if (is_named(current_)) return {current_, true};
  if (is_named(previous_)) return {previous_, false};
  return {};
}

void TicketKeys::attach(ssl_ctx_st& context, std::shared_ptr<const TicketKeys> keys) {
  SSL_CTX_set_ex_data(&context, keys_index(), new SharedKeys(std::move(keys)));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, on_ticket);
}

}  // namespace gatehouse::tls
