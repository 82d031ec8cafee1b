// SPDX-License-Identifier: Apache-2.0
#include "app/site_setup.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include <fmt/format.h>

#include "app/site_files.hpp"
#include "app/start_code.hpp"
#include "base/ids.hpp"
#include "crypto/private_file.hpp"
#include "crypto/release_key.hpp"
#include "crypto/site_authority.hpp"

// Written by cmake/embed.cmake from deploy/mosquitto.
extern const unsigned char frugal_asset_broker_config[];
extern const unsigned long frugal_asset_broker_config_size;
extern const unsigned char frugal_asset_broker_devices[];
extern const unsigned long frugal_asset_broker_devices_size;
extern const unsigned char frugal_asset_broker_gateway[];
extern const unsigned long frugal_asset_broker_gateway_size;

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;
using crypto::FileAccess;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSocketPathMax = 107;  // sun_path, unix(7)

std::string template_text(const unsigned char* bytes, unsigned long size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

std::string user_name() {
    const passwd* entry = ::getpwuid(::geteuid());
    return entry != nullptr ? entry->pw_name : "root";
}

/// The set-up under way: the choices with every default filled in.
class SiteMaker {
public:
    SiteMaker(SiteChoices choices, base::WallTime now)
        : choices_(std::move(choices)), files_(choices_.directory), now_(now) {}

    Result<SiteMade> make() {
        for (auto step : {&SiteMaker::check, &SiteMaker::make_directories, &SiteMaker::make_keys,
                          &SiteMaker::write_broker, &SiteMaker::write_config}) {
            if (auto done = (this->*step)(); !done) {
                return tl::unexpected(done.error());
            }
        }
        const auto code = StartCode::leave(files_.start_code());
        if (!code) {
            return tl::unexpected(code.error());
        }
        const std::string url = "https://" + choices_.http_listen + "/start#" + *code;
        return SiteMade{files_.config(), files_.broker_config(), url};
    }

private:
    Result<void> check() {
        if (!base::is_valid_id(choices_.name)) {
            return fail(ErrorKind::kInvalidInput, "\"" + choices_.name + "\" cannot name a site",
                        "the name is an MQTT topic level: a-z, 0-9 and -, at most 64",
                        "Choose such a name with --name.");
        }
        std::error_code error;
        choices_.directory = fs::absolute(choices_.directory, error).lexically_normal();
        files_ = SiteFiles(choices_.directory);
        if (fs::exists(files_.config(), error) || fs::exists(files_.authority(), error)) {
            return fail(ErrorKind::kConflict, choices_.directory.string() + " holds a site already",
                        "a second set-up would replace its keys and lock its devices out",
                        "Choose another --dir, or remove that one yourself.");
        }
        const fs::path run = files_.root() / "run";
        choices_.mqtt_socket =
            choices_.mqtt_socket.empty() ? (run / "mqtt.sock").string() : choices_.mqtt_socket;
        choices_.http_socket =
            choices_.http_socket.empty() ? (run / "api.sock").string() : choices_.http_socket;
        choices_.broker_user = choices_.broker_user.empty() ? user_name() : choices_.broker_user;
        if (std::max(choices_.mqtt_socket.size(), choices_.http_socket.size()) > kSocketPathMax) {
            return fail(
                ErrorKind::kInvalidInput, "the path of a Unix socket would be too long",
                fmt::format("{} has more than {} characters", choices_.mqtt_socket, kSocketPathMax),
                "Choose a shorter --dir.");
        }
        return {};
    }

    Result<void> make_directories() {
        const std::array<std::pair<fs::path, fs::perms>, 6> directories = {{
            {files_.root(), fs::perms::owner_all},
            {files_.authority(), fs::perms::owner_all},
            {files_.http_key().parent_path(), fs::perms::owner_all},
            {files_.gateway_key().parent_path(), fs::perms::owner_all},
            {files_.broker(), fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec},
            {fs::path(choices_.http_socket).parent_path(),
             fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec},
        }};
        for (const auto& [path, permissions] : directories) {
            std::error_code error;
            const bool is_new = fs::create_directories(path, error);
            if (!error && is_new) {
                fs::permissions(path, permissions, error);
            }
            if (error) {
                return fail(ErrorKind::kStorage, "cannot make the directory " + path.string(),
                            error.message(), "Check the path and who may write there.");
            }
        }
        return {};
    }

    Result<void> make_keys() {
        const auto site = base::SiteId::parse(choices_.name);
        auto authority = crypto::SiteAuthority::create(*site, now_);
        if (!authority) {
            return tl::unexpected(authority.error());
        }
        if (auto saved = authority->save(files_.authority()); !saved) {
            return saved;
        }
        if (auto made = make_signing_key(files_.release_key(), files_.release_public_key());
            !made) {
            return made;
        }
        if (auto made = make_signing_key(files_.policy_key(), files_.policy_public_key()); !made) {
            return made;
        }
        return issue(*authority);
    }

    static Result<void> make_signing_key(const fs::path& path, const fs::path& public_path) {
        auto key = crypto::ReleaseKey::generate();
        if (!key) {
            return tl::unexpected(key.error());
        }
        if (auto saved = key->save(path); !saved) {
            return saved;
        }
        return key->public_key().save(public_path);
    }

    Result<void> issue(const crypto::SiteAuthority& authority) {
        auto server = authority.issue_server(choices_.names, now_);
        auto client = authority.issue_gateway_client(now_);
        auto list = authority.make_revocation_list({}, 1);
        if (!server || !client || !list) {
            return tl::unexpected(!server   ? server.error()
                                  : !client ? client.error()
                                            : list.error());
        }
        const std::string& root = authority.root().pem;
        struct File {
            fs::path path;
            std::string text;
            FileAccess access;
        };
        // The broker runs as another user of the same group under systemd: it reads, others do not.
        const std::array<File, 9> files = {{
            {files_.http_certificate(), server->certificate.pem + root, FileAccess::kReadable},
            {files_.http_key(), server->key_pem, FileAccess::kOwnerOnly},
            {files_.gateway_certificate(), client->certificate.pem, FileAccess::kReadable},
            {files_.gateway_key(), client->key_pem, FileAccess::kOwnerOnly},
            {files_.broker_root_certificate(), root, FileAccess::kReadable},
            {files_.broker() / "server.pem", server->certificate.pem + root, FileAccess::kReadable},
            {files_.broker() / "server.key", server->key_pem, FileAccess::kOwnerOnly},
            {files_.revocation_list(), *list, FileAccess::kReadable},
            {files_.revocation_number(), "1", FileAccess::kReadable},
        }};
        for (const auto& file : files) {
            if (auto written = write(file.path, file.text, file.access); !written) {
                return written;
            }
        }
        // 0640: the broker's user is in the daemon's group (deploy/systemd).
        return ::chmod((files_.broker() / "server.key").c_str(), 0640) == 0
                   ? Result<void>{}
                   : fail(ErrorKind::kStorage, "cannot set the mode of the broker's key");
    }

    static Result<void> write(const fs::path& path, const std::string& text, FileAccess access) {
        return crypto::write_file(path, base::as_bytes(text), access);
    }

    std::string fill(std::string text) const {
        const std::array<std::pair<std::string_view, std::string>, 6> values = {{
            {"@SITE@", choices_.name},
            {"@DIR@", files_.broker().string()},
            {"@ADDRESS@", choices_.mqtt_address},
            {"@PORT@", std::to_string(choices_.mqtt_port)},
            {"@SOCKET@", choices_.mqtt_socket},
            {"@USER@", choices_.broker_user},
        }};
        for (const auto& [name, value] : values) {
            for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
                text.replace(at, name.size(), value);
                at += value.size();
            }
        }
        return text;
    }

    Result<void> write_broker() {
        const std::array<std::pair<fs::path, std::string>, 3> files = {{
            {files_.broker_config(),
             template_text(frugal_asset_broker_config, frugal_asset_broker_config_size)},
            {files_.broker() / "devices.acl",
             template_text(frugal_asset_broker_devices, frugal_asset_broker_devices_size)},
            {files_.broker() / "gateway.acl",
             template_text(frugal_asset_broker_gateway, frugal_asset_broker_gateway_size)},
        }};
        for (const auto& [path, text] : files) {
            if (auto written = write(path, fill(text), FileAccess::kReadable); !written) {
                return written;
            }
        }
        return write(files_.reload_stamp(), "0", FileAccess::kReadable);
    }

    Result<void> write_config() {
        const std::string pid_file =
            choices_.signals_broker ? choices_.mqtt_socket + ".pid" : std::string();
        return write(files_.config(),
                     fmt::format("# Made by frugalctl setup. Every key: config/frugal.toml.\n"
                                 "schema_version = 1\n\n"
                                 "[site]\nname = \"{}\"\ndirectory = \"{}\"\n\n"
                                 "[mqtt]\nurl = \"unix://{}\"\nbroker_pid_file = \"{}\"\n\n"
                                 "[http]\nlisten = \"{}\"\nsocket = \"{}\"\n",
                                 choices_.name, files_.root().string(), choices_.mqtt_socket,
                                 pid_file, choices_.http_listen, choices_.http_socket),
                     FileAccess::kReadable);
    }

    SiteChoices choices_;
    SiteFiles files_;
    base::WallTime now_;
};

}  // namespace

Result<SiteMade> make_site(const SiteChoices& choices, base::WallTime now) {
    return SiteMaker(choices, now).make();
}

}  // namespace frugal::app
