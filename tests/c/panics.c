/* A panic inside every kind of call: what it becomes, and that nothing else is harmed: panics
 *
 * The library is one built with the feature hooks, which panics on demand at named places. After each panic the same
 * things hold: the caller got RS_ERR_PANIC, NULL, or an error reply; keys of other shards are served, by the same session,
 * by others and through sockets; keys of a shard that was locked are refused until FLUSHALL; another engine is not
 * concerned; and in the end everything closes. */
#define _GNU_SOURCE
#include "check.h"
#include "panics.h"
#include "socket.h"
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static rs_engine *engine, *other_engine;
static rs_session *session, *other_session;
static int warnings;

static void on_log(int level, const char *msg, size_t len, void *ud)
{
    (void)ud;
    if (level == 3 && len > 0 && memmem(msg, len, "a test has asked for a panic", 28) != NULL)
        __atomic_fetch_add(&warnings, 1, __ATOMIC_SEQ_CST);
}

static rs_engine *open_engine(const char *io_threads)
{
    rs_config *config = rs_config_new();
    rs_engine *opened;
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "bind", "127.0.0.1"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "io-threads", io_threads));
    CHECK_STATUS(RS_OK, rs_config_set(config, "hz", "100"));
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, on_log, NULL));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &opened));
    rs_config_free(config);
    return opened;
}

/* Of 100 keys, how many are served; all others are refused. */
static int served(rs_session *of)
{
    int count = 0;
    for (int i = 0; i < 100; i++) {
        char name[16], buf[16];
        size_t len;
        int n = snprintf(name, sizeof name, "key %d", i);
        rs_status got = rs_get(of, name, (size_t)n, buf, sizeof buf, &len), set = rs_set(of, name, (size_t)n, "v", 1, 0);
        CHECK((got == RS_OK && set == RS_OK) || (got == RS_ERR_PANIC && set == RS_ERR_PANIC));
        rs_reply *reply = rs_command(of, "GET %b", name, (size_t)n);
        CHECK(reply != NULL && reply->type == (got == RS_OK ? RS_REPLY_STRING : RS_REPLY_ERROR));
        rs_reply_free(reply);
        count += got == RS_OK;
    }
    return count;
}

static void fill(rs_session *of)
{
    for (int i = 0; i < 100; i++)
        CHECK(is_status(rs_command(of, "SET key:%d v", i), "OK"));
    for (int i = 0; i < 100; i++) {
        char name[16];
        int n = snprintf(name, sizeof name, "key %d", i);
        CHECK_STATUS(RS_OK, rs_set(of, name, (size_t)n, "v", 1, 0));
    }
}

/* After a panic that may have damaged one shard: all else works, and FLUSHALL repairs it. */
static void check_rest(bool damaged)
{
    rs_reply *reply;
    int count = served(session);
    CHECK(damaged ? count > 80 : count == 100); /* One shard, or a few, of 256. */
    CHECK(served(other_session) == 100);
    if (damaged) {
        CHECK(is_error(rs_command(session, "DBSIZE"), "damaged"));
        CHECK(is_error(rs_command(session, "KEYS *"), "damaged"));
        CHECK(is_error(rs_command(session, "SCAN 0"), "damaged"));
        CHECK(is_error(rs_command(session, "RANDOMKEY"), "damaged"));
        CHECK(is_error(rs_command(session, "SWAPDB 0 1"), "damaged"));
        CHECK(is_error(rs_command(session, "FLUSHDB"), "damaged"));
        reply = rs_command(session, "INFO");
        CHECK(reply != NULL && reply->type == RS_REPLY_STRING);
        rs_reply_free(reply);
        CHECK(is_status(rs_command(session, "PING"), "PONG"));
        CHECK(is_status(rs_command(session, "FLUSHALL"), "OK"));
        fill(session);
        CHECK(served(session) == 100);
    }
    reply = rs_command(session, "DBSIZE");
    CHECK(reply != NULL && reply->type == RS_REPLY_INTEGER && reply->integer >= 200);
    rs_reply_free(reply);
}

/* ---- calls ---- */

static void ignore_value(const void *val, size_t len, void *ud)
{
    (void)val, (void)len, (void)ud;
}

static void ignore_value_at(size_t i, const void *val, size_t len, void *ud)
{
    (void)i, (void)val, (void)len, (void)ud;
}

static void typed_calls(void)
{
    static const struct {
        const char *place;
        bool damages;
    } places[] = { { "call", false }, { "typed", false }, { "typed locked", true }, { "release", true } };
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        rs_slice slice = { "key 1", 5 };
        char buf[8];
        size_t len = 77;
        int64_t number = 77;
        for (int call = 0; call < 9; call++) {
            arm(places[p].place);
            rs_status status = RS_OK;
            switch (call) {
            case 0: status = rs_get(session, "key 1", 5, buf, sizeof buf, &len); break;
            case 1: status = rs_set(session, "key 1", 5, "w", 1, 0); break;
            case 2: status = rs_get_with(session, "key 1", 5, ignore_value, NULL); break;
            case 3: status = rs_del(session, "key 1", 5); break;
            case 4: status = rs_exists(session, "key 1", 5); break;
            case 5: status = rs_incr_by(session, "key 1", 5, 1, &number); break;
            case 6: status = rs_expire(session, "key 1", 5, 100000); break;
            case 7: status = rs_ttl(session, "key 1", 5, &number); break;
            case 8: status = rs_set_many(session, 1, &slice, &slice); break;
            }
            CHECK(went_off());
            CHECK_STATUS(RS_ERR_PANIC, status);
            CHECK(strstr(rs_last_error(), "internal error") != NULL && number == 77);
            check_rest(places[p].damages);
        }
        arm(places[p].place);
        rs_status status = rs_get_many(session, 1, &slice, ignore_value_at, NULL);
        CHECK(went_off() && status == RS_ERR_PANIC);
        check_rest(places[p].damages);
    }
}

static void commands(void)
{
    static const struct {
        const char *place;
        bool damages;
    } places[] = { { "call", false }, { "dispatch", false }, { "handler", true }, { "release", true } };
    static const char *const lines[] = { "SET key:1 w", "GET key:1", "DEL key:1", "LPUSH list a", "HSET hash f v",
                                         "ZADD zset 1 a", "XADD stream * a 1", "APPEND key:1 xyz", "SETRANGE key:1 5 a" };
    const char *argv[] = { "SET", "key:1", "w" };
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
            arm(places[p].place);
            CHECK(rs_command(session, lines[i]) == NULL && went_off());
            CHECK(strstr(rs_last_error(), "internal error") != NULL);
            check_rest(places[p].damages);
        }
        arm(places[p].place);
        CHECK(rs_command_argv(session, 3, argv, NULL) == NULL && went_off());
        check_rest(places[p].damages);
    }
    /* In the middle of a batch: nothing is written, the first commands have run. */
    const char **argvs[] = { argv, argv, argv };
    int argc[] = { 3, 3, 3 };
    rs_reply *out[3] = { NULL, NULL, NULL };
    arm_after("batch", 2);
    rs_status status = rs_command_batch(session, 3, argc, argvs, NULL, out);
    CHECK(went_off() && status == RS_ERR_PANIC && out[0] == NULL && out[2] == NULL);
    check_rest(false);
    /* In the middle of EXEC: several shards; the transaction is gone. */
    CHECK(is_status(rs_command(session, "WATCH key:3"), "OK"));
    CHECK(is_status(rs_command(session, "MULTI"), "OK"));
    CHECK(is_status(rs_command(session, "SET key:1 w"), "QUEUED"));
    CHECK(is_status(rs_command(session, "SET key:2 w"), "QUEUED"));
    arm_after("handler", 2);
    CHECK(rs_command(session, "EXEC") == NULL && went_off());
    CHECK(is_error(rs_command(session, "EXEC"), "without MULTI"));
    /* A transaction that would touch what is damaged is refused whole. */
    CHECK(is_status(rs_command(session, "MULTI"), "OK"));
    CHECK(is_status(rs_command(session, "SET key:1 w"), "QUEUED"));
    CHECK(is_error(rs_command(session, "EXEC"), "damaged"));
    CHECK(is_error(rs_command(session, "EXEC"), "without MULTI"));
    check_rest(true);
}

/* ---- waiting ---- */

static void *wait_for(void *key)
{
    rs_session *own;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &own));
    rs_reply *reply = rs_command(own, "BLPOP %s 0", (const char *)key);
    rs_session_close(own);
    return reply;
}

static void await_info(const char *section, const char *text)
{
    for (;;) {
        rs_reply *reply = rs_command(session, "INFO %s", section);
        bool is = reply != NULL && strstr(reply->str, text) != NULL;
        rs_reply_free(reply);
        if (is)
            return;
        usleep(1000);
    }
}

static void await_blocked(int expected)
{
    char text[32];
    snprintf(text, sizeof text, "blocked_clients:%d\r", expected);
    await_info("clients", text);
}

static void waits(void)
{
    pthread_t damaged, sound;
    void *reply;
    /* Who waits at a damaged shard is told; who waits elsewhere goes on to wait, and is served. */
    CHECK(pthread_create(&damaged, NULL, wait_for, "list") == 0);
    CHECK(pthread_create(&sound, NULL, wait_for, "queue") == 0);
    await_blocked(2);
    arm("handler");
    CHECK(rs_command(session, "TYPE list") == NULL && went_off());
    pthread_join(damaged, &reply);
    CHECK(is_error(reply, "damaged"));
    await_blocked(1);
    rs_reply_free(rs_command(session, "RPUSH queue x"));
    pthread_join(sound, &reply);
    CHECK(reply != NULL && ((rs_reply *)reply)->type == RS_REPLY_ARRAY);
    rs_reply_free(reply);
    check_rest(true);
    /* While somebody is served: the one who serves gets the panic. */
    CHECK(pthread_create(&damaged, NULL, wait_for, "list") == 0);
    await_blocked(1);
    arm("serve");
    CHECK(rs_command(session, "RPUSH list x") == NULL && went_off());
    pthread_join(damaged, &reply);
    CHECK(is_error(reply, "damaged"));
    check_rest(true);
    /* In the thread that waits, at the end of its wait. */
    arm("wait");
    CHECK(rs_command(session, "BLPOP nothing 0.01") == NULL && went_off());
    await_blocked(0);
    check_rest(false);
}

/* ---- threads of the library ---- */

static void say(int fd, const char *text)
{
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

/* Everything that comes until the connection is closed, or so many bytes. */
static size_t hear(int fd, char *out, size_t room)
{
    size_t len = 0;
    while (len < room - 1) {
        ssize_t n = recv(fd, out + len, room - 1 - len, 0);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    out[len] = '\0';
    return len;
}

static void reactors(void)
{
    static const char *const places[] = { "dispatch", "handler", "release", "reactor" };
    rs_server *server;
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        int bystander = connect_to(server), waiting = connect_to(server), victim = connect_to(server);
        ask(bystander, "PING\r\n", "+PONG\r\n");
        ask(victim, "PING\r\n", "+PONG\r\n");
        ask(waiting, "PING\r\n", "+PONG\r\n");
        say(waiting, "BLPOP queue 0\r\n");
        await_blocked(1);
        arm(places[p]);
        say(victim, "SET key:1 w\r\n");
        if (strcmp(places[p], "reactor") != 0) {
            char got[256];
            hear(victim, got, sizeof got);
            CHECK(strstr(got, "-ERR internal error") != NULL);
        } else {
            ask(victim, "", "+OK\r\n"); /* Nothing had been read yet: the next turn does. */
        }
        CHECK(went_off());
        ask(bystander, "PING\r\nSET elsewhere 1\r\n", "+PONG\r\n+OK\r\n");
        rs_reply_free(rs_command(session, "RPUSH queue x"));
        ask(waiting, "", "*2\r\n$5\r\nqueue\r\n$1\r\nx\r\n");
        int again = connect_to(server);
        ask(again, "PING\r\n", "+PONG\r\n");
        close(again);
        check_rest(strcmp(places[p], "handler") == 0 || strcmp(places[p], "release") == 0);
        ask(bystander, "SET key:1 w\r\n", "+OK\r\n");
        close(bystander);
        close(waiting);
        close(victim);
    }
    CHECK_STATUS(RS_OK, rs_server_stop(server));
}

static void driven_reactor(void)
{
    static const char *const places[] = { "call", "reactor", "dispatch", "handler", "release", "expire" };
    rs_engine *by_host = open_engine("0");
    rs_session *own;
    rs_server *server;
    CHECK_STATUS(RS_OK, rs_session_open(by_host, &own));
    CHECK_STATUS(RS_OK, rs_server_start(by_host, &server));
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        int bystander = connect_to(server), victim = connect_to(server);
        for (int i = 0; i < 20; i++)
            CHECK_STATUS(RS_OK, rs_server_poll(server, 5));
        arm(places[p]);
        if (strcmp(places[p], "expire") == 0) {
            CHECK_STATUS(RS_OK, rs_set(own, "brief", 5, "v", 1, 1));
        } else {
            say(victim, "SET key:1 w\r\n");
        }
        rs_status status;
        while ((status = rs_server_poll(server, 100)) == RS_OK)
            ;
        CHECK(status == RS_ERR_PANIC && went_off());
        say(bystander, "PING\r\n");
        for (int i = 0; i < 20; i++)
            CHECK_STATUS(RS_OK, rs_server_poll(server, 5));
        ask(bystander, "", "+PONG\r\n");
        CHECK(is_status(rs_command(own, "FLUSHALL"), "OK"));
        close(victim);
        close(bystander);
    }
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_session_close(own);
    rs_engine_close(by_host);
}

static void background_threads(void)
{
    arm("housekeeping");
    await_panic();
    check_rest(false);
    /* Expiry goes on after a panic in the middle of it: elsewhere at once, in its shard after FLUSHALL. */
    arm("expire");
    CHECK_STATUS(RS_OK, rs_set(session, "brief", 5, "v", 1, 1));
    await_panic();
    check_rest(true);
    for (int round = 0; round < 2; round++) {
        CHECK_STATUS(RS_OK, rs_set(session, round == 0 ? "brief" : "other brief", round == 0 ? 5 : 11, "v", 1, 1));
        await_info("keyspace", "expires=0");
    }
    /* What is freed in the background. */
    for (int i = 0; i < 2000; i++)
        rs_reply_free(rs_command(session, "RPUSH big %d", i));
    arm("reclaim");
    rs_reply_free(rs_command(session, "UNLINK big"));
    CHECK(is_status(rs_command(session, "FLUSHALL"), "OK"));
    await_panic();
    for (int i = 0; i < 2000; i++)
        rs_reply_free(rs_command(session, "RPUSH big %d", i));
    rs_reply_free(rs_command(session, "UNLINK big"));
    await_info("memory", "lazyfree_pending_objects:0\r");
    fill(session);
    check_rest(false);
}

/* ---- without an engine ---- */

static void count(void *arg)
{
    __atomic_fetch_add((int *)arg, 1, __ATOMIC_SEQ_CST);
}

static int64_t once(rs_loop *loop, uint64_t id, void *ud)
{
    (void)loop, (void)id;
    ++*(int *)ud;
    return -1;
}

static void parts(void)
{
    int done = 0;
    arm("call");
    CHECK(rs_config_new() == NULL && went_off());
    arm("call");
    CHECK(rs_reader_new() == NULL && went_off());
    arm("call");
    CHECK(rs_loop_new() == NULL && went_off());
    arm("call");
    CHECK(rs_pool_new(1) == NULL && went_off());
    rs_engine *opened = NULL;
    rs_session *made = NULL;
    rs_server *started = NULL;
    arm("call");
    CHECK_STATUS(RS_ERR_PANIC, rs_engine_open(NULL, &opened));
    arm("call");
    CHECK_STATUS(RS_ERR_PANIC, rs_session_open(engine, &made));
    arm("call");
    CHECK_STATUS(RS_ERR_PANIC, rs_server_start(engine, &started));
    CHECK(opened == NULL && made == NULL && started == NULL);

    rs_reader *reader = rs_reader_new();
    rs_reply *reply = NULL;
    arm("call");
    CHECK_STATUS(RS_ERR_PANIC, rs_reader_feed(reader, "+OK\r\n", 5));
    CHECK_STATUS(RS_OK, rs_reader_feed(reader, "+OK\r\n", 5));
    arm("call");
    CHECK_STATUS(RS_ERR_PANIC, rs_reader_next(reader, &reply));
    CHECK(reply == NULL);
    CHECK_STATUS(RS_OK, rs_reader_next(reader, &reply));
    rs_reply_free(reply);
    rs_reader_free(reader);

    rs_loop *loop = rs_loop_new();
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, once, &done, NULL));
    arm("loop");
    CHECK_STATUS(RS_ERR_PANIC, rs_loop_run(loop));
    CHECK(done == 0 && went_off());
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    CHECK(done == 1);
    rs_loop_free(loop);

    rs_pool *pool = rs_pool_new(2);
    arm("pool");
    for (int i = 0; i < 100; i++)
        CHECK_STATUS(RS_OK, rs_pool_queue(pool, count, &done));
    await_panic();
    for (int i = 0; i < 2; i++) {
        arm("pool");
        CHECK_STATUS(RS_OK, rs_pool_queue(pool, count, &done));
        await_panic();
    }
    rs_pool_free(pool); /* Both threads are still there: all tasks were run. */
    CHECK(done == 103);
}

int main(void)
{
    engine = open_engine("1");
    other_engine = open_engine("1");
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_session_open(other_engine, &other_session));
    fill(session);
    fill(other_session);
    typed_calls();
    commands();
    waits();
    reactors();
    driven_reactor();
    background_threads();
    parts();
    rs_session_close(session);
    rs_session_close(other_session);
    rs_engine_close(engine);
    rs_engine_close(other_engine);
    CHECK(warnings > 50);
    printf("%zu panics, %d checks\n", rs_internal_hook_panics(), checks);
    return 0;
}
