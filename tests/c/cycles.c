/* Opening and closing leaves nothing behind: cycles [COUNT]
 *
 * Each cycle opens an engine with two reactors, a server, three sessions, a loop, a pool and two readers, has clients connect
 * and leaves them in the worst of states: idle, in the middle of a request, with replies that nobody reads, blocked. One
 * session waits in a thread of its own until it is interrupted. Then everything is closed in one of several orders.
 * Threads, descriptors and bytes are counted when things have settled in, and at the end. */
#define _GNU_SOURCE
#include "check.h"
#include "holdings.h"
#include "socket.h"
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_BYTES 0 /* Their malloc says nothing here; the leak checker looks at the end. */
#else
#define COUNTS_BYTES 1
#endif

enum { SETTLED = 20, CLIENTS = 4 };

static size_t bytes_in_use(void)
{
#if COUNTS_BYTES
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

static void say(int fd, const char *text)
{
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void hear(int fd, const char *text)
{
    char got[64];
    size_t want = strlen(text);
    CHECK(want <= sizeof got && recv(fd, got, want, MSG_WAITALL) == (ssize_t)want && memcmp(got, text, want) == 0);
}

static void *wait_for_ever(void *session)
{
    rs_reply *reply = rs_command(session, "BLPOP nothing 0");
    CHECK(reply != NULL && reply->type == RS_REPLY_ERROR);
    rs_reply_free(reply);
    return NULL;
}

static void count_task(void *arg)
{
    __atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
}

static int64_t stop_loop(rs_loop *loop, uint64_t id, void *ud)
{
    (void)id, (void)ud;
    rs_loop_stop(loop);
    return -1;
}

/* What does not need an engine. */
static void parts(void)
{
    int done = 0;
    rs_loop *loop = rs_loop_new();
    rs_pool *pool = rs_pool_new(2);
    rs_reader *reader = rs_reader_new();
    rs_request_reader *requests = rs_request_reader_new();
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, stop_loop, NULL, NULL));
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 1000000, stop_loop, NULL, NULL));
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    for (int i = 0; i < 10; i++)
        CHECK_STATUS(RS_OK, rs_pool_queue(pool, count_task, &done));
    CHECK_STATUS(RS_OK, rs_reader_feed(reader, "*2\r\n$1\r\nx", 9));
    CHECK_STATUS(RS_OK, rs_request_reader_feed(requests, "*2\r\n$1\r\nx", 9));
    rs_loop_free(loop);
    rs_pool_free(pool);
    rs_reader_free(reader);
    rs_request_reader_free(requests);
    CHECK(done == 10);
}

static void cycle(int round)
{
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_server *server;
    rs_session *session, *waiting, *unread;
    int fds[CLIENTS];
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "bind", "127.0.0.1"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "io-threads", round % 5 == 4 ? "0" : "2"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &waiting));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &unread));

    /* Data of several kinds, some of it with a deadline, some large; a transaction and watches left open. */
    static char large[100000];
    CHECK_STATUS(RS_OK, rs_set(session, "large", 5, large, sizeof large, 0));
    for (int i = 0; i < 20; i++) {
        CHECK_STATUS(RS_OK, rs_set(session, &i, sizeof i, "value", 5, i % 2 * 100000));
        rs_reply_free(rs_command(session, "RPUSH list %d", i));
        rs_reply_free(rs_command(session, "ZADD zset %d %d", i, i));
        rs_reply_free(rs_command(session, "HSET hash %d %d", i, i));
    }
    rs_reply_free(rs_command(unread, "MONITOR"));
    rs_reply_free(rs_command(session, "WATCH large"));
    rs_reply_free(rs_command(session, "MULTI"));
    rs_reply_free(rs_command(session, "SET queued %b", large, sizeof large));

    pthread_t thread;
    bool has_threads = rs_server_fd(server) < 0;
    if (has_threads) {
        for (int i = 0; i < CLIENTS; i++) {
            fds[i] = connect_to(server);
            say(fds[i], "PING\r\n");
            hear(fds[i], "+PONG\r\n");
        }
        say(fds[1], "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nhalf of it");
        for (int i = 0; i < 20; i++)
            say(fds[2], "GET large\r\nPING\r\n");
        say(fds[3], "BLPOP nothing else 0\r\n");
    } else {
        fds[0] = connect_to(server);
        say(fds[0], "PING\r\nBLPOP nothing 0\r\n");
        struct pollfd ready = { fds[0], POLLIN, 0 };
        while (poll(&ready, 1, 0) == 0)
            CHECK_STATUS(RS_OK, rs_server_poll(server, 10));
        hear(fds[0], "+PONG\r\n");
    }
    CHECK(pthread_create(&thread, NULL, wait_for_ever, waiting) == 0);
    CHECK_STATUS(RS_OK, rs_session_interrupt(waiting));
    pthread_join(thread, NULL);
    parts();

    /* Every order is allowed: the last handle takes the engine with it. */
    if (round % 3 == 0)
        rs_engine_close(engine);
    if (round % 2 == 0)
        CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_session_close(session);
    rs_session_close(waiting);
    rs_session_close(unread);
    if (round % 2 == 1)
        CHECK_STATUS(RS_OK, rs_server_stop(server));
    if (round % 3 != 0)
        rs_engine_close(engine);
    for (int i = 0; i < (has_threads ? CLIENTS : 1); i++)
        close(fds[i]);
}

/* glibc counts as used what a thread keeps back for its next request. Without that, what is in use is exact. */
static void count_exactly(char **argv)
{
    const char *preloaded = getenv("LD_PRELOAD");
    if (COUNTS_BYTES && getenv("GLIBC_TUNABLES") == NULL && (preloaded == NULL || strstr(preloaded, "valgrind") == NULL)) {
        setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
        execv("/proc/self/exe", argv);
    }
}

int main(int argc, char **argv)
{
    count_exactly(argv);
    int count = argc > 1 ? atoi(argv[1]) : 1000, threads = 0, descriptors = 0;
    size_t bytes = 0;
    for (int round = 0; round < count; round++) {
        cycle(round);
        if (round + 1 == (count < 2 * SETTLED ? count / 2 : SETTLED)) {
            threads = threads_but(running_threads() > 3 ? 3 : 0);
            descriptors = open_descriptors();
            bytes = bytes_in_use();
        }
    }
    CHECK(threads_but(threads) <= threads);
    CHECK(open_descriptors() == descriptors);
    /* What the allocator adds to a block depends on its neighbours; one block lost per cycle would be far more. */
    size_t now = bytes_in_use();
    if (now > bytes + 4096) {
        fprintf(stderr, "%zu bytes in use after %d cycles, %zu early on\n", now, count, bytes);
        return 1;
    }
    printf("%d cycles, %d checks\n", count, checks);
    return 0;
}
