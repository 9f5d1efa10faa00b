// What the programs of the book "Build Your Own Redis" share.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The object whose `member` is at `ptr`. The programs of some chapters define it themselves.
#ifndef container_of
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#endif

// The tags of the typed protocol, which the book's first edition has here.
enum {
    SER_NIL = 0,
    SER_ERR = 1,
    SER_STR = 2,
    SER_INT = 3,
    SER_DBL = 4,
    SER_ARR = 5,
};

// The hash of the book (a kind of FNV): that of the names in a ZSet, too. A template, because a program that has a function
// of this name and type keeps its own.
template <class = void> inline uint64_t str_hash(const uint8_t *data, size_t len) {
    uint32_t h = 0x811C9DC5;
    for (size_t i = 0; i < len; i++) {
        h = (h + data[i]) * 0x01000193;
    }
    return h;
}
