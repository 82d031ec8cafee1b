// SPDX-License-Identifier: Apache-2.0
#include "wire/entity_tag.hpp"

#include <algorithm>

#include "wire/http_query.hpp"

namespace frugal::wire {

namespace {

constexpr std::size_t kTagsMax = 16;

std::string_view trimmed(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

tl::unexpected<base::Error> refuse(std::string_view value) {
    return base::fail(base::ErrorKind::kInvalidInput,
                      "header If-Match: \"" + std::string(value.substr(0, 64)) +
                          "\" is no list of at most " + std::to_string(kTagsMax) + " tags",
                      {}, "Send the ETag of the answer you have seen, quotes included, or *.");
}

}  // namespace

std::string entity_tag(std::uint64_t number) {
    return '"' + std::to_string(number) + '"';
}

base::Result<IfMatch> read_if_match(std::string_view value) {
    IfMatch wanted;
    if (trimmed(value) == "*") {
        wanted.is_any = true;
        return wanted;
    }
    std::size_t count = 0;
    for (std::size_t from = 0; from <= value.size();) {
        const auto until = std::min(value.find(',', from), value.size());
        auto tag = trimmed(value.substr(from, until - from));
        from = until + 1;
        const bool is_weak = tag.starts_with("W/");
        tag.remove_prefix(is_weak ? 2 : 0);
        if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"' || ++count > kTagsMax) {
            return refuse(value);
        }
        const auto number = parse_number(tag.substr(1, tag.size() - 2), UINT64_MAX);
        if (number && !is_weak) {
            wanted.numbers.push_back(*number);
        }
    }
    return wanted;
}

}  // namespace frugal::wire
