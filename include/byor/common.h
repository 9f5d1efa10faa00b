// What the programs of the book "Build Your Own Redis" share.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The object whose `member` is at `ptr`.
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

// The hash of the book (a kind of FNV): that of the names in a ZSet, too.
inline uint64_t str_hash(const uint8_t *data, size_t len) {
    uint32_t h = 0x811C9DC5;
    for (size_t i = 0; i < len; i++) {
        h = (h + data[i]) * 0x01000193;
    }
    return h;
}
