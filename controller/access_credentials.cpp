// SPDX-License-Identifier: Apache-2.0
// Reading the files again.
#include "controller/access_credentials.h"

#include <utility>

#include "config/file/text_file.h"

namespace gatehouse::controller {
namespace {

/// What `source` says now, or `last` when its file cannot be read, or is being written.
std::string read_source(const TextSource& source, const std::string& last, std::string& error) {
  if (source.file.empty()) return source.text;
  auto read = file::read_text_file(source.file);
  if (!read.error.empty()) {
    error = source.file + ": " + read.error;
    return last;
  }
  if (read.text.empty()) {
    error = source.file + ": is empty";
    return last;
  }
  return std::move(read.text);
}

std::string without_line_end(std::string text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

}  // namespace

CredentialReader::CredentialReader(const ClusterAccess& access, const Clock& clock)
    : access_(access), clock_(clock), now_(std::make_shared<Credentials>()) {
  read();
}

std::shared_ptr<const Credentials> CredentialReader::current() {
  const std::lock_guard lock(mutex_);
  if (clock_.now() - read_at_ >= kRereadAfter) read();
  return now_;
}

void CredentialReader::read() {
  read_at_ = clock_.now();
  const auto& last = *now_;
  auto next = std::make_shared<Credentials>();
  next->token = without_line_end(read_source(access_.token, last.token, next->error));
  next->authority = read_source(access_.authority, last.authority, next->error);
  next->certificate = read_source(access_.certificate, last.certificate, next->error);
  next->key = read_source(access_.key, last.key, next->error);
  const bool same =
      next->authority == last.authority && next->certificate == last.certificate && next->key == last.key;
  next->tls_version = last.tls_version + (same ? 0 : 1);
  now_ = std::move(next);
}

}  // namespace gatehouse::controller
