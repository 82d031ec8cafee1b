// SPDX-License-Identifier: Apache-2.0
// Any target as that of a policy route: its query and its path parameters are read or refused with
// a reason that is a good problem document, and what was read keeps its limits and means what was
// written. The first byte chooses the route; the path's segments are task, version and sequence.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>

#include "wire/http_parser.hpp"
#include "wire/http_problem.hpp"
#include "wire/http_query.hpp"
#include "wire/json_commands.hpp"
#include "wire/policy_queries.hpp"

namespace {

namespace base = frugal::base;
namespace core = frugal::core;
namespace wire = frugal::wire;
using wire::HttpRequest;

constexpr std::size_t kCommentMax = 256;
constexpr std::uint32_t kTaskMax = 255;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// Whether it was read; the reason it was refused for is told to the client as JSON.
template <typename Value>
bool is_read(const base::Result<Value>& result) {
    if (!result) {
        boost::system::error_code error;
        boost::json::parse(wire::problem(result.error()).body, error);
        require(!error && !result.error().message.empty());
    }
    return result.has_value();
}

void require_task(std::uint32_t task) {
    require(task >= 1 && task <= kTaskMax);
}

void require_audience(const base::Audience& audience) {
    require(base::Audience::parse(audience.text()) == audience || audience.is_class());
    require(audience.kind != base::Audience::Kind::kDevice ||
            base::DeviceId::parse(audience.name).has_value());
    require(audience.kind != base::Audience::Kind::kLabel ||
            (!audience.name.empty() && wire::is_printable(audience.name, wire::kLabelMax)));
}

void require_target(const wire::PolicyTargetQuery& target) {
    require_task(target.task);
    require_audience(target.audience);
    const auto again = base::ReleaseName::parse(target.release.text());
    require(target.release.number != 0 && again && again->text() == target.release.text());
}

void read_changes(unsigned choice, const HttpRequest& request) {
    if (choice == 0) {
        const auto set = wire::read_set_policy(request);
        if (is_read(set)) {
            require_target(set->target);
            require(set->comment.size() <= kCommentMax);
            require(set->target.audience.is_class() || set->steps.empty());
            for (const auto& step : set->steps) {
                require(step.permyriad <= core::kWholeFleet && step.wait.count() >= 0);
            }
        }
    } else if (choice == 1) {
        const auto revert = wire::read_revert_policy(request);
        if (is_read(revert)) {
            require_task(revert->task);
            require_audience(revert->audience);
        }
    } else {
        const auto own =
            choice == 2 ? wire::read_pin_policy(request) : wire::read_clear_policy(request);
        if (is_read(own)) {
            require_task(own->task);
            require_audience(own->audience);
            require(!own->audience.is_class() && own->pin.empty() == (choice != 2));
        }
    }
}

void read_questions(unsigned choice, const HttpRequest& request) {
    if (choice == 4) {
        const auto target = wire::read_compare_policy(request);
        if (is_read(target)) {
            require_target(*target);
        }
    } else if (choice == 5) {
        const auto difference = wire::read_policy_difference(request);
        require(!is_read(difference) || (difference->from != 0 && difference->until != 0));
    } else if (choice == 6) {
        const auto versions = wire::read_list_policy_versions(request);
        if (is_read(versions)) {
            require_task(versions->task);
            require_audience(versions->audience);
        }
    } else {
        const auto version = wire::read_policy_version(request);
        require(!is_read(version) || *version != 0);
        is_read(wire::read_sequence(request));
        const auto task = wire::read_task(request);
        require(!is_read(task) || (*task >= 1 && *task <= kTaskMax));
    }
}

/// The path's segment of this number, from 0; empty beyond the last.
std::string segment(std::string_view path, int number) {
    for (; number > 0; --number) {
        path.remove_prefix(std::min(path.find('/', 1), path.size()));
    }
    path.remove_prefix(path.empty() ? 0 : 1);
    return std::string(path.substr(0, path.find('/')));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    if (size < 1 || size > 16 * 1024) {
        return 0;
    }
    const std::string target(reinterpret_cast<const char*>(data) + 1, size - 1);
    HttpRequest request;
    if (!wire::decode_target(target, {}, request)) {
        return 0;
    }
    request.parameters = {{"task", segment(request.path, 0)},
                          {"version", segment(request.path, 1)},
                          {"sequence", segment(request.path, 2)}};
    const unsigned choice = data[0] % 8;
    choice < 4 ? read_changes(choice, request) : read_questions(choice, request);
    return 0;
}
