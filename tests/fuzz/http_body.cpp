// SPDX-License-Identifier: Apache-2.0
// Any bytes as the body of an API request: JSON commands, multipart uploads and EST enrolments are
// read or refused with a reason, and what was read keeps its limits. The first byte chooses which.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "wire/http_base64.hpp"
#include "wire/http_enrolment.hpp"
#include "wire/http_multipart.hpp"
#include "wire/json_commands.hpp"

namespace {

using frugal::wire::HttpRequest;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

template <typename Result>
void require_reason(const Result& result) {
    require(result || (!result.error().message.empty()));
}

void read(unsigned choice, HttpRequest& request) {
    switch (choice % 6) {
        case 0: {
            const auto body = frugal::wire::read_add_device(request);
            require_reason(body);
            require(!body || (body->label.size() <= 128 && body->claim_time_to_live.count() > 0));
            break;
        }
        case 1:
            require_reason(frugal::wire::read_start_rollout(request));
            break;
        case 2: {
            const auto task = frugal::wire::read_define_task(request);
            require_reason(task);
            require(!task || task->task.labels.size() <= 64);
            break;
        }
        case 3:
            require_reason(frugal::wire::read_create_token(request));
            break;
        case 4:
            require_reason(frugal::wire::read_import_model(request));
            break;
        default: {
            require_reason(frugal::wire::read_enrolment(request));
            const auto decoded = frugal::wire::from_base64(frugal::base::as_text(request.body));
            require(!decoded ||
                    frugal::wire::from_base64(frugal::wire::to_base64(*decoded)) == decoded);
            break;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    if (size < 1 || size > 64 * 1024) {
        return 0;
    }
    HttpRequest request;
    request.body.assign(data + 1, data + size);
    request.query = {{"model", "fashion"}, {"task", "1"}};
    request.parameters = {{"task", "1"}};
    request.fields = {{"content-type", "multipart/form-data; boundary=B"},
                      {"authorization", "Basic c2Vuc29yLTc6Y29kZQ=="}};
    read(data[0], request);
    return 0;
}
