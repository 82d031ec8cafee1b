// SPDX-License-Identifier: Apache-2.0
#include "cli/health_document.hpp"

#include <boost/json/parse.hpp>

#include "cli/api_client.hpp"
#include "cli/json_path.hpp"

namespace frugal::cli {

namespace json = boost::json;

json::object health_document(const base::Result<HttpAnswer>& answer) {
    json::object document{{"ready", answer && answer->status == 200},
                          {"reachable", answer.has_value()},
                          {"failing", json::array()}};
    if (answer && answer->status == 200) {
        return document;
    }
    if (answer) {
        boost::system::error_code ignored;
        document["failing"] = list_at(json::parse(answer->body, ignored), "failing");
    }
    const auto error = answer ? error_of(*answer) : answer.error();
    document["error"] = {
        {"message", error.message}, {"cause", error.cause}, {"remedy", error.remedy}};
    return document;
}

}  // namespace frugal::cli
