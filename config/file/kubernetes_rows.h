// SPDX-License-Identifier: Apache-2.0
// The rows of the setting table that are about Kubernetes.
#pragma once

#include <vector>

#include "config/file/setting_table.h"

namespace gatehouse::file {

std::vector<Setting> make_kubernetes_rows();

}  // namespace gatehouse::file
