// SPDX-License-Identifier: Apache-2.0
// Brings the objects of Gateways to what they should be, request by request.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "controller/api_client.h"
#include "controller/infrastructure.h"

namespace gatehouse::controller {

/// Level-triggered: compares what should be with what it wrote, and looks for strays and for changes by
/// others when it begins and every five minutes. What fails is tried again, later each time, and holds up
/// nothing else. Never touches an object without our label. Thread: one.
class InfrastructureWriter {
 public:
  /// Borrows `client`.
  InfrastructureWriter(ApiClient& client, InfrastructureOptions options);

  /// Forgets what it knows, as when another process may have written meanwhile.
  void start_over();

  /// Does what is due and says when to call again. `is_over` is asked between requests.
  MonoTime run(const InfrastructureInput& input, MonoTime now, const std::function<bool()>& is_over);

 private:
  struct Written {
    std::string body;
    std::string resource_version;
  };
  struct Failure {
    Duration delay{};
    MonoTime due;
    std::string message;
  };

  void take_up(const InfrastructureInput& input);
  void forget_deleted_services(const InfrastructureInput& before);
  bool is_due(const std::string& what, MonoTime now) const;
  MonoTime next_due(MonoTime now) const;
  /// What came of working on `what`: a path, or looking around.
  void settle(const std::string& what, std::string_view title, const ApiAnswer& answer, MonoTime now);

  ApiAnswer look_around();
  ApiAnswer take_in(const std::string& collection, std::map<std::string, std::string>& seen);
  ApiAnswer apply(const InfrastructureObject& object);
  ApiAnswer remove(const std::string& path);

  ApiClient& client_;
  const InfrastructureOptions options_;
  InfrastructureInput input_;
  std::map<std::string, InfrastructureObject> desired_;  ///< by path
  std::map<std::string, Written> written_;               ///< likewise
  std::set<std::string> strays_;                         ///< paths of what is ours and should not be there
  std::map<std::string, Failure> failures_;              ///< by path, or kLooking
  MonoTime next_look_{};
};

}  // namespace gatehouse::controller
