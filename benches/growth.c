/* How long single calls of rs_set take while a store grows from nothing.
 *
 *     growth [--keys 5000000] [--rate 0]
 *
 * Sets --keys new keys (16 bytes, values of 64), --rate of them a second or as fast as it goes, and prints how the times of the calls are
 * distributed. With the store grow its tables and its memory: this shows what of that a call has to wait for. The machine's
 * own pauses are in it; see "Growth" in docs/performance.md. Nothing else may run on the machine. */
#define _GNU_SOURCE
#include <redisrs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void check(rs_status status)
{
    if (status != RS_OK) {
        fprintf(stderr, "%s\n", rs_last_error());
        exit(1);
    }
}

int main(int argc, char **argv)
{
    size_t keys = 5000000;
    double rate = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--keys") == 0)
            keys = (size_t)strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--rate") == 0)
            rate = atof(argv[i + 1]);
        else {
            fprintf(stderr, "usage: growth [--keys N] [--rate PER_SECOND]\n");
            return 2;
        }
    }
    float *took_us = malloc(keys * sizeof *took_us);
    if (keys == 0 || took_us == NULL)
        return 2;
    memset(took_us, 1, keys * sizeof *took_us); /* Pages of its own are not to be counted. */
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_session *session;
    check(rs_engine_open(config, &engine));
    check(rs_session_open(engine, &session));
    char value[64];
    memset(value, 'x', sizeof value);
    double started = now_us();
    for (size_t i = 0; i < keys; i++) {
        if (rate > 0)
            while (now_us() < started + (double)i * 1e6 / rate)
                ;
        char key[32];
        int len = sprintf(key, "key:%012llu", (unsigned long long)i * 2654435761u % 1000000000039u);
        double before = now_us();
        check(rs_set(session, key, (size_t)len, value, sizeof value, 0));
        took_us[i] = (float)(now_us() - before);
    }
    double all_us = now_us() - started;
    size_t over_100us = 0, over_1ms = 0;
    for (size_t i = 0; i < keys; i++) {
        over_100us += took_us[i] > 100;
        over_1ms += took_us[i] > 1000;
    }
    qsort(took_us, keys, sizeof *took_us, by_size);
    printf("%zu keys in %.2f s; us: p50 %.2f  p99 %.2f  p99.9 %.2f  p99.99 %.1f  p99.999 %.1f  max %.1f; over 100 us %zu, over 1 ms %zu\n",
           keys, all_us / 1e6, (double)took_us[keys / 2], (double)took_us[keys - 1 - keys / 100], (double)took_us[keys - 1 - keys / 1000],
           (double)took_us[keys - 1 - keys / 10000], (double)took_us[keys - 1 - keys / 100000], (double)took_us[keys - 1],
           over_100us, over_1ms);
    rs_session_close(session);
    rs_engine_close(engine);
    rs_config_free(config);
    free(took_us);
    return 0;
}
