// SPDX-License-Identifier: Apache-2.0
#include "frugal/sha256.h"

#include <string.h>

static const uint32_t kInitialState[8] = {
    0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
    0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
};

static const uint32_t kRoundConstants[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u,
    0xab1c5ed5u, 0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu,
    0x9bdc06a7u, 0xc19bf174u, 0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu,
    0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau, 0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u,
    0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u, 0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu,
    0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u, 0xa2bfe8a1u, 0xa81a664bu,
    0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u, 0x19a4c116u,
    0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u,
    0xc67178f2u,
};

static uint32_t rotate_right(uint32_t value, unsigned bits) {
    return (value >> bits) | (value << (32u - bits));
}

static uint32_t load_big_endian(const uint8_t* bytes) {
    return ((uint32_t)bytes[0] << 24) | ((uint32_t)bytes[1] << 16) | ((uint32_t)bytes[2] << 8) |
           (uint32_t)bytes[3];
}

static void store_big_endian(uint8_t* bytes, uint32_t value) {
    bytes[0] = (uint8_t)(value >> 24);
    bytes[1] = (uint8_t)(value >> 16);
    bytes[2] = (uint8_t)(value >> 8);
    bytes[3] = (uint8_t)value;
}

// The message schedule lives in a ring of 16 words instead of 64: 192 bytes less of stack.
static uint32_t next_schedule_word(uint32_t schedule[16], unsigned round) {
    const uint32_t before_15 = schedule[(round + 1u) & 15u];
    const uint32_t before_2 = schedule[(round + 14u) & 15u];
    const uint32_t sigma_0 =
        rotate_right(before_15, 7) ^ rotate_right(before_15, 18) ^ (before_15 >> 3);
    const uint32_t sigma_1 =
        rotate_right(before_2, 17) ^ rotate_right(before_2, 19) ^ (before_2 >> 10);
    schedule[round & 15u] += sigma_0 + sigma_1 + schedule[(round + 9u) & 15u];
    return schedule[round & 15u];
}

static void compress_block(uint32_t state[8], const uint8_t block[64]) {
    uint32_t schedule[16];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned round = 0; round < 64u; ++round) {
        uint32_t word;
        if (round < 16u) {
            word = schedule[round] = load_big_endian(block + 4u * round);
        } else {
            word = next_schedule_word(schedule, round);
        }
        const uint32_t sum_1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        const uint32_t first = h + sum_1 + ((e & f) ^ (~e & g)) + kRoundConstants[round] + word;
        const uint32_t sum_0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        const uint32_t second = sum_0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const uint32_t mixed[8] = {a, b, c, d, e, f, g, h};
    for (unsigned i = 0; i < 8u; ++i) {
        state[i] += mixed[i];
    }
}

void fr_sha256_init(fr_sha256_t* sha) {
    memcpy(sha->state, kInitialState, sizeof(kInitialState));
    sha->total_bytes = 0;
}

void fr_sha256_update(fr_sha256_t* sha, const void* data, size_t size) {
    const uint8_t* bytes = (const uint8_t*)data;
    size_t used = (size_t)(sha->total_bytes & 63u);
    sha->total_bytes += size;
    while (size > 0) {
        if (used == 0 && size >= 64u) {
            compress_block(sha->state, bytes);
            bytes += 64;
            size -= 64u;
            continue;
        }
        const size_t room = 64u - used;
        const size_t take = size < room ? size : room;
        memcpy(sha->block + used, bytes, take);
        bytes += take;
        size -= take;
        used += take;
        if (used == 64u) {
            compress_block(sha->state, sha->block);
            used = 0;
        }
    }
}

void fr_sha256_final(fr_sha256_t* sha, uint8_t out[32]) {
    const uint64_t total_bits = sha->total_bytes * 8u;
    size_t used = (size_t)(sha->total_bytes & 63u);
    sha->block[used++] = 0x80u;
    if (used > 56u) {
        memset(sha->block + used, 0, 64u - used);
        compress_block(sha->state, sha->block);
        used = 0;
    }
    memset(sha->block + used, 0, 56u - used);
    store_big_endian(sha->block + 56, (uint32_t)(total_bits >> 32));
    store_big_endian(sha->block + 60, (uint32_t)total_bits);
    compress_block(sha->state, sha->block);
    for (unsigned i = 0; i < 8u; ++i) {
        store_big_endian(out + 4u * i, sha->state[i]);
    }
}

void fr_sha256(const void* data, size_t size, uint8_t out[32]) {
    fr_sha256_t sha;
    fr_sha256_init(&sha);
    fr_sha256_update(&sha, data, size);
    fr_sha256_final(&sha, out);
}
