/* What a call from inside the process costs: nanoseconds per operation of the typed calls and of rs_command_argv.
 *
 *     inprocess [--rounds N] [--json]
 *
 * 16-byte keys, 64-byte values, 10,000 keys (the table fits into the caches) and 1,000,000 (it does not). Every round
 * runs every case once, so that a disturbance of the machine meets all of them; the best and the median of the rounds
 * are printed. Keys are drawn at random with replacement and their text is made in registers, since a permutation in
 * memory would compete for the caches that are being measured; the case "key only" is what that costs, and it is
 * contained in the others.
 *
 * Cases with two threads tell the price of sharing: the same loop in each thread, on the thread's own half of the keys or
 * on one key that both use; or in an engine of the thread's own, which shares nothing and so tells what the machine allows. Their nanoseconds are those of one thread; "total" is the throughput of both in multiples
 * of one thread's. With threads on one processor that says nothing, so they are pinned to two. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "redisrs.h"

#define KEY_BYTES 16
#define VALUE_BYTES 64
#define BATCH 16
#define ROUNDS_MAX 99

typedef uint64_t (*loop_fn)(rs_session *session, uint64_t seed, uint64_t first, uint64_t keys, uint64_t ops);

struct work {
    loop_fn loop;
    rs_session *session;
    uint64_t seed, first, keys, ops;
    int processor;
    pthread_barrier_t *start;
    uint64_t sum, started_ns, ended_ns, cpu_ns;
};

/* Nanoseconds of one operation in one thread: as time passed, and of CPU. */
struct price {
    double ns, cpu_ns;
};

static void check(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "inprocess: %s: %s\n", what, rs_last_error());
        exit(1);
    }
}

static uint64_t now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t draw(uint64_t *state, uint64_t below) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((*state >> 32) * below) >> 32;
}

/* The text of key i: "session:" and eight letters, one for each hexadecimal digit. */
static inline void write_key(char key[KEY_BYTES], uint64_t i) {
    i = (i | i << 16) & 0x0000ffff0000ffffu;
    i = (i | i << 8) & 0x00ff00ff00ff00ffu;
    i = (i | i << 4) & 0x0f0f0f0f0f0f0f0fu;
    i += 0x6161616161616161u;
    memcpy(key, "session:", 8);
    memcpy(key + 8, &i, 8);
}

static uint64_t loop_key_only(rs_session *session, uint64_t seed, uint64_t first, uint64_t keys, uint64_t ops) {
    char key[KEY_BYTES];
    uint64_t sum = 0;
    (void)session;
    for (uint64_t op = 0; op < ops; op++) {
        write_key(key, first + draw(&seed, keys));
        __asm__ volatile("" : : "r"(key) : "memory");
        sum += (unsigned char)key[15];
    }
    return sum;
}

static uint64_t loop_get(rs_session *session, uint64_t seed, uint64_t first, uint64_t keys, uint64_t ops) {
    char key[KEY_BYTES], value[VALUE_BYTES];
    uint64_t sum = 0;
    for (uint64_t op = 0; op < ops; op++) {
        size_t len = 0;
        write_key(key, first + draw(&seed, keys));
        check(rs_get(session, key, KEY_BYTES, value, sizeof value, &len) == RS_OK && len == VALUE_BYTES, "rs_get");
        sum += (unsigned char)value[0];
    }
    return sum;
}

static uint64_t loop_set(rs_session *session, uint64_t seed, uint64_t first, uint64_t keys, uint64_t ops) {
    char key[KEY_BYTES], value[VALUE_BYTES];
    memset(value, 'v', sizeof value);
    for (uint64_t op = 0; op < ops; op++) {
        write_key(key, first + draw(&seed, keys));
        memcpy(value, &op, sizeof op);
        check(rs_set(session, key, KEY_BYTES, value, VALUE_BYTES, 0) == RS_OK, "rs_set");
    }
    return ops;
}

static void add_value(size_t i, const void *value, size_t len, void *sum) {
    (void)i;
    check(value != NULL && len == VALUE_BYTES, "rs_get_many: a key is missing");
    *(uint64_t *)sum += *(const unsigned char *)value;
}

static uint64_t loop_get_many(rs_session *session, uint64_t seed, uint64_t first, uint64_t keys, uint64_t ops) {
    char text[BATCH][KEY_BYTES];
    rs_slice slices[BATCH];
    uint64_t sum = 0;
    for (uint64_t op = 0; op < ops; op += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            write_key(text[i], first + draw(&seed, keys));
            slices[i].data = text[i];
            slices[i].len = KEY_BYTES;
        }
        check(rs_get_many(session, BATCH, slices, add_value, &sum) == RS_OK, "rs_get_many");
    }
    return sum;
}

static uint64_t loop_argv_get(rs_session *session, uint64_t seed, uint64_t first, uint64_t keys, uint64_t ops) {
    char key[KEY_BYTES];
    const char *argv[2] = {"GET", key};
    const size_t lens[2] = {3, KEY_BYTES};
    uint64_t sum = 0;
    for (uint64_t op = 0; op < ops; op++) {
        write_key(key, first + draw(&seed, keys));
        rs_reply *reply = rs_command_argv(session, 2, argv, lens);
        check(reply != NULL && reply->type == RS_REPLY_STRING && reply->len == VALUE_BYTES, "rs_command_argv");
        sum += (unsigned char)reply->str[0];
        rs_reply_free(reply);
    }
    return sum;
}

static void *run_thread(void *arg) {
    struct work *work = arg;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(work->processor, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set); /* Refused in some containers; the rest goes on. */
    pthread_barrier_wait(work->start);
    work->started_ns = now_ns(CLOCK_MONOTONIC);
    work->cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    work->sum = work->loop(work->session, work->seed, work->first, work->keys, work->ops);
    work->cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - work->cpu_ns;
    work->ended_ns = now_ns(CLOCK_MONOTONIC);
    return NULL;
}

enum sharing { ALONE, OWN_ENGINES, OWN_KEYS, ONE_KEY, ALONE_ONE_KEY };

/* Two sessions of one engine, and one of another that has the same keys. */
enum { SESSIONS = 3, ELSEWHERE = 2 };

static struct price run(rs_session *sessions[SESSIONS], loop_fn loop, enum sharing sharing, uint64_t keys, uint64_t ops,
                        int round) {
    int threads = sharing == ALONE || sharing == ALONE_ONE_KEY ? 1 : 2;
    struct work work[2];
    pthread_t handles[2];
    pthread_barrier_t start;
    uint64_t first = UINT64_MAX, last = 0, cpu = 0;
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        rs_session *session = sessions[i == 1 && sharing == OWN_ENGINES ? ELSEWHERE : i];
        struct work w = {loop, session, (uint64_t)(round * 2 + i + 1) * 0x9e3779b97f4a7c15u, 0, keys, ops, i, &start, 0, 0, 0,
                         0};
        if (sharing == OWN_KEYS || sharing == OWN_ENGINES) {
            w.keys = keys / 2;
            w.first = (uint64_t)i * (keys / 2);
        } else if (sharing != ALONE) {
            w.keys = 1;
        }
        work[i] = w;
        check(pthread_create(&handles[i], NULL, run_thread, &work[i]) == 0, "pthread_create");
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(handles[i], NULL);
        first = work[i].started_ns < first ? work[i].started_ns : first;
        last = work[i].ended_ns > last ? work[i].ended_ns : last;
        cpu += work[i].cpu_ns;
    }
    pthread_barrier_destroy(&start);
    struct price price = {(double)(last - first) / (double)ops, (double)cpu / (double)ops / threads};
    return price;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double *sort(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values;
}

struct result {
    const char *name;
    loop_fn loop;
    enum sharing sharing;
    int baseline; /* Index of the case with one thread. */
    double ns[ROUNDS_MAX], cpu_ns[ROUNDS_MAX];
};

static void measure(uint64_t keys, uint64_t ops, int rounds, int json) {
    static struct result results[] = {
        {"key only", loop_key_only, ALONE, -1, {0}, {0}},
        {"rs_get", loop_get, ALONE, -1, {0}, {0}},
        {"rs_set", loop_set, ALONE, -1, {0}, {0}},
        {"rs_get_many (16), per key", loop_get_many, ALONE, -1, {0}, {0}},
        {"rs_command_argv GET + free", loop_argv_get, ALONE, -1, {0}, {0}},
        {"rs_get, 2 threads, own engines", loop_get, OWN_ENGINES, 1, {0}, {0}},
        {"rs_set, 2 threads, own engines", loop_set, OWN_ENGINES, 2, {0}, {0}},
        {"rs_get, 2 threads, own keys", loop_get, OWN_KEYS, 1, {0}, {0}},
        {"rs_set, 2 threads, own keys", loop_set, OWN_KEYS, 2, {0}, {0}},
        {"rs_get, one key", loop_get, ALONE_ONE_KEY, -1, {0}, {0}},
        {"rs_get, one key, 2 threads", loop_get, ONE_KEY, 9, {0}, {0}},
        {"rs_set, one key", loop_set, ALONE_ONE_KEY, -1, {0}, {0}},
        {"rs_set, one key, 2 threads", loop_set, ONE_KEY, 11, {0}, {0}},
    };
    const int count = sizeof results / sizeof *results;
    rs_engine *engines[2];
    rs_session *sessions[SESSIONS];
    char key[KEY_BYTES], value[VALUE_BYTES];

    for (int i = 0; i < 2; i++)
        check(rs_engine_open(NULL, &engines[i]) == RS_OK, "rs_engine_open");
    for (int i = 0; i < SESSIONS; i++)
        check(rs_session_open(engines[i == ELSEWHERE], &sessions[i]) == RS_OK, "rs_session_open");
    memset(value, 'v', sizeof value);
    for (int e = 0; e < 2; e++)
        for (uint64_t i = 0; i < keys; i++) {
            write_key(key, i);
            check(rs_set(sessions[e == 0 ? 0 : ELSEWHERE], key, KEY_BYTES, value, VALUE_BYTES, 0) == RS_OK, "rs_set");
        }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count; i++) {
            struct price price = run(sessions, results[i].loop, results[i].sharing, keys, ops, round);
            results[i].ns[round] = price.ns;
            results[i].cpu_ns[round] = price.cpu_ns;
        }

    if (!json)
        printf("\n%llu keys, %llu operations, %d rounds\n%-30s %8s %8s %8s %7s\n", (unsigned long long)keys,
               (unsigned long long)ops, rounds, "ns per operation", "best", "median", "cpu", "total");
    for (int i = 0; i < count; i++) {
        struct result *r = &results[i];
        /* The multiple is taken round by round: both cases of a round have met the same machine. */
        double multiples[ROUNDS_MAX], sorted[ROUNDS_MAX], cpu[ROUNDS_MAX], multiple = 0;
        for (int round = 0; r->baseline >= 0 && round < rounds; round++)
            multiples[round] = 2 * results[r->baseline].ns[round] / r->ns[round];
        if (r->baseline >= 0)
            multiple = sort(multiples, rounds)[rounds / 2];
        memcpy(sorted, r->ns, sizeof sorted);
        memcpy(cpu, r->cpu_ns, sizeof cpu);
        double best = sort(sorted, rounds)[0], median = sorted[rounds / 2], cpu_ns = sort(cpu, rounds)[rounds / 2];
        if (json)
            printf("{\"keys\": %llu, \"case\": \"%s\", \"best_ns\": %.1f, \"median_ns\": %.1f, \"cpu_ns\": %.1f, "
                   "\"total\": %.2f}\n",
                   (unsigned long long)keys, r->name, best, median, cpu_ns, multiple);
        else if (r->baseline >= 0)
            printf("%-30s %8.1f %8.1f %8.1f %6.2fx\n", r->name, best, median, cpu_ns, multiple);
        else
            printf("%-30s %8.1f %8.1f %8.1f\n", r->name, best, median, cpu_ns);
    }
    fflush(stdout);
    for (int i = 0; i < SESSIONS; i++)
        rs_session_close(sessions[i]);
    for (int i = 0; i < 2; i++)
        rs_engine_close(engines[i]);
}

int main(int argc, char **argv) {
    int rounds = 7, json = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = 1;
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = atoi(argv[++i]);
        } else {
            rounds = 0;
        }
        if (rounds < 1 || rounds > ROUNDS_MAX) {
            fprintf(stderr, "usage: inprocess [--rounds 1..%d] [--json]\n", ROUNDS_MAX);
            return 2;
        }
    }
    measure(10000, 2000000, rounds, json);
    measure(1000000, 1000000, rounds, json);
    return 0;
}
