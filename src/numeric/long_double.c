/* Addition of decimal texts in C's `long double`, which stable Rust does not have.
 *
 * INCRBYFLOAT, HINCRBYFLOAT and INCREX of Redis compute with it (80 bits on x86), and their replies show it. Reading and
 * printing are done here, too, because a long double cannot cross the boundary either. Both happen in the "C"
 * locale of this thread, whatever the host has chosen with setlocale. */

#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

enum {
    /* Longer texts are not numbers to Redis. */
    TEXT_SIZE = 5 * 1024,

    NOT_A_FLOAT = -1,
    NOT_FINITE = -2,
    NO_MEMORY = -3,
};

/* Whether the whole of `text` is a number: what strtold takes, but no space around it, no NaN, and nothing that
 * overflows, or becomes zero without being it. */
static int parse(const char *text, size_t len, long double *value) {
    char terminated[TEXT_SIZE];
    char *end;
    if (len == 0 || len >= sizeof(terminated)) return 0;
    memcpy(terminated, text, len);
    terminated[len] = '\0';
    if (isspace((unsigned char)terminated[0])) return 0;

    errno = 0;
    *value = strtold(terminated, &end);
    if ((size_t)(end - terminated) != len || isnan(*value)) return 0;
    return errno != ERANGE || (!isinf(*value) && fpclassify(*value) != FP_ZERO);
}

/* Prints with 17 decimals, without the zeros at the end. */
static int format(long double value, char *out, size_t out_size) {
    int len = snprintf(out, out_size, "%.17Lf", value);
    if (len < 0 || (size_t)len >= out_size) return NO_MEMORY;
    while (out[len - 1] == '0') len--;
    if (out[len - 1] == '.') len--;
    if (len == 2 && out[0] == '-' && out[1] == '0') {
        out[0] = '0';
        len = 1;
    }
    return len;
}

/* Writes the sum of two decimal texts to `out` and returns its length, or a negative status. */
int rs_internal_long_double_add(const char *a, size_t a_len, const char *b, size_t b_len, char *out,
                                size_t out_size) {
    /* With glibc and musl this is a constant and costs nothing. */
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return NO_MEMORY;
    locale_t host_locale = uselocale(c_locale);
    int host_errno = errno;

    int status;
    long double x, y;
    if (!parse(a, a_len, &x) || !parse(b, b_len, &y)) {
        status = NOT_A_FLOAT;
    } else {
        long double sum = x + y;
        status = isfinite(sum) ? format(sum, out, out_size) : NOT_FINITE;
    }

    errno = host_errno;
    uselocale(host_locale);
    freelocale(c_locale);
    return status;
}

/* A text that need not end with a NUL; an absent one has no bytes. */
struct text {
    const char *bytes;
    size_t len;
};

enum {
    NOT_DONE = 0,
    DONE = 1,
    BAD_INCREMENT = -1,
    INFINITE_INCREMENT = -2,
    BAD_LOWER = -3,
    BAD_UPPER = -4,
    BOUNDS_CROSSED = -5,
    BAD_VALUE = -6,
    INFINITE_VALUE = -7,
    INFINITE_APPLIED = -8,
    NO_ROOM = -9,
};

/* The sum of texts[3] and texts[0] within the bounds texts[1] and texts[2]. */
static int increase(const struct text *texts, int saturates, long double *sum, long double *applied) {
    long double by, lower = -LDBL_MAX, upper = LDBL_MAX, value;
    if (!parse(texts[0].bytes, texts[0].len, &by)) return BAD_INCREMENT;
    if (isinf(by)) return INFINITE_INCREMENT;
    if (texts[1].bytes && !parse(texts[1].bytes, texts[1].len, &lower)) return BAD_LOWER;
    if (texts[2].bytes && !parse(texts[2].bytes, texts[2].len, &upper)) return BAD_UPPER;
    if (lower > upper) return BOUNDS_CROSSED;
    if (!parse(texts[3].bytes, texts[3].len, &value)) return BAD_VALUE;
    if (isinf(value)) return INFINITE_VALUE;

    *sum = value + by;
    int is_within = lower <= *sum && *sum <= upper && !isinf(*sum);
    if (!is_within && !saturates) {
        *sum = value;
        *applied = 0;
        return NOT_DONE;
    }
    if (*sum > upper) *sum = upper;
    if (*sum < lower) *sum = lower;
    *applied = *sum - value;
    return isinf(*applied) ? INFINITE_APPLIED : DONE;
}

/* Writes the sum and what was added to two outputs of `out_size` bytes each; DONE, NOT_DONE, or why not. */
int rs_internal_long_double_increase(const struct text *texts, int saturates, char *sum_out, size_t *sum_len,
                                     char *applied_out, size_t *applied_len, size_t out_size) {
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return NO_ROOM;
    locale_t host_locale = uselocale(c_locale);
    int host_errno = errno;

    long double sum, applied;
    int status = increase(texts, saturates, &sum, &applied);
    if (status >= 0) {
        int sum_written = format(sum, sum_out, out_size);
        int applied_written = format(applied, applied_out, out_size);
        if (sum_written < 0 || applied_written < 0) {
            status = NO_ROOM;
        } else {
            *sum_len = (size_t)sum_written;
            *applied_len = (size_t)applied_written;
        }
    }

    errno = host_errno;
    uselocale(host_locale);
    freelocale(c_locale);
    return status;
}
