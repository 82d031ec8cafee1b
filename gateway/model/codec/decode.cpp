// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <memory>

#include "frugal/codec.h"
#include "frugal/sha256.h"
#include "model/codec/codec.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

struct Slots {
    Decoded decoded;
    base::ByteView base;
    const fr_decoder_t* decoder;
};

fr_status_t read_output(void* context, std::uint32_t offset, std::uint8_t* out,
                        std::uint32_t size) {
    const auto& slots = *static_cast<const Slots*>(context);
    std::memcpy(out, slots.decoded.file.data() + offset, size);
    return FR_OK;
}

fr_status_t read_base(void* context, std::uint32_t offset, std::uint8_t* out, std::uint32_t size) {
    auto& slots = *static_cast<Slots*>(context);
    auto& lag = slots.decoded.base_lag_bytes;
    if (slots.decoder->produced > offset) {
        lag = std::max(lag, slots.decoder->produced - offset);
    }
    std::memcpy(out, slots.base.data() + offset, size);
    return FR_OK;
}

tl::unexpected<base::Error> refused(fr_codec_fault_t fault) {
    return fail(ErrorKind::kInvalidInput, "decode: the stream is refused",
                fr_codec_fault_name(fault), "Copy it again, or pack the file anew.");
}

}  // namespace

Result<Decoded> decode_measured(base::ByteView stream, std::size_t decoded_size_max,
                                base::ByteView base) {
    fr_codec_header_t header;
    fr_codec_fault_t fault = FR_CODEC_FAULT_NONE;
    const auto cap =
        static_cast<std::uint32_t>(std::min<std::size_t>(decoded_size_max, UINT32_MAX));
    if (fr_codec_read_header(stream.data(), stream.size(), cap, &header, &fault) != FR_OK) {
        return refused(fault);
    }
    const auto decoder = std::make_unique<fr_decoder_t>();
    Slots slots{{base::Bytes(header.decoded_size)}, base, decoder.get()};
    base::Bytes& output = slots.decoded.file;
    base::Digest digest{};
    fr_sha256(base.data(), base.size(), digest.data());
    const auto memory = std::make_unique<fr_codec_memory_t>();
    fr_decoder_config_t config{header.decoded_size,       read_output, &slots, memory.get(),
                               sizeof(fr_codec_memory_t), nullptr,     0,      nullptr,
                               &fr_profiles_all};
    if (!base.empty()) {
        config.read_base = read_base;
        config.base_size = static_cast<std::uint32_t>(base.size());
        config.base_digest = digest.data();
    }
    fr_status_t status = fr_decoder_init(decoder.get(), &config);
    std::size_t at = 0;
    std::size_t written = 0;
    while (status == FR_OK) {
        std::size_t taken = 0;
        std::size_t produced = 0;
        status = fr_decoder_sink(decoder.get(), stream.data() + at, stream.size() - at, &taken);
        if (status != FR_OK) {
            break;
        }
        at += taken;
        status = fr_decoder_poll(decoder.get(), output.data() + written, output.size() - written,
                                 &produced);
        written += produced;
        if (taken == 0 && produced == 0) {
            break;
        }
    }
    if (status == FR_OK) {
        status = fr_decoder_finish(decoder.get());
    }
    if (status != FR_OK) {
        return refused(fr_decoder_fault(decoder.get()));
    }
    return std::move(slots.decoded);
}

Result<base::Bytes> decode(base::ByteView stream, std::size_t decoded_size_max,
                           base::ByteView base) {
    auto decoded = decode_measured(stream, decoded_size_max, base);
    if (!decoded) {
        return tl::unexpected(decoded.error());
    }
    return std::move(decoded->file);
}

Result<std::uint32_t> decoder_ram_bytes(base::ByteView stream) {
    fr_codec_header_t header;
    fr_codec_fault_t fault = FR_CODEC_FAULT_NONE;
    if (fr_codec_read_header(stream.data(), stream.size(), UINT32_MAX, &header, &fault) != FR_OK) {
        return refused(fault);
    }
    return fr_codec_ram_bytes(header.profile);
}

}  // namespace frugal::model
