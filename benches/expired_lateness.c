/* How late a key's `expired` event is, with many other volatile keys around.
 *
 *     expired_lateness [--keys 1000000] [--probes 2000] [--over-ms 5000]
 *
 * Fills an engine with --keys keys that expire in an hour or more, then sets --probes keys that expire at known moments
 * spread over --over-ms milliseconds, and notes when rs_engine_on_event tells of each. Once with the engine's own thread
 * expiring keys, once with a server's reactor, once with a reactor that is kept busy by SETs from this process. Prints the
 * median, the 99th percentile and the greatest lateness in microseconds. A deadline is a whole millisecond, so up to one
 * of them is the grain of the clock. For a figure that means something, nothing else may run on the machine. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROBE "probe:"

static int64_t *late_us; /* of each probe; -1 before it is told */
static long probes = 2000;
static long told;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_told = PTHREAD_COND_INITIALIZER;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void check(int is_fine, const char *what)
{
    if (!is_fine) {
        fprintf(stderr, "%s: %s\n", what, rs_last_error());
        exit(1);
    }
}

/* A probe is named probe:NUMBER:DEADLINE. */
static void on_expired(const char *event, const void *key, size_t klen, int db, void *ud)
{
    int64_t at_us = now_us();
    char name[64];
    long number;
    long long deadline_ms;
    (void)event, (void)db, (void)ud;
    if (klen >= sizeof name)
        return;
    memcpy(name, key, klen);
    name[klen] = '\0';
    if (sscanf(name, PROBE "%ld:%lld", &number, &deadline_ms) != 2 || number >= probes)
        return;
    late_us[number] = at_us - deadline_ms * 1000;
    pthread_mutex_lock(&lock);
    if (++told == probes)
        pthread_cond_signal(&all_told);
    pthread_mutex_unlock(&lock);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void set_at(rs_session *session, const char *key, int64_t deadline_ms)
{
    char deadline[24];
    const char *argv[] = {"SET", key, "v", "PXAT", deadline};
    snprintf(deadline, sizeof deadline, "%lld", (long long)deadline_ms);
    rs_reply *reply = rs_command_argv(session, 5, argv, NULL);
    check(reply != NULL && reply->type == RS_REPLY_STATUS, "SET");
    rs_reply_free(reply);
}

static void measure(rs_session *session, const char *title, long over_ms)
{
    int64_t start_ms = now_us() / 1000 + 500;
    told = 0;
    for (long i = 0; i < probes; i++) {
        char key[64];
        int64_t deadline_ms = start_ms + over_ms * i / probes;
        late_us[i] = -1;
        snprintf(key, sizeof key, PROBE "%ld:%lld", i, (long long)deadline_ms);
        set_at(session, key, deadline_ms);
    }
    pthread_mutex_lock(&lock);
    while (told < probes)
        pthread_cond_wait(&all_told, &lock);
    pthread_mutex_unlock(&lock);
    qsort(late_us, (size_t)probes, sizeof *late_us, by_size);
    printf("%-28s %8lld %8lld %8lld\n", title, (long long)late_us[probes / 2], (long long)late_us[probes * 99 / 100],
           (long long)late_us[probes - 1]);
}

/* Keeps a server busy: pipelines of SETs over a socket. */
struct load {
    unsigned port;
    int stop;
};

static void *keep_busy(void *of)
{
    static const char set[] = "*3\r\n$3\r\nSET\r\n$4\r\nbusy\r\n$1\r\nv\r\n";
    enum { PIPELINE = 64, REPLY_BYTES = 5 };
    struct load *load = of;
    char requests[PIPELINE * sizeof set], replies[PIPELINE * REPLY_BYTES];
    size_t len = 0;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load->port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < PIPELINE; i++, len += sizeof set - 1)
        memcpy(requests + len, set, sizeof set - 1);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        while (!__atomic_load_n(&load->stop, __ATOMIC_RELAXED)) {
            if (write(fd, requests, len) != (ssize_t)len || recv(fd, replies, sizeof replies, MSG_WAITALL) <= 0)
                break;
        }
    close(fd);
    return NULL;
}

int main(int argc, char **argv)
{
    long keys = 1000000, over_ms = 5000;
    for (int i = 1; i + 1 < argc; i += 2) {
        long *option = strcmp(argv[i], "--keys") == 0     ? &keys
                       : strcmp(argv[i], "--probes") == 0 ? &probes
                       : strcmp(argv[i], "--over-ms") == 0 ? &over_ms
                                                           : NULL;
        if (option == NULL || (*option = atol(argv[i + 1])) <= 0) {
            fprintf(stderr, "usage: %s [--keys N] [--probes N] [--over-ms N]\n", argv[0]);
            return 2;
        }
    }
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_session *session;
    late_us = calloc((size_t)probes, sizeof *late_us);
    check(config != NULL && late_us != NULL, "memory");
    check(rs_config_set(config, "port", "auto") == RS_OK, "port");
    check(rs_config_set(config, "io-threads", "1") == RS_OK, "io-threads");
    check(rs_engine_open(config, &engine) == RS_OK, "engine");
    check(rs_session_open(engine, &session) == RS_OK, "session");
    for (long i = 0; i < keys; i++) {
        char key[32];
        int len = snprintf(key, sizeof key, "other:%ld", i);
        /* One hour to three, in no order. */
        int64_t ttl_ms = 3600000 + (int64_t)(i * 2654435761u % 7200000u);
        check(rs_set(session, key, (size_t)len, "v", 1, ttl_ms) == RS_OK, "fill");
    }
    check(rs_engine_on_event(engine, RS_EVENT_EXPIRED, on_expired, NULL) == RS_OK, "listen");
    printf("%ld volatile keys, %ld probes\n%-28s %8s %8s %8s\n", keys, probes, "late by, in microseconds", "p50", "p99", "max");
    measure(session, "the engine's own thread", over_ms);

    rs_server *server;
    struct load load = {0, 0};
    pthread_t thread;
    check(rs_server_start(engine, &server) == RS_OK, "server");
    measure(session, "an idle reactor", over_ms);
    load.port = rs_server_port(server);
    check(pthread_create(&thread, NULL, keep_busy, &load) == 0, "thread");
    measure(session, "a busy reactor", over_ms);
    __atomic_store_n(&load.stop, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    check(rs_server_stop(server) == RS_OK, "stop");
    check(rs_engine_on_event(engine, 0, on_expired, NULL) == RS_OK, "unlisten");
    rs_session_close(session);
    rs_engine_close(engine);
    rs_config_free(config);
    free(late_us);
    return 0;
}
