/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/secret.h"

static const char base64_alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_value(char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == '+')
                return 62;
        return c == '/' ? 63 : -1;
}

/* Decodes into out, which has room for 3 bytes per 4 of len; returns the number of bytes or
 * -EINVAL. */
static ssize_t base64_decode_bytes(const char *text, size_t len, unsigned char *out)
{
        uint32_t bits = 0;
        unsigned digits = 0, padding = 0;
        size_t n = 0;

        for (size_t i = 0; i < len; i++) {
                int value;

                if (text[i] == '\n' || text[i] == '\r')
                        continue;
                if (text[i] == '=') {
                        padding++;
                        continue;
                }
                value = base64_value(text[i]);
                if (value < 0 || padding)
                        return -EINVAL;
                bits = bits << 6 | (uint32_t)value;
                if (++digits % 4 == 0) {
                        out[n++] = (unsigned char)(bits >> 16);
                        out[n++] = (unsigned char)(bits >> 8);
                        out[n++] = (unsigned char)bits;
                        bits = 0;
                }
        }
        switch (digits % 4) {
        case 0:
                return padding ? -EINVAL : (ssize_t)n;
        case 2:
                if (padding != 2 || bits & 0xf)
                        return -EINVAL;
                out[n++] = (unsigned char)(bits >> 4);
                return (ssize_t)n;
        case 3:
                if (padding != 1 || bits & 0x3)
                        return -EINVAL;
                out[n++] = (unsigned char)(bits >> 10);
                out[n++] = (unsigned char)(bits >> 2);
                return (ssize_t)n;
        default:
                return -EINVAL;
        }
}

int base64_decode(const char *text, size_t len, struct secret *ret)
{
        size_t room = len / 4 * 3 + 3;
        unsigned char *bytes = malloc(room);
        ssize_t n;
        int r;

        if (!bytes)
                return -ENOMEM;
        n = base64_decode_bytes(text, len, bytes);
        r = n < 0 ? (int)n : secret_set(ret, bytes, (size_t)n);
        explicit_bzero(bytes, room);
        free(bytes);
        return r;
}

int base64_encode(const void *bytes, size_t len, struct buf *ret)
{
        const unsigned char *in = bytes;

        for (size_t i = 0; i < len; i += 3) {
                uint32_t bits = (uint32_t)in[i] << 16;
                char out[4];

                if (i + 1 < len)
                        bits |= (uint32_t)in[i + 1] << 8;
                if (i + 2 < len)
                        bits |= in[i + 2];
                out[0] = base64_alphabet[bits >> 18];
                out[1] = base64_alphabet[bits >> 12 & 63];
                out[2] = i + 1 < len ? base64_alphabet[bits >> 6 & 63] : '=';
                out[3] = i + 2 < len ? base64_alphabet[bits & 63] : '=';
                (void)buf_append(ret, out, sizeof(out));
        }
        return ret->error;
}
