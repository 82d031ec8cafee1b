// SPDX-License-Identifier: Apache-2.0
#include "host_openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

static EVP_PKEY* public_key_of(const uint8_t point[65]) {
    EVP_PKEY* key = NULL;
    uint8_t copy[65];
    char group[] = "prime256v1";
    memcpy(copy, point, sizeof copy);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (context == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) <= 0) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return key;
}

/// r || s as the DER structure OpenSSL verifies. @return its size; 0 on failure.
static size_t make_der(const uint8_t signature[64], uint8_t* der, size_t capacity) {
    size_t size = 0;
    ECDSA_SIG* pair = ECDSA_SIG_new();
    BIGNUM* r = BN_bin2bn(signature, 32, NULL);
    BIGNUM* s = BN_bin2bn(signature + 32, 32, NULL);
    if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else {
        const int length = i2d_ECDSA_SIG(pair, NULL);
        if (length > 0 && (size_t)length <= capacity) {
            size = (size_t)i2d_ECDSA_SIG(pair, &der);
        }
    }
    ECDSA_SIG_free(pair);
    return size;
}

bool fr_host_verify_es256(void* context, const uint8_t public_key[65], const uint8_t digest[32],
                          const uint8_t signature[64]) {
    (void)context;
    uint8_t der[80];
    const size_t size = make_der(signature, der, sizeof der);
    EVP_PKEY* key = public_key_of(public_key);
    EVP_PKEY_CTX* verification = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    const bool is_valid = size != 0 && verification != NULL &&
                          EVP_PKEY_verify_init(verification) > 0 &&
                          EVP_PKEY_verify(verification, der, size, digest, 32) == 1;
    EVP_PKEY_CTX_free(verification);
    EVP_PKEY_free(key);
    return is_valid;
}

uint32_t fr_host_random32(void* context) {
    (void)context;
    uint32_t value = 0;
    return RAND_bytes((unsigned char*)&value, (int)sizeof value) == 1 ? value : 0;
}

static const uint8_t* map(void* context, uint32_t offset) {
    const fr_host_flash_t* flash = context;
    return flash->bytes + offset;
}

static fr_status_t erase(void* context, uint32_t offset) {
    fr_host_flash_t* flash = context;
    if (offset % flash->sector_size != 0 || offset >= flash->size) {
        return FR_ERROR_STORAGE;
    }
    memset(flash->bytes + offset, 0xFF, flash->sector_size);
    return FR_OK;
}

static fr_status_t program(void* context, uint32_t offset, const uint8_t* bytes, uint32_t size) {
    fr_host_flash_t* flash = context;
    if (offset > flash->size || size > flash->size - offset || offset % FR_FLASH_WORD != 0 ||
        size % FR_FLASH_WORD != 0) {
        return FR_ERROR_STORAGE;
    }
    for (uint32_t i = 0; i < size; ++i) {
        if (flash->bytes[offset + i] != 0xFF) {
            return FR_ERROR_STORAGE;
        }
        flash->bytes[offset + i] = bytes[i];
    }
    return FR_OK;
}

fr_flash_t fr_host_flash(fr_host_flash_t* flash) {
    const fr_flash_t port = {flash->sector_size, flash->size, flash, map, erase, program};
    return port;
}
