// What the harnesses here share: a check that also counts, and random numbers that are the same in every run.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static long checks;

#define CHECK(condition)                                                              \
    do {                                                                              \
        checks++;                                                                     \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);           \
            exit(1);                                                                  \
        }                                                                             \
    } while (0)

// A number below `limit`.
inline uint32_t draw(uint32_t limit) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) * limit >> 32);
}

// The size to test up to: the first argument, or this.
inline uint32_t size_max(int argc, char **argv, uint32_t otherwise) {
    return argc > 1 ? (uint32_t)atoi(argv[1]) : otherwise;
}
