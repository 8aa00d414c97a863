// SPDX-License-Identifier: Apache-2.0
// HTTP in front of the objects.
#include "tests/support/fake_api_state.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <list>
#include <stdexcept>

namespace gatehouse::test {
namespace {

using nlohmann::json;
using Steady = std::chrono::steady_clock;

constexpr int kBacklog = 128;
constexpr auto kPoll = std::chrono::milliseconds(20);

/// A thread for each connection: a watch holds its own for long.
class Threads final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> run) override { threads_.emplace_back(std::move(run)); }
  void shutdown() override {
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::list<std::thread> threads_;
};

template <typename Server>
class Listening final : public Server {
 public:
  using Server::Server;
  int descriptor() const { return this->svr_sock_; }
};

X509* read_certificate(const std::string& pem) {
  BIO* from = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* read = PEM_read_bio_X509(from, nullptr, nullptr, nullptr);
  BIO_free(from);
  return read;
}

bool set_up_tls(SSL_CTX& context, const FakeApiServer::Tls& tls) {
  BIO* from = BIO_new_mem_buf(tls.key.data(), static_cast<int>(tls.key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(from, nullptr, nullptr, nullptr);
  BIO_free(from);
  X509* certificate = read_certificate(tls.certificate);
  const bool used =
      SSL_CTX_use_certificate(&context, certificate) == 1 && SSL_CTX_use_PrivateKey(&context, key) == 1;
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!tls.client_authority.empty()) {
    X509* authority = read_certificate(tls.client_authority);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority);
    X509_free(authority);
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return used;
}

/// Cuts every connection whose local end is `port`.
void cut_connections(int port) {
  DIR* folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    const int fd = std::atoi(entry->d_name);
    sockaddr_in at{};
    socklen_t size = sizeof at;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0 || at.sin_family != AF_INET) continue;
    if (ntohs(at.sin_port) == port) ::shutdown(fd, SHUT_RDWR);
  }
  closedir(folder);
}

std::string text_of_param(const httplib::Request& request, const char* name) {
  return request.has_param(name) ? request.get_param_value(name) : std::string();
}

json metadata_only(const json& object) {
  return {
      {"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}, {"metadata", object["metadata"]}};
}

bool wants_metadata(const httplib::Request& request) {
  return request.get_header_value("Accept").find("as=PartialObjectMetadata") != std::string::npos;
}

ApiReply as_metadata(ApiReply reply) {
  if (reply.status != 200) return reply;
  if (!reply.body.contains("items")) return {200, metadata_only(reply.body)};
  for (auto& item : reply.body["items"]) item = metadata_only(item);
  reply.body["kind"] = "PartialObjectMetadataList";
  reply.body["apiVersion"] = "meta.k8s.io/v1";
  return reply;
}

}  // namespace

void FakeApiState::start(int wanted) {
  int fd = -1;
  const auto prepare = [&](auto made) {
    made->new_task_queue = [] { return new Threads; };
    made->set_socket_options([](int socket) {
      const int on = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    made->set_keep_alive_max_count(1'000'000);
    made->set_keep_alive_timeout(60);
    made->set_tcp_nodelay(true);
    if (wanted == 0)
      port = made->bind_to_any_port("127.0.0.1");
    else if (!made->bind_to_port("127.0.0.1", wanted))
      throw std::runtime_error("the port of the fake API server is taken");
    fd = made->descriptor();
    server = std::move(made);
  };
  if (tls.certificate.empty())
    prepare(std::make_unique<Listening<httplib::Server>>());
  else
    prepare(std::make_unique<Listening<httplib::SSLServer>>(
        [this](SSL_CTX& context) { return set_up_tls(context, tls); }));
  ::listen(fd, kBacklog);
  const auto handler = [this](const auto& request, auto& response) { handle(request, response); };
  server->Get(".*", handler).Put(".*", handler).Patch(".*", handler).Delete(".*", handler);
  server->Post(".*", httplib::Server::Handler(handler));
  thread = std::thread([this] { server->listen_after_bind(); });
  while (!server->is_running()) std::this_thread::yield();
}

void FakeApiState::stop() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    changed.notify_all();
  }
  if (!thread.joinable()) return;
  server->stop();
  cut_connections(port);
  thread.join();
  const std::lock_guard lock(mutex);
  watches.clear();
  server.reset();
}

bool FakeApiState::meets_fault(std::unique_lock<std::mutex>& lock, const std::string& method,
                               const std::string& target, httplib::Response& response) {
  for (auto& fault : faults) {
    if (fault.times == 0 || (!fault.method.empty() && fault.method != method)) continue;
    if (target.find(fault.part) == std::string::npos) continue;
    if (fault.times > 0) --fault.times;
    if (fault.hangs) {
      changed.wait(lock, [&] { return stopping || faults.empty(); });
      return false;
    }
    const ApiFault now = fault;
    if (now.breaks) {
      response.set_chunked_content_provider("application/json", [](size_t, httplib::DataSink& sink) {
        sink.write("{\"kind\":", 8);
        return false;
      });
      return true;
    }
    response.status = now.status;
    if (!now.retry_after.empty()) response.set_header("Retry-After", now.retry_after);
    const auto status = status_reply(now.status, now.reason, now.message);
    response.set_content(now.body.empty() ? status.body.dump() : now.body, "application/json");
    return true;
  }
  return false;
}

ApiReply FakeApiState::discovery(const std::string& path) const {
  const bool core = path == "/api/v1";
  const std::string rest = core ? "v1" : path.substr(std::string("/apis/").size());
  const auto slash = core ? std::string::npos : rest.find('/');
  const std::string group = core ? "" : rest.substr(0, slash);
  const std::string version = core ? "v1" : (slash == std::string::npos ? "" : rest.substr(slash + 1));
  json versions = json::array();
  json kinds = json::array();
  for (const auto& row : objects.resources()) {
    if (row.group != group) continue;
    for (const auto& each : row.versions) {
      json entry{{"groupVersion", group + "/" + each}, {"version", each}};
      if (std::find(versions.begin(), versions.end(), entry) == versions.end()) versions.push_back(entry);
      if (each != version) continue;
      kinds.push_back({{"name", row.plural}, {"kind", row.kind}, {"namespaced", row.namespaced}});
      kinds.push_back({{"name", row.plural + "/status"}, {"kind", row.kind}, {"namespaced", row.namespaced}});
    }
  }
  if (versions.empty() || (!version.empty() && kinds.empty()))
    return status_reply(404, "NotFound", "the server could not find the requested resource");
  if (version.empty())
    return {200, {{"kind", "APIGroup"}, {"apiVersion", "v1"}, {"name", group}, {"versions", versions}}};
  return {200,
          {{"kind", "APIResourceList"},
           {"apiVersion", "v1"},
           {"groupVersion", core ? "v1" : group + "/" + version},
           {"resources", kinds}}};
}

ApiReply FakeApiState::list(const httplib::Request& request, const ApiPath& path) const {
  const auto token = text_of_param(request, "continue");
  const auto version = text_of_param(request, "resourceVersion");
  std::size_t limit = std::strtoull(text_of_param(request, "limit").c_str(), nullptr, 10);
  std::size_t from = 0;
  if (version == "0") limit = 0;  // answered from a cache, which does not page
  if (!token.empty()) {
    if (!version.empty())
      return status_reply(400, "BadRequest",
                          "specifying resource version is not allowed when using continue");
    const auto colon = token.find(':');
    if (std::strtoull(token.c_str(), nullptr, 10) < objects.compacted())
      return status_reply(410, "Expired", "The provided continue parameter is too old");
    from = std::strtoull(token.c_str() + colon + 1, nullptr, 10);
  }
  const ApiQuery query{text_of_param(request, "labelSelector"), text_of_param(request, "fieldSelector")};
  return objects.list(path, query, limit, from);
}

ApiReply FakeApiState::answer(const httplib::Request& request, const ApiPath& path) {
  if (objects.find(path) == nullptr)
    return status_reply(404, "NotFound", "the server could not find the requested resource");
  if (request.method == "GET") return path.name.empty() ? list(request, path) : objects.get(path);
  if (request.method == "DELETE") return objects.remove(path);
  const auto type = request.get_header_value("Content-Type");
  json body = json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return status_reply(400, "BadRequest", "the body is no JSON");
  if (request.method == "POST") return objects.create(path, std::move(body));
  if (request.method == "PUT") return objects.replace(path, std::move(body));
  return objects.patch(path, body, type.find("apply-patch") != std::string::npos);
}

void FakeApiState::handle(const httplib::Request& request, httplib::Response& response) {
  std::unique_lock lock(mutex);
  seen.push_back({request.method, request.target, request.body, request.get_header_value("Accept"),
                  request.get_header_value("Authorization"), request.get_header_value("User-Agent"),
                  request.get_header_value("Accept-Encoding")});
  changed.notify_all();
  if (meets_fault(lock, request.method, request.target, response)) return;
  const auto path = parse_api_path(request.path);
  ApiReply reply = status_reply(404, "NotFound", "the server could not find the requested resource");
  if (path && path->plural.empty()) {
    reply = discovery(request.path);
  } else if (path) {
    if (text_of_param(request, "watch") == "true" && objects.find(*path) != nullptr)
      return watch(request, *path, response);
    reply = answer(request, *path);
    if (wants_metadata(request)) reply = as_metadata(std::move(reply));
  }
  response.status = reply.status;
  response.set_content(reply.body.dump(), "application/json");
}

void FakeApiState::watch(const httplib::Request& request, const ApiPath& path, httplib::Response& response) {
  const auto version = std::strtoull(text_of_param(request, "resourceVersion").c_str(), nullptr, 10);
  const auto seconds = std::atoi(text_of_param(request, "timeoutSeconds").c_str());
  auto made = std::make_shared<FakeApiWatch>();
  made->target = request.target;
  made->path = path;
  made->query = {text_of_param(request, "labelSelector"), text_of_param(request, "fieldSelector")};
  made->bookmarks = text_of_param(request, "allowWatchBookmarks") == "true";
  made->metadata = wants_metadata(request);
  made->until = Steady::now() + std::chrono::seconds(seconds > 0 ? seconds : 3600);
  const auto& log = objects.log();
  while (made->next < log.size() && log[made->next].version <= version) ++made->next;
  if (version < objects.compacted()) {
    const auto expired = status_reply(410, "Expired", fmt::format("too old resource version: {}", version));
    made->texts.push_back(json{{"type", "ERROR"}, {"object", expired.body}}.dump() + "\n");
    made->next = log.size();
    made->ended = true;
  }
  watches.push_back(made);
  changed.notify_all();
  response.set_chunked_content_provider(
      "application/json", [this, made](size_t, httplib::DataSink& sink) { return pump(*made, sink); },
      [this, made](bool) {
        const std::lock_guard lock(mutex);
        std::erase(watches, made);
        changed.notify_all();
      });
}

std::string FakeApiState::next_text(FakeApiWatch& watch) const {
  while (watch.next < objects.log().size()) {
    auto event = objects.seen(objects.log()[watch.next++], watch.path, watch.query);
    if (event.is_null()) continue;
    if (watch.metadata) event["object"] = metadata_only(event["object"]);
    return event.dump() + "\n";
  }
  if (watch.texts.empty()) return {};
  auto text = std::move(watch.texts.front());
  watch.texts.pop_front();
  return text;
}

bool FakeApiState::pump(FakeApiWatch& watch, httplib::DataSink& sink) {
  std::unique_lock lock(mutex);
  if (stopping || watch.broken) return false;
  const auto text = next_text(watch);
  if (!text.empty()) {
    lock.unlock();
    return sink.write(text.data(), text.size());
  }
  if (watch.ended || Steady::now() >= watch.until) {
    lock.unlock();
    sink.done();
    return true;
  }
  changed.wait_for(lock, kPoll);
  lock.unlock();
  return sink.is_writable();
}

}  // namespace gatehouse::test
