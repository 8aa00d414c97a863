// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/echo_answers.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <new>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/version.h"

namespace gatehouse::gateway {
namespace {

using Json = nlohmann::ordered_json;

struct NumberedPath {
  std::string_view prefix;
  EchoAction action;
  std::uint64_t least;
  std::uint64_t most;
};

constexpr std::array kNumberedPaths{
    NumberedPath{"/status/", EchoAction::status, 200, 599},
    NumberedPath{"/delay/", EchoAction::delay, 0, 60'000},
    NumberedPath{"/bytes/", EchoAction::bytes, 0, std::uint64_t{10} << 30},
    NumberedPath{"/chunked/", EchoAction::chunked, 0, 1'000'000},
};

/// Bytes of a request need not be UTF-8; those that are not become U+FFFD.
std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

EchoCommand read_echo_command(std::string_view target) {
  const auto path = target.substr(0, target.find('?'));
  if (path == "/version") return {EchoAction::version, 0};
  if (path == "/upload") return {EchoAction::upload, 0};
  for (const auto& known : kNumberedPaths) {
    if (!path.starts_with(known.prefix)) continue;
    const auto number = parse_decimal(path.substr(known.prefix.size()));
    if (!number || *number < known.least || *number > known.most) return {EchoAction::bad_number, 0};
    return {known.action, *number};
  }
  return {};
}

std::string describe_request(const EchoHead& head, std::string_view pod, std::string_view remote,
                             std::uint64_t body_bytes) {
  const auto target = view(head.target());
  const auto question = target.find('?');
  auto headers = Json::object();
  for (const auto& field : head)
    headers[std::string(view(field.name_string()))].push_back(view(field.value()));
  Json json;
  json["method"] = view(head.method_string());
  json["path"] = target.substr(0, question);
  json["query"] = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  json["headers"] = std::move(headers);
  json["host"] = view(head[boost::beast::http::field::host]);
  json["pod"] = pod;
  json["protocol"] = head.version() == 10 ? "HTTP/1.0" : "HTTP/1.1";
  json["remote"] = remote;
  json["body_bytes"] = body_bytes;
  return dump(json);
}

std::string version_text() {
  Json json;
  json["version"] = kVersion;
  json["name"] = "gatehouse echo";
  return dump(json);
}

std::string upload_text(std::uint64_t bytes, std::string_view checksum) {
  Json json;
  json["bytes"] = bytes;
  json["sha256"] = checksum;
  return dump(json);
}

std::string error_text(std::string_view why) {
  Json json;
  json["error"] = why;
  return dump(json);
}

struct Checksum::Context {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(digest); }
};

Checksum::Checksum() : context_(std::make_unique<Context>()) {
  if (EVP_DigestInit_ex(context_->digest, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
}
Checksum::~Checksum() = default;

void Checksum::add(std::string_view bytes) {
  if (EVP_DigestUpdate(context_->digest, bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
}

std::string Checksum::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_->digest, digest.data(), &size) != 1) throw std::bad_alloc();
  std::string hex;
  for (unsigned at = 0; at < size; ++at) hex += fmt::format("{:02x}", digest[at]);
  return hex;
}

}  // namespace gatehouse::gateway
