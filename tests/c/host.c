/* The library as a guest in a process that does as it likes: host
 *
 * Children of fork that exec, exit or close; storms of signals; callbacks that call back, block the wrong thing, lie
 * about the time, or end what calls them. */
#define _GNU_SOURCE
#include "check.h"
#include "socket.h"
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static rs_engine *engine;
static rs_session *session;

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static rs_engine *open_engine(const char *io_threads, rs_log_fn logger, rs_clock_fn clock, void *ud)
{
    rs_config *config = loopback(io_threads);
    rs_engine *opened;
    CHECK_STATUS(RS_OK, rs_config_set(config, "loglevel", "debug"));
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, logger, ud));
    CHECK_STATUS(RS_OK, rs_config_set_clock(config, clock, ud));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &opened));
    rs_config_free(config);
    return opened;
}

/* ---- fork ---- */

static int64_t count_tick(rs_loop *loop, uint64_t id, void *ud);

static bool is_over; /* Read and written with __atomic. */

static void *keep_busy(void *of)
{
    rs_session *own;
    CHECK_STATUS(RS_OK, rs_session_open(of, &own));
    for (unsigned i = 0; !__atomic_load_n(&is_over, __ATOMIC_RELAXED); i++) {
        CHECK_STATUS(RS_OK, rs_set(own, &i, 1, "value", 5, 0));
        rs_reply *reply = rs_command(own, "LPUSH list %u", i);
        CHECK(reply != NULL && reply->type == RS_REPLY_INTEGER);
        rs_reply_free(reply);
        rs_reply_free(rs_command(own, "LTRIM list 0 9"));
    }
    rs_session_close(own);
    return NULL;
}

static void *stop_loop(void *loop)
{
    CHECK_STATUS(RS_OK, rs_loop_stop(loop));
    return NULL;
}

/* Descriptors above standard error that a program started now would get. */
static int inherited(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    CHECK(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        int fd = atoi(entry->d_name), flags = fcntl(fd, F_GETFD);
        count += entry->d_name[0] != '.' && fd > 2 && fd != dirfd(dir) && flags >= 0 && (flags & FD_CLOEXEC) == 0;
    }
    closedir(dir);
    return count;
}

static void fork_while_busy(void)
{
    enum { THREADS = 3, CHILDREN = 30 };
    int before = inherited();
    rs_engine *busy = open_engine("2", NULL, NULL, NULL);
    rs_server *server, *driven;
    rs_session *own;
    pthread_t threads[THREADS];
    CHECK_STATUS(RS_OK, rs_server_start(busy, &server));
    CHECK_STATUS(RS_OK, rs_session_open(busy, &own));
    rs_engine *by_host = open_engine("0", NULL, NULL, NULL);
    CHECK_STATUS(RS_OK, rs_server_start(by_host, &driven));
    int fd = connect_to(server);
    ask(fd, "PING\r\n", "+PONG\r\n");
    rs_loop *loop = rs_loop_new();
    rs_pool *pool = rs_pool_new(2);
#if defined(__SANITIZE_THREAD__)
    (void)before; /* It opens files and pipes of its own. */
#else
    CHECK(inherited() == before); /* All of them are closed by exec. */
#endif
    __atomic_store_n(&is_over, false, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, keep_busy, busy) == 0);
    for (int i = 0; i < CHILDREN; i++) {
        int done[2];
        CHECK(pipe(done) == 0);
        pid_t child = fork();
        if (child == 0) {
            alarm(20); /* Whoever waits for a thread that is not here would wait for ever. */
            if (i % 3 == 0)
                execl("/bin/true", "true", (char *)NULL);
            if (i % 3 == 1) {
                /* In an order that would wait for threads and take locks. */
                rs_session_close(own);
                rs_server_stop(server);
                rs_server_stop(driven);
                rs_engine_close(busy);
                rs_engine_close(by_host);
                rs_loop_free(loop);
                rs_pool_free(pool);
            }
            _exit(write(done[1], "x", 1) == 1 ? 0 : 1);
        }
        int status = -1;
        char byte = 0;
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        /* Not its exit code: valgrind's is its own, for memory that a child gives up. */
        CHECK(WIFEXITED(status) && (i % 3 == 0 || (read(done[0], &byte, 1) == 1 && byte == 'x')));
        close(done[0]);
        close(done[1]);
        ask(fd, "SET forks 1\r\nINCR forks\r\n", "+OK\r\n:2\r\n");
    }
    __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    /* The children have disturbed nothing: the connection lives, the server that the host drives is still waited for. */
    int second = connect_to(driven);
    CHECK(write(second, "PING\r\n", 6) == 6);
    for (int turns = 0; turns < 50; turns++)
        CHECK_STATUS(RS_OK, rs_server_poll(driven, 5));
    ask(second, "", "+PONG\r\n");
    close(second);
    close(fd);
    /* This loop can still be woken: the children have not taken its descriptors out. */
    pthread_t stopper;
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 1000000, count_tick, NULL, NULL));
    CHECK(pthread_create(&stopper, NULL, stop_loop, loop) == 0);
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    pthread_join(stopper, NULL);
    rs_loop_free(loop);
    rs_pool_free(pool);
    rs_session_close(own);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    CHECK_STATUS(RS_OK, rs_server_stop(driven));
    rs_engine_close(busy);
    rs_engine_close(by_host);
}

/* ---- signals ---- */

static volatile sig_atomic_t signals;
static pthread_t main_thread;
static volatile bool was_elsewhere;

static void on_signal(int signal)
{
    (void)signal;
    signals++;
    if (!pthread_equal(pthread_self(), main_thread))
        was_elsewhere = true;
#if !defined(__SANITIZE_THREAD__) /* Which would report it. */
    errno = EBADF; /* Handlers should restore it; not all do. */
#endif
}

static int64_t count_tick(rs_loop *loop, uint64_t id, void *ud)
{
    (void)loop, (void)id;
    return ++*(int *)ud < 20 ? 5 : -1;
}

/* Whether every thread but this one blocks what a process is usually sent. */
static void check_masks(void)
{
    DIR *dir = opendir("/proc/self/task");
    int others = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[300], line[256];
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        unsigned long long blocked = 0;
        while (fgets(line, sizeof line, file) != NULL)
            if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
                break;
        fclose(file);
        static const int sent[] = { SIGHUP, SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGUSR2, SIGPIPE, SIGWINCH, SIGIO };
        for (size_t i = 0; i < sizeof sent / sizeof *sent; i++)
            CHECK(blocked >> (sent[i] - 1) & 1);
        others++;
    }
    closedir(dir);
    CHECK(others >= 2);
}

static void signals_everywhere(void)
{
    struct sigaction action, old_alarm, old_user;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal; /* No SA_RESTART: every call of the system in this thread fails with EINTR. */
    main_thread = pthread_self();
    sigaction(SIGALRM, &action, &old_alarm);
    sigaction(SIGUSR1, &action, &old_user);
    rs_engine *served = open_engine("2", NULL, NULL, NULL), *by_host = open_engine("0", NULL, NULL, NULL);
    rs_server *server, *driven;
    rs_session *own;
    rs_pool *pool = rs_pool_new(2);
    CHECK_STATUS(RS_OK, rs_server_start(served, &server));
    CHECK_STATUS(RS_OK, rs_server_start(by_host, &driven));
    CHECK_STATUS(RS_OK, rs_session_open(by_host, &own));
    check_masks();
    int fd = connect_to(driven), other = connect_to(server);
    struct itimerval storm = { { 0, 500 }, { 0, 500 } }, calm = { { 0, 0 }, { 0, 0 } };
    setitimer(ITIMER_REAL, &storm, NULL);

    rs_reply *out = NULL;
    uint64_t started = now_ms();
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_session_next_push(own, 100, &out));
    CHECK(now_ms() - started >= 99);
    started = now_ms();
    rs_reply *reply = rs_command(own, "BLPOP nothing 0.1");
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL && now_ms() - started >= 99);
    rs_reply_free(reply);
    started = now_ms();
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_server_wait(driven, 100));
    CHECK(now_ms() - started >= 99);

    /* A turn may end early, but it never fails and nothing is lost. */
    CHECK(write(fd, "SET k 1\r\nINCR k\r\n", 17) == 17);
    for (int i = 0; i < 200; i++)
        CHECK_STATUS(RS_OK, rs_server_poll(driven, 2));
    ask(fd, "", "+OK\r\n:2\r\n");
    for (int i = 0; i < 200; i++)
        ask(other, "SET k 1\r\nINCR k\r\n", "+OK\r\n:2\r\n");

    rs_loop *loop = rs_loop_new();
    int ticks = 0;
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 5, count_tick, &ticks, NULL));
    started = now_ms();
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    CHECK(ticks == 20 && now_ms() - started >= 99);
    rs_loop_free(loop);

    /* Starting and stopping in the storm, and signals for the process while this thread is away. */
    for (int i = 0; i < 20; i++) {
        rs_engine *brief = open_engine("2", NULL, NULL, NULL);
        rs_server *briefly;
        CHECK_STATUS(RS_OK, rs_server_start(brief, &briefly));
        kill(getpid(), SIGUSR1);
        CHECK_STATUS(RS_OK, rs_server_stop(briefly));
        rs_engine_close(brief);
    }
    setitimer(ITIMER_REAL, &calm, NULL);
    CHECK(signals > 50 && !was_elsewhere);
    /* The handlers are the host's as before. */
    struct sigaction now;
    sigaction(SIGALRM, NULL, &now);
    CHECK(now.sa_handler == on_signal);
    sigaction(SIGPIPE, NULL, &now);
    CHECK(now.sa_handler == SIG_DFL);

    /* A client that goes away with replies on their way raises no SIGPIPE. */
    for (int i = 0; i < 20; i++) {
        int gone = connect_to(server);
        struct linger at_once = { 1, 0 };
        CHECK(write(gone, "PING\r\nPING\r\nPING\r\n", 18) == 18);
        setsockopt(gone, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(gone);
    }
    ask(other, "PING\r\n", "+PONG\r\n");
    close(fd);
    close(other);
    rs_pool_free(pool);
    rs_session_close(own);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    CHECK_STATUS(RS_OK, rs_server_stop(driven));
    rs_engine_close(served);
    rs_engine_close(by_host);
    sigaction(SIGALRM, &old_alarm, NULL);
    sigaction(SIGUSR1, &old_user, NULL);
}

/* ---- callbacks ---- */

static rs_session *second;
static rs_server *running;
static int called;

/* What a callback in the middle of a call tries: all refused, none of it waits. */
static void misbehave(void)
{
    char buf[8];
    size_t len;
    int64_t number;
    rs_slice slice = { "k", 1 };
    rs_engine *opened = NULL;
    rs_session *made = NULL;
    rs_server *started = NULL;
    rs_reply *out = NULL;
    rs_session *sessions[] = { session, second };
    const char *argv[] = { "PING" };
    const char **argvs[] = { argv };
    int argc[] = { 1 };
    called++;
    for (int i = 0; i < 2; i++) {
        rs_session *s = sessions[i];
        CHECK(rs_command(s, "SET k v") == NULL && rs_last_error()[0] != '\0');
        CHECK(rs_command_argv(s, 1, argv, NULL) == NULL);
        CHECK_STATUS(RS_ERR_BUSY, rs_command_batch(s, 1, argc, argvs, NULL, &out));
        CHECK_STATUS(RS_ERR_BUSY, rs_get(s, "k", 1, buf, sizeof buf, &len));
        CHECK_STATUS(RS_ERR_BUSY, rs_set(s, "k", 1, "w", 1, 0));
        CHECK_STATUS(RS_ERR_BUSY, rs_del(s, "k", 1));
        CHECK_STATUS(RS_ERR_BUSY, rs_exists(s, "k", 1));
        CHECK_STATUS(RS_ERR_BUSY, rs_incr_by(s, "k", 1, 1, &number));
        CHECK_STATUS(RS_ERR_BUSY, rs_expire(s, "k", 1, 1));
        CHECK_STATUS(RS_ERR_BUSY, rs_ttl(s, "k", 1, &number));
        CHECK_STATUS(RS_ERR_BUSY, rs_set_many(s, 1, &slice, &slice));
        CHECK_STATUS(RS_ERR_BUSY, rs_session_next_push(s, -1, &out));
        rs_session_close(s); /* Refused, with nobody to tell but rs_last_error. */
        CHECK(rs_last_error()[0] != '\0');
    }
    CHECK_STATUS(RS_ERR_BUSY, rs_engine_open(NULL, &opened));
    CHECK_STATUS(RS_ERR_BUSY, rs_session_open(engine, &made));
    CHECK_STATUS(RS_ERR_BUSY, rs_server_start(engine, &started));
    CHECK_STATUS(RS_ERR_BUSY, rs_server_wait(running, -1));
    CHECK_STATUS(RS_ERR_BUSY, rs_server_stop(running));
    rs_engine_close(engine);
    CHECK(opened == NULL && made == NULL && started == NULL && out == NULL);
    /* What takes none of them may be called. */
    CHECK_STATUS(RS_OK, rs_session_interrupt(second));
    CHECK(rs_server_port(running) != 0);
    rs_config *config = rs_config_new();
    CHECK_STATUS(RS_OK, rs_config_set(config, "hz", "20"));
    rs_config_free(config);
    rs_reader *reader = rs_reader_new();
    CHECK_STATUS(RS_OK, rs_reader_feed(reader, "+OK\r\n", 5));
    CHECK_STATUS(RS_OK, rs_reader_next(reader, &out));
    rs_reply_free(out);
    rs_reader_free(reader);
}

static void value(const void *val, size_t len, void *ud)
{
    CHECK(len == 1 && *(const char *)val == 'v' && ud == &called);
    misbehave();
}

static void value_at(size_t i, const void *val, size_t len, void *ud)
{
    (void)i, (void)val, (void)len, (void)ud;
    misbehave();
}

static volatile bool is_listening;

static void logger(int level, const char *msg, size_t len, void *ud)
{
    (void)level, (void)msg, (void)len, (void)ud;
    if (is_listening)
        misbehave();
}

static void callbacks_that_call_back(void)
{
    engine = open_engine("1", logger, NULL, NULL);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &second));
    CHECK_STATUS(RS_OK, rs_server_start(engine, &running));
    CHECK_STATUS(RS_OK, rs_set(session, "k", 1, "v", 1, 0));
    CHECK_STATUS(RS_OK, rs_get_with(session, "k", 1, value, &called));
    rs_slice keys[] = { { "k", 1 }, { "none", 4 } };
    CHECK_STATUS(RS_OK, rs_get_many(session, 2, keys, value_at, NULL));
    CHECK(called == 3);
    /* Logs in this thread, inside a command. */
    is_listening = true;
    rs_reply *reply = rs_command(session, "CONFIG SET port %u", 1u);
    is_listening = false;
    CHECK(reply != NULL);
    rs_reply_free(reply);
    reply = rs_command(session, "DEBUG LOG hello");
    rs_reply_free(reply);
    /* All handles work as if nothing had been tried. */
    rs_reply *out;
    CHECK_STATUS(RS_ERR_CLOSED, rs_session_next_push(second, 0, &out)); /* The interrupt from above. */
    CHECK_STATUS(RS_OK, rs_set(second, "k", 1, "w", 1, 0));
    CHECK_STATUS(RS_OK, rs_exists(session, "k", 1));
    CHECK_STATUS(RS_OK, rs_server_stop(running));
    rs_session_close(second);
    rs_session_close(session);
    rs_engine_close(engine);
}

/* A clock that jumps: to the end of time, before its beginning, backwards. */
static const int64_t times[] = { 1700000000000, INT64_MAX, 0, -1, INT64_MIN, 1700000000000, 1600000000000, INT64_MAX - 1,
                                 INT64_MIN + 1, 253402300800000, 1, 1700000000000 };
static size_t asked;

static int64_t wild_clock(void *ud)
{
    (void)ud;
    return times[__atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED) / 3 % (sizeof times / sizeof *times)];
}

static int64_t stuck_clock(void *ud)
{
    return __atomic_load_n((int64_t *)ud, __ATOMIC_SEQ_CST);
}

static void clocks_that_lie(void)
{
    static const char *const commands[] = {
        "SET k v PX 100", "GET k", "PTTL k", "EXPIRE k 100", "EXPIREAT k 1", "SET k v EX 9223372036854775", "TIME",
        "OBJECT IDLETIME k", "OBJECT FREQ k", "GETEX k PERSIST", "XADD s * a 1", "XADD s * a 1", "XRANGE s - +",
        "CLIENT LIST", "INFO", "SLOWLOG GET", "LATENCY LATEST", "DEBUG SLEEP 0", "HSET h f v", "RANDOMKEY", "DBSIZE",
        "PEXPIRETIME k", "SETEX k 1 v", "PSETEX k 9223372036854775807 v", "EXPIRE k -1", "FLUSHALL",
    };
    static const char *const threads[] = { "0", "1" };
    for (int t = 0; t < 2; t++) {
        rs_engine *wild = open_engine(threads[t], NULL, wild_clock, NULL);
        rs_server *server;
        rs_session *own;
        CHECK_STATUS(RS_OK, rs_server_start(wild, &server));
        CHECK_STATUS(RS_OK, rs_session_open(wild, &own));
        int fd = connect_to(server);
        for (int round = 0; round < 20; round++)
            for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
                rs_reply *reply = rs_command(own, commands[i]);
                if (reply == NULL)
                    fprintf(stderr, "%s: %s\n", commands[i], rs_last_error());
                CHECK(reply != NULL);
                rs_reply_free(reply);
                int64_t ms;
                CHECK(rs_set(own, "k", 1, "v", 1, 1000) == RS_OK && rs_ttl(own, "k", 1, &ms) >= 0);
                if (t == 0)
                    CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
            }
        if (t == 1)
            ask(fd, "PING\r\n", "+PONG\r\n");
        close(fd);
        CHECK_STATUS(RS_OK, rs_server_stop(server));
        rs_session_close(own);
        rs_engine_close(wild);
    }
    /* Backwards, keys live longer; forwards, they are gone at once. */
    int64_t time = 1700000000000, ms;
    rs_engine *moved = open_engine("1", NULL, stuck_clock, &time);
    rs_session *own;
    CHECK_STATUS(RS_OK, rs_session_open(moved, &own));
    CHECK_STATUS(RS_OK, rs_set(own, "k", 1, "v", 1, 1000));
    __atomic_store_n(&time, 1600000000000, __ATOMIC_SEQ_CST);
    CHECK_STATUS(RS_OK, rs_ttl(own, "k", 1, &ms));
    CHECK(ms == 100000001000);
    __atomic_store_n(&time, 1700000001001, __ATOMIC_SEQ_CST);
    CHECK_STATUS(RS_NIL, rs_exists(own, "k", 1));
    rs_session_close(own);
    rs_engine_close(moved);
}

static int64_t free_own_loop(rs_loop *loop, uint64_t id, void *ud)
{
    rs_loop_free(loop); /* Refused: the loop is running. */
    CHECK(rs_last_error()[0] != '\0');
    CHECK_STATUS(RS_ERR_BUSY, rs_loop_run(loop));
    CHECK_STATUS(RS_OK, rs_loop_del_timer(loop, id));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_timer(loop, id));
    ++*(int *)ud;
    return 0;
}

static void take_out_both(rs_loop *loop, int fd, int mask, void *ud)
{
    int *pair = ud;
    (void)fd, (void)mask;
    CHECK_STATUS(RS_OK, rs_loop_del_fd(loop, pair[0]));
    CHECK_STATUS(RS_OK, rs_loop_del_fd(loop, pair[1]));
    pair[2]++;
    rs_loop_free(loop);
    /* The loop may use an engine, unlike a callback of one. */
    CHECK_STATUS(RS_OK, rs_set(session, "from the loop", 13, "v", 1, 0));
}

static rs_pool *pool;

static void free_own_pool(void *arg)
{
    rs_pool_free(pool);
    CHECK(rs_last_error()[0] != '\0');
    __atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
}

static void ends_of_their_own(void)
{
    rs_loop *loop = rs_loop_new();
    int count = 0, sockets[3] = { 0 }, tasks = 0;
    engine = open_engine("1", NULL, NULL, NULL);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, free_own_loop, &count, NULL));
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, sockets[0], RS_LOOP_WRITE, take_out_both, sockets));
    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, sockets[1], RS_LOOP_WRITE, take_out_both, sockets));
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    CHECK(count == 1 && sockets[2] == 1); /* The second was taken out before it was called. */
    rs_loop_free(loop);
    close(sockets[0]);
    close(sockets[1]);
    pool = rs_pool_new(3);
    for (int i = 0; i < 100; i++)
        CHECK_STATUS(RS_OK, rs_pool_queue(pool, free_own_pool, &tasks));
    rs_pool_free(pool);
    CHECK(tasks == 100);
    CHECK_STATUS(RS_OK, rs_exists(session, "from the loop", 13));
    rs_session_close(session);
    rs_engine_close(engine);
}

int main(void)
{
    fork_while_busy();
    signals_everywhere();
    callbacks_that_call_back();
    clocks_that_lie();
    ends_of_their_own();
    printf("%d checks\n", checks);
    return 0;
}
