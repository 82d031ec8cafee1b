// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <memory>

#include "frugal/codec.h"
#include "model/codec/codec.hpp"

namespace frugal::model {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

fr_status_t read_output(void* context, std::uint32_t offset, std::uint8_t* out,
                        std::uint32_t size) {
    const auto& produced = *static_cast<const base::Bytes*>(context);
    std::memcpy(out, produced.data() + offset, size);
    return FR_OK;
}

tl::unexpected<base::Error> refused(fr_codec_fault_t fault) {
    return fail(ErrorKind::kInvalidInput, "decode: the stream is refused",
                fr_codec_fault_name(fault), "send the artifact again");
}

}  // namespace

Result<base::Bytes> decode(base::ByteView stream, std::size_t decoded_size_max) {
    fr_codec_header_t header;
    fr_codec_fault_t fault = FR_CODEC_FAULT_NONE;
    const auto cap =
        static_cast<std::uint32_t>(std::min<std::size_t>(decoded_size_max, UINT32_MAX));
    if (fr_codec_read_header(stream.data(), stream.size(), cap, &header, &fault) != FR_OK) {
        return refused(fault);
    }
    base::Bytes output(header.decoded_size);
    const fr_decoder_config_t config = {header.decoded_size, read_output, &output};
    const auto decoder = std::make_unique<fr_decoder_t>();
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
    return output;
}

Result<std::uint32_t> decoder_ram_bytes(base::ByteView stream) {
    fr_codec_header_t header;
    fr_codec_fault_t fault = FR_CODEC_FAULT_NONE;
    if (fr_codec_read_header(stream.data(), stream.size(), UINT32_MAX, &header, &fault) != FR_OK) {
        return refused(fault);
    }
    return header.decoder_ram_bytes;
}

}  // namespace frugal::model
