/* What the C tests share; in several threads, too. */
#ifndef CHECK_H
#define CHECK_H

#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks;

#define CHECK(condition)                                                                              \
    do {                                                                                              \
        __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);                                             \
        if (!(condition)) {                                                                           \
            fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, rs_last_error()); \
            exit(1);                                                                                  \
        }                                                                                             \
    } while (0)

#define CHECK_STATUS(expected, call)                                                                  \
    do {                                                                                              \
        rs_status got_ = (call);                                                                      \
        __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);                                             \
        if (got_ != (expected)) {                                                                     \
            fprintf(stderr, "%s:%d: %s is %s, not %s (%s)\n", __FILE__, __LINE__, #call,              \
                    rs_status_name(got_), #expected, rs_last_error());                                \
            exit(1);                                                                                  \
        }                                                                                             \
    } while (0)

#endif
