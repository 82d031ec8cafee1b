// SPDX-License-Identifier: Apache-2.0
#include "app/token_store.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "base/hex.hpp"
#include "crypto/private_file.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kTokensMax = 256;
constexpr std::size_t kFileSizeMax = 64 * 1024;
constexpr std::size_t kLabelSizeMax = 64;

std::optional<StoredToken> parse_line(const std::string& line) {
    std::istringstream words(line);
    std::string id;
    std::string role;
    std::string digest;
    StoredToken token;
    words >> id >> role >> digest;
    std::getline(words >> std::ws, token.label);
    const auto parsed_role = wire::parse_role(role);
    const auto parsed_digest = base::digest_from_hex(digest);
    if (id.size() != crypto::kTokenIdLength || !parsed_role || !parsed_digest) {
        return std::nullopt;
    }
    token.record = {id, *parsed_digest};
    token.role = *parsed_role;
    return token;
}

}  // namespace

Result<TokenStore> TokenStore::load(std::filesystem::path path) {
    TokenStore store(std::move(path));
    auto text = crypto::read_private_file(store.path_, kFileSizeMax);
    if (!text && text.error().kind == ErrorKind::kNotFound) {
        return store;
    }
    if (!text) {
        return tl::unexpected(text.error());
    }
    std::istringstream lines(*text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        auto token = parse_line(line);
        if (!token) {
            return fail(ErrorKind::kInvalidInput,
                        fmt::format("{}:{}: not a token line", store.path_.string(), number),
                        "expected: id role sha256 label",
                        "Delete the line, then make a new token: frugalctl token create.");
        }
        store.tokens_.push_back(std::move(*token));
    }
    return store;
}

Result<std::string> TokenStore::create(wire::Role role, const std::string& label) {
    const bool is_printable = std::all_of(label.begin(), label.end(),
                                          [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
    if (label.size() > kLabelSizeMax || !is_printable) {
        return fail(ErrorKind::kInvalidInput, "the token's label is too long or not printable", {},
                    "Use at most 64 printable ASCII characters.");
    }
    if (tokens_.size() >= kTokensMax) {
        return fail(ErrorKind::kLimit, fmt::format("there are {} tokens already", kTokensMax), {},
                    "Revoke one first: frugalctl token revoke ID.");
    }
    auto made = crypto::make_token();
    auto tokens = tokens_;
    tokens.push_back({made.record, role, label});
    if (auto saved = save(tokens); !saved) {
        return tl::unexpected(saved.error());
    }
    tokens_ = std::move(tokens);
    return std::move(made.text);
}

Result<void> TokenStore::revoke(const std::string& id) {
    auto tokens = tokens_;
    const auto removed =
        std::erase_if(tokens, [&](const StoredToken& token) { return token.record.id == id; });
    if (removed == 0) {
        return fail(ErrorKind::kNotFound, "no token has the id \"" + id + "\"", {},
                    "List them: frugalctl token list.");
    }
    if (auto saved = save(tokens); !saved) {
        return saved;
    }
    tokens_ = std::move(tokens);
    return {};
}

std::optional<wire::HttpActor> TokenStore::authenticate(std::string_view text) const {
    const auto presented = crypto::parse_token(text);
    if (!presented) {
        return std::nullopt;
    }
    std::optional<wire::HttpActor> actor;
    for (const auto& token : tokens_) {  // no early exit: the time must not tell which one matched
        if (crypto::is_same_token(token.record, *presented)) {
            actor = wire::HttpActor{"token:" + token.record.id, token.role};
        }
    }
    return actor;
}

Result<void> TokenStore::save(const std::vector<StoredToken>& tokens) const {
    std::string text;
    for (const auto& token : tokens) {
        text += fmt::format("{} {} {} {}\n", token.record.id, wire::to_string(token.role),
                            base::to_hex(token.record.secret_digest), token.label);
    }
    return crypto::write_file(path_, base::as_bytes(text), crypto::FileAccess::kOwnerOnly);
}

}  // namespace frugal::app
