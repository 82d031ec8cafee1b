// SPDX-License-Identifier: Apache-2.0
#include "wire/json_reader.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <set>

namespace frugal::wire {

namespace {

namespace json = boost::json;
using base::ErrorKind;
using base::Result;
using Code = json::error_code;
using Text = json::string_view;

constexpr std::size_t kDepthMax = 16;

/// Walks a document only to see whether a key occurs twice in one object, which the value parser
/// would silently resolve in favour of the last.
struct DoubledKeys {
    static constexpr std::size_t max_object_size = 10'000;
    static constexpr std::size_t max_array_size = 100'000;
    static constexpr std::size_t max_key_size = 256;
    static constexpr std::size_t max_string_size = 65'536;

    std::vector<std::set<std::string>> open;
    std::string key;
    std::optional<std::string> doubled;

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code&) {
        open.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, Code&) {
        open.pop_back();
        return true;
    }
    bool on_array_begin(Code&) { return true; }
    bool on_array_end(std::size_t, Code&) { return true; }
    bool on_key_part(Text part, std::size_t, Code&) {
        key.append(part.data(), part.size());
        return true;
    }
    bool on_key(Text part, std::size_t, Code&) {
        key.append(part.data(), part.size());
        if (!open.back().insert(key).second && !doubled) {
            doubled = key;
        }
        key.clear();
        return true;
    }
    bool on_string_part(Text, std::size_t, Code&) { return true; }
    bool on_string(Text, std::size_t, Code&) { return true; }
    bool on_number_part(Text, Code&) { return true; }
    bool on_int64(std::int64_t, Text, Code&) { return true; }
    bool on_uint64(std::uint64_t, Text, Code&) { return true; }
    bool on_double(double, Text, Code&) { return true; }
    bool on_bool(bool, Code&) { return true; }
    bool on_null(Code&) { return true; }
    bool on_comment_part(Text, Code&) { return true; }
    bool on_comment(Text, Code&) { return true; }
};

tl::unexpected<base::Error> bad_body(std::string cause) {
    return base::fail(ErrorKind::kInvalidInput, "the body is not acceptable JSON", std::move(cause),
                      "send one JSON object as proto/openapi.yaml describes it");
}

}  // namespace

Result<json::object> parse_json_object(base::ByteView bytes) {
    const std::string_view text = base::as_text(bytes);
    json::parse_options options;
    options.max_depth = kDepthMax;
    json::basic_parser<DoubledKeys> keys(options);
    Code error;
    const std::size_t used = keys.write_some(false, text.data(), text.size(), error);
    if (error || used != text.size()) {
        return bad_body(error ? error.message() : "something follows the object");
    }
    if (keys.handler().doubled) {
        return bad_body("the key \"" + *keys.handler().doubled + "\" occurs twice");
    }
    json::value value = json::parse({text.data(), text.size()}, error, {}, options);
    if (error) {
        return bad_body(error.message());
    }
    if (!value.is_object()) {
        return bad_body("it is not an object");
    }
    return std::move(value.as_object());
}

ObjectReader::ObjectReader(base::ByteView bytes) {
    auto object = parse_json_object(bytes);
    if (object) {
        object_ = std::move(*object);
    } else {
        error_ = std::move(object.error());
    }
}

const json::value* ObjectReader::find(std::string_view key, bool is_required) {
    known_.emplace_back(key);
    const json::value* value = object_.if_contains({key.data(), key.size()});
    if (value == nullptr && is_required) {
        reject(key, "it is missing");
    }
    return value;
}

std::string ObjectReader::text(std::string_view key) {
    const json::value* value = find(key, true);
    if (value == nullptr) {
        return {};
    }
    if (!value->is_string()) {
        reject(key, "it must be a string");
        return {};
    }
    return std::string(value->get_string());
}

std::string ObjectReader::text_or(std::string_view key, std::string fallback) {
    return object_.contains({key.data(), key.size()}) ? text(key)
                                                      : (find(key, false), std::move(fallback));
}

std::uint64_t ObjectReader::number(std::string_view key, std::uint64_t maximum) {
    const json::value* value = find(key, true);
    if (value == nullptr) {
        return 0;
    }
    Code error;
    const auto number = value->to_number<std::uint64_t>(error);
    if (error || value->is_double() || number > maximum) {
        reject(key, "it must be a whole number from 0 to " + std::to_string(maximum));
        return 0;
    }
    return number;
}

std::uint64_t ObjectReader::number_or(std::string_view key, std::uint64_t maximum,
                                      std::uint64_t fallback) {
    return object_.contains({key.data(), key.size()}) ? number(key, maximum)
                                                      : (find(key, false), fallback);
}

std::vector<std::string> ObjectReader::texts(std::string_view key, std::size_t count_max) {
    const json::value* value = find(key, true);
    if (value == nullptr) {
        return {};
    }
    std::vector<std::string> result;
    const json::array* array = value->if_array();
    if (array == nullptr || array->size() > count_max) {
        reject(key, "it must be a list of at most " + std::to_string(count_max) + " strings");
        return {};
    }
    for (const json::value& item : *array) {
        if (!item.is_string()) {
            reject(key, "it must hold strings only");
            return {};
        }
        result.emplace_back(item.get_string());
    }
    return result;
}

std::optional<std::vector<std::string>> ObjectReader::optional_texts(std::string_view key,
                                                                     std::size_t count_max) {
    if (!object_.contains({key.data(), key.size()})) {
        known_.emplace_back(key);
        return std::nullopt;
    }
    return texts(key, count_max);
}

void ObjectReader::reject(std::string_view key, std::string why) {
    if (!error_) {
        error_ =
            base::Error{ErrorKind::kInvalidInput, "\"" + std::string(key) + "\" is not acceptable",
                        std::move(why), "see proto/openapi.yaml for the body of this operation"};
    }
}

Result<void> ObjectReader::finish() {
    for (const auto& member : object_) {
        if (std::find(known_.begin(), known_.end(), std::string_view(member.key())) ==
            known_.end()) {
            reject(member.key(), "there is no such key here");
        }
    }
    if (error_) {
        return tl::unexpected(*error_);
    }
    return {};
}

}  // namespace frugal::wire
