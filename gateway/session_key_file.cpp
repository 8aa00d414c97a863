// SPDX-License-Identifier: Apache-2.0
// Reads, makes and writes the key of session tokens.
#include "gateway/session_key_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/log.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kMinSecret = 16;
constexpr std::size_t kMaxSecret = 64 * 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string last_error() {
  return std::error_code(errno, std::generic_category()).message();
}

struct Secret {
  std::string text;
  bool missing = false;
  std::string error;
};

Secret read_secret(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return {{}, errno == ENOENT, last_error()};
  std::string text(kMaxSecret, '\0');
  const auto size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return {{}, false, last_error()};
  text.resize(static_cast<std::size_t>(size));
  if (text.size() < kMinSecret) return {{}, false, "it holds fewer than 16 bytes"};
  return {std::move(text), false, {}};
}

/// Any text will do as a secret: a Secret's, `openssl rand`'s, our own.
proxy::SessionKey key_of(const std::string& secret) {
  proxy::SessionKey::Bytes bytes{};
  unsigned size = 0;
  if (EVP_Digest(secret.data(), secret.size(), bytes.data(), &size, EVP_sha256(), nullptr) != 1 ||
      size != bytes.size())
    std::abort();  // SHA-256 is always there; a key of zeros would be everybody's
  return proxy::SessionKey(bytes);
}

std::string random_secret() {
  std::string secret(proxy::SessionKey::kBytes, '\0');
  std::size_t have = 0;
  while (have < secret.size()) {
    const auto more = ::getrandom(secret.data() + have, secret.size() - have, 0);
    if (more > 0) have += static_cast<std::size_t>(more);
    if (more < 0 && errno != EINTR) std::abort();
  }
  return secret;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
  }
  return ::fsync(fd) == 0;
}

/// All of it or nothing, also when the process dies meanwhile; never over a file that is there.
std::string write_new_file(const std::string& path, std::string_view text) {
  std::error_code ignored;  // what is wrong shows when the file is opened
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const std::string draft = path + "." + std::to_string(::getpid());
  const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return last_error();
  std::string error;
  if (!write_all(file.get(), text) || ::link(draft.c_str(), path.c_str()) != 0) error = last_error();
  ::unlink(draft.c_str());
  return error;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string state_folder() {
  if (const auto folders = variable("STATE_DIRECTORY"); !folders.empty())
    return folders.substr(0, folders.find(':'));
  if (::geteuid() == 0) return "/var/lib/gatehouse";
  if (const auto folder = variable("XDG_STATE_HOME"); !folder.empty()) return folder + "/gatehouse";
  const auto home = variable("HOME");
  return home.empty() ? std::string() : home + "/.local/state/gatehouse";
}

bool keeps(const ir::SessionPersistence& persistence) {
  return persistence.kind != ir::SessionPersistence::Kind::none;
}

bool keeps(const ir::HttpRoute& route) {
  return std::any_of(route.rules.begin(), route.rules.end(), [](const ir::RouteRule& rule) {
    return keeps(rule.persistence) ||
           std::any_of(rule.backends.begin(), rule.backends.end(),
                       [](const ir::WeightedBackend& backend) { return keeps(backend.persistence); });
  });
}

bool keeps(const ir::Listener& listener, const ir::Listener* before) {
  const auto& routes = listener.routes;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const bool same =
        before != nullptr && i < before->routes.size() && before->routes[i].route == routes[i].route;
    if (!same && keeps(*routes[i].route)) return true;
  }
  return false;
}

}  // namespace

SessionKeyFile::SessionKeyFile(const std::string& path)
    : path_(path.empty() ? default_session_key_path() : path) {
  auto found = path_.empty() ? Secret{{}, true, {}} : read_secret(path_);
  if (!found.text.empty()) {
    origin_ = Origin::file;
    secret_ = std::move(found.text);
  } else {
    if (!found.missing && !path.empty()) error_ = "session-key-file: " + path_ + ": " + found.error;
    secret_ = random_secret();
  }
  key_ = key_of(secret_);
}

void SessionKeyFile::look_at(const std::shared_ptr<const ir::Config>& config) {
  if (origin_ != Origin::random || !config) return;
  if (keeps_sessions(*config, seen_.get())) {
    keep();
    seen_.reset();
  } else {
    seen_ = config;
  }
}

void SessionKeyFile::keep() {
  origin_ = Origin::kept;
  const auto error =
      path_.empty() ? std::string("no folder for state is known") : write_new_file(path_, secret_);
  if (error.empty()) {
    log_info("sessions: their key is kept in {}", path_);
  } else {
    log_warning(
        "sessions: clients lose theirs when this process ends, as the key cannot be kept{}{}: {}; name a "
        "file "
        "with --session-key-file",
        path_.empty() ? "" : " in ", path_, error);
  }
}

std::string default_session_key_path() {
  const auto folder = state_folder();
  return folder.empty() ? folder : folder + "/session.key";
}

bool keeps_sessions(const ir::Config& config, const ir::Config* before) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const bool had = before != nullptr && i < before->listeners.size();
    const auto* old = had ? before->listeners[i].get() : nullptr;
    if (old != config.listeners[i].get() && keeps(*config.listeners[i], old)) return true;
  }
  return false;
}

}  // namespace gatehouse::gateway
