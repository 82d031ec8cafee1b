// SPDX-License-Identifier: Apache-2.0
#include "app/cloud_tier.hpp"

#include <fstream>

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

Result<std::string> read_token(const std::string& path) {
    if (path.empty()) {
        return std::string();
    }
    std::ifstream file(path);
    std::string token;
    if (!std::getline(file, token) || token.empty() ||
        token.find_first_of("\r\n\t ") != std::string::npos) {
        return fail(ErrorKind::kNotFound, "cloud.token_file " + path + " holds no token", {},
                    "Put the bearer token on its first line.");
    }
    return token;
}

}  // namespace

Result<std::unique_ptr<net::InferenceClient>> open_cloud(boost::asio::io_context& loop,
                                                         const Config& config) {
    if (config.cloud_url.empty()) {
        return std::unique_ptr<net::InferenceClient>();
    }
    auto token = read_token(config.cloud_token_file);
    if (!token) {
        return tl::unexpected<base::Error>(token.error());
    }
    net::InferenceServerSettings settings;
    settings.url = config.cloud_url;
    settings.ca_file = config.cloud_ca_file;
    settings.token = std::move(*token);
    return net::InferenceClient::open(loop, std::move(settings));
}

}  // namespace frugal::app
