// SPDX-License-Identifier: Apache-2.0
#include "wire/json_text.hpp"

#include <cmath>

#include <boost/json/serialize.hpp>

namespace frugal::wire {

namespace {

// As deep as the document is, which this program built itself or parsed within the parser's limit.
void replace_what_is_not_finite(boost::json::value& value) {
    if (auto* number = value.if_double()) {
        if (!std::isfinite(*number)) {
            value = nullptr;
        }
    } else if (auto* array = value.if_array()) {
        for (auto& element : *array) {
            replace_what_is_not_finite(element);
        }
    } else if (auto* object = value.if_object()) {
        for (auto& member : *object) {
            replace_what_is_not_finite(member.value());
        }
    }
}

}  // namespace

std::string json_text(boost::json::value document) {
    replace_what_is_not_finite(document);
    return boost::json::serialize(document);
}

}  // namespace frugal::wire
