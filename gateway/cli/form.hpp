// SPDX-License-Identifier: Apache-2.0
// Bodies of type multipart/form-data: several files in one request. Main thread.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "cli/api_client.hpp"

namespace frugal::cli {

struct FormPart {
    std::string name;
    base::Bytes content;
};

/// The request with these parts as its body.
ApiRequest form_request(std::string method, std::string target, const std::vector<FormPart>& parts);

}  // namespace frugal::cli
