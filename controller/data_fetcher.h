// SPDX-License-Identifier: Apache-2.0
// Fetches the few Secrets and ConfigMaps that are referenced; of all others nothing is kept.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "config/translate/data_references.h"
#include "controller/api_client.h"
#include "controller/delivery.h"

namespace gatehouse::controller {

/// Secrets and ConfigMaps are watched as metadata only. What that says of a wanted one leads to a GET, unless
/// it is the version that is here already. What cannot be fetched stays as it was last and is asked for again
/// later each time, up to 30 s. Functions: any thread, none of them waits.
class DataFetcher {
 public:
  using Deliver = std::function<void(Delivery)>;

  /// `deliver` runs on the fetcher's thread.
  DataFetcher(std::unique_ptr<ApiClient> client, Deliver deliver, const Clock& clock = system_clock());
  ~DataFetcher();
  DataFetcher(const DataFetcher&) = delete;
  DataFetcher& operator=(const DataFetcher&) = delete;

  void start();

  /// Replaces what was wanted before. What is not wanted any more is delivered as gone.
  void want(const translate::DataReferences& references);
  /// What an informer delivered of kind Secret or ConfigMap.
  void notice(const Delivery& metadata);

  /// Everything wanted has been asked for since it is wanted, and delivered. What failed counts: the API
  /// server may refuse us one Secret for ever.
  bool is_settled() const;
  /// The last failure of what is still not there; empty: none.
  std::string error() const;

 private:
  struct Key {
    std::string kind;
    std::string name;  ///< "namespace/name"
    auto operator<=>(const Key&) const = default;
  };
  struct Entry {
    std::string version;  ///< resourceVersion that was delivered; empty: none
    bool is_due = true;
    bool was_asked = false;
    MonoTime not_before{};
    Duration pause{};
    std::string error;
  };

  void run();
  std::optional<Key> next(MonoTime now, Duration& wait) const;
  void fetch(const Key& key);
  static bool is_final(const ApiAnswer& answer);
  /// Returns what is to be delivered, if anything.
  std::optional<Delivery> settle(const Key& key, const ApiAnswer& answer);
  Delivery take_dropped(const std::string& kind);

  const std::unique_ptr<ApiClient> client_;
  const Deliver deliver_;
  const Clock& clock_;

  mutable std::mutex mutex_;
  std::condition_variable something_new_;
  std::map<Key, Entry> wanted_;
  std::set<Key> dropped_;  ///< were wanted, and have not been delivered as gone
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::controller
