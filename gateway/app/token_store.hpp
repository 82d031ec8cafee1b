// SPDX-License-Identifier: Apache-2.0
// Who may use the REST interface: bearer tokens with a role, kept as digests in one file of mode
// 0600 ("id role digest label" a line). Loop thread only; read whole at start, written whole at
// every change. Never holds a secret in clear.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "crypto/token.hpp"
#include "wire/http_message.hpp"

namespace frugal::app {

struct StoredToken {
    crypto::TokenRecord record;
    wire::Role role = wire::Role::kViewer;
    std::string label;  ///< printable, at most 64 characters
};

class TokenStore {
public:
    /// An absent file is an empty store. kInvalidInput (file:line), kDenied, kStorage.
    static base::Result<TokenStore> load(std::filesystem::path path);

    /// Makes a token, stores its digest durably and returns its text: show it once.
    /// kInvalidInput (label), kLimit (too many), kStorage.
    base::Result<std::string> create(wire::Role role, const std::string& label);

    /// kNotFound, kStorage.
    base::Result<void> revoke(const std::string& id);

    /// The actor behind a presented token; absent for a wrong one.
    std::optional<wire::HttpActor> authenticate(std::string_view text) const;

    const std::vector<StoredToken>& tokens() const { return tokens_; }

private:
    explicit TokenStore(std::filesystem::path path) : path_(std::move(path)) {}
    base::Result<void> save(const std::vector<StoredToken>& tokens) const;

    std::filesystem::path path_;
    std::vector<StoredToken> tokens_;
};

}  // namespace frugal::app
