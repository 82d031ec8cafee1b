// SPDX-License-Identifier: Apache-2.0
#include "app/start_code.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/hex.hpp"
#include "crypto/claim_code.hpp"
#include "crypto/private_file.hpp"
#include "crypto/random.hpp"

namespace frugal::app {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kFileSizeMax = 1024;

/// Removed for good, or a power cut would bring a used code back.
Result<void> remove_for_good(const std::filesystem::path& file) {
    if (::unlink(file.c_str()) != 0) {
        return fail(ErrorKind::kStorage, "cannot remove " + file.string(), std::strerror(errno),
                    "Remove it yourself; a new link: frugalctl token start.");
    }
    const int directory = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_flushed = directory >= 0 && ::fsync(directory) == 0;
    const int code = errno;
    if (directory >= 0) {
        ::close(directory);
    }
    return is_flushed
               ? Result<void>{}
               : fail(ErrorKind::kStorage, "cannot flush the directory of " + file.string(),
                      std::strerror(code), "Check the disk; a new link: frugalctl token start.");
}

}  // namespace

Result<std::string> StartCode::leave(const std::filesystem::path& file) {
    auto code = crypto::make_claim_code();
    const std::string text = base::to_hex(code.digest) + "\n";
    if (auto written =
            crypto::write_file(file, base::as_bytes(text), crypto::FileAccess::kOwnerOnly);
        !written) {
        return tl::unexpected(written.error());
    }
    return std::move(code.text);
}

Result<void> StartCode::take(const std::filesystem::path& file, base::Instant now) {
    const auto text = crypto::read_private_file(file, kFileSizeMax);
    if (!text && text.error().kind == ErrorKind::kNotFound) {
        return {};
    }
    if (!text) {
        return tl::unexpected(text.error());
    }
    if (auto removed = remove_for_good(file); !removed) {
        return removed;
    }
    const auto digest = base::digest_from_hex(text->substr(0, text->find('\n')));
    if (!digest) {
        return fail(ErrorKind::kInvalidInput, file.string() + " held no start code",
                    "expected: a SHA-256 in hexadecimal digits",
                    "Make a new link: frugalctl token start.");
    }
    digest_ = digest;
    role_ = wire::Role::kAdmin;
    deadline_ = now + kTimeToLive;
    is_used_ = false;
    return {};
}

std::string StartCode::renew(wire::Role role, base::Instant now) {
    auto code = crypto::make_claim_code();
    digest_ = code.digest;
    role_ = role;
    deadline_ = now + kTimeToLive;
    is_used_ = false;
    return std::move(code.text);
}

StartCodeVerdict StartCode::check(std::string_view typed, base::Instant now) const {
    const auto presented = crypto::claim_code_digest(typed);
    if (!presented || !digest_ || !crypto::equal_in_constant_time(*presented, *digest_)) {
        return StartCodeVerdict::kWrong;
    }
    if (is_used_) {
        return StartCodeVerdict::kUsed;
    }
    return now > deadline_ ? StartCodeVerdict::kExpired : StartCodeVerdict::kRight;
}

}  // namespace frugal::app
