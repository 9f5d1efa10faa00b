/* Addition of decimal texts in C's `long double`, which stable Rust does not have.
 *
 * INCRBYFLOAT and HINCRBYFLOAT of Redis compute with it (80 bits on x86), and their replies show it. Reading and
 * printing are done here, too, because a long double cannot cross the boundary either. Both happen in the "C"
 * locale of this thread, whatever the host has chosen with setlocale. */

#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <errno.h>
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
