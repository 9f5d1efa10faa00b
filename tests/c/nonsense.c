/* Every function of redisrs.h with arguments that make no sense: nonsense HEADER
 *
 * NULL, misaligned, zero, negative and huge ones, one after the other, in every place that takes them. What is refused
 * leaves outputs alone, touches no memory behind a length that cannot be, and harms nothing: after each row the engine
 * answers as before. A function of HEADER that has no row here fails the test, and so does a row without a function. */
#include "check.h"
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where no object can be: as a pointer it is misaligned for everything but bytes. */
#define ODD(type) ((type *)(void *)((char *)words + 1))
#define HUGE_LEN (SIZE_MAX / 2)
/* More than proto-max-bulk-len allows; memory behind `key` ends long before. */
#define LONG_LEN ((size_t)1 << 40)

/* The call is refused as a mistake of the caller, with a text. */
#define BAD(call)                                   \
    do {                                            \
        CHECK_STATUS(RS_ERR_ARGUMENT, call);        \
        CHECK(rs_last_error()[0] != '\0');          \
    } while (0)

static uint64_t words[16];
static const char key[] = "key";
static rs_config *config;
static rs_engine *engine;
static rs_session *session;

/* For outputs that must stay as they are. */
static char marker;
#define UNTOUCHED(type) ((type *)(void *)&marker)

static void never(void)
{
    fprintf(stderr, "a function was called that must not be\n");
    exit(1);
}

static void log_nothing(int level, const char *msg, size_t len, void *ud)
{
    (void)level, (void)msg, (void)len, (void)ud;
}

static void value_never(const void *val, size_t len, void *ud)
{
    (void)val, (void)len, (void)ud;
    never();
}

static void value_at_never(size_t i, const void *val, size_t len, void *ud)
{
    (void)i, (void)val, (void)len, (void)ud;
    never();
}

static void fd_never(rs_loop *loop, int fd, int mask, void *ud)
{
    (void)loop, (void)fd, (void)mask, (void)ud;
    never();
}

static int64_t timer_once(rs_loop *loop, uint64_t id, void *ud)
{
    (void)loop, (void)id;
    ++*(int *)ud;
    return INT64_MIN;
}

static int64_t timer_never(rs_loop *loop, uint64_t id, void *ud)
{
    (void)loop, (void)id, (void)ud;
    never();
    return 0;
}

static void task_never(void *arg)
{
    (void)arg;
    never();
}

static bool eq_never(rs_hnode *node, rs_hnode *other)
{
    (void)node, (void)other;
    never();
    return false;
}

static bool node_never(rs_hnode *node, void *arg)
{
    (void)node, (void)arg;
    never();
    return false;
}

/* ---- version, status ---- */

static void t_version(void)
{
    CHECK(strcmp(rs_version(), RS_VERSION) == 0);
}

static void t_version_number(void)
{
    CHECK(rs_version_number() == RS_VERSION_NUMBER);
}

static void t_status_name(void)
{
    static const rs_status none[] = { 2, 99, -99, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK(strcmp(rs_status_name(none[i]), "unknown status") == 0);
    CHECK(strcmp(rs_status_name(RS_ERR_PANIC), "RS_ERR_PANIC") == 0);
}

static void t_last_error(void)
{
    CHECK(rs_last_error() != NULL);
}

static void t_last_status(void)
{
    BAD(rs_session_interrupt(NULL));
    CHECK(rs_last_status() == RS_ERR_ARGUMENT);
}

/* ---- configuration ---- */

static void t_config_new(void)
{
    rs_config *one = rs_config_new();
    CHECK(one != NULL);
    rs_config_free(one);
}

static void t_config_free(void)
{
    rs_config_free(NULL);
}

static void t_config_set(void)
{
    BAD(rs_config_set(NULL, "port", "1"));
    BAD(rs_config_set(ODD(rs_config), "port", "1"));
    BAD(rs_config_set(config, NULL, "1"));
    BAD(rs_config_set(config, "port", NULL));
    static const char *const bad[][2] = {
        { "", "" }, { "", "1" }, { "nosuch", "1" }, { "port", "" }, { "port", "-1" }, { "port", "65536" },
        { "port", "99999999999999999999" }, { "port", "1x" }, { "databases", "0" }, { "databases", "-1" },
        { "maxmemory", "-1" }, { "maxmemory", "1zb" }, { "io-threads", "-1" }, { "io-threads", "1000000" },
        { "proto-max-bulk-len", "0" }, { "timeout", "-1" }, { "appendonly", "perhaps" }, { "hz", "x" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_STATUS(RS_ERR_CONFIG, rs_config_set(config, bad[i][0], bad[i][1]));
        CHECK(rs_last_error()[0] != '\0');
    }
    char *huge = malloc(1 << 20);
    memset(huge, '7', (1 << 20) - 1);
    huge[(1 << 20) - 1] = '\0';
    CHECK_STATUS(RS_ERR_CONFIG, rs_config_set(config, huge, "1"));
    CHECK_STATUS(RS_ERR_CONFIG, rs_config_set(config, "port", huge));
    free(huge);
}

static void t_config_load(void)
{
    BAD(rs_config_load(NULL, "/nonexistent"));
    BAD(rs_config_load(config, NULL));
    static const char *const bad[] = { "", "/", "/nonexistent", "/proc/self/mem", "\n", "relative/../nothing" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_STATUS(RS_ERR_CONFIG, rs_config_load(config, bad[i]));
}

static void t_config_set_logger(void)
{
    BAD(rs_config_set_logger(NULL, log_nothing, NULL));
    BAD(rs_config_set_logger(ODD(rs_config), log_nothing, NULL));
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, NULL, words));
}

static void t_config_set_clock(void)
{
    BAD(rs_config_set_clock(NULL, NULL, NULL));
    BAD(rs_config_set_clock(ODD(rs_config), NULL, NULL));
    CHECK_STATUS(RS_OK, rs_config_set_clock(config, NULL, words));
}

/* ---- engine, server ---- */

static void t_engine_open(void)
{
    rs_engine *out = UNTOUCHED(rs_engine);
    BAD(rs_engine_open(NULL, NULL));
    BAD(rs_engine_open(config, NULL));
    BAD(rs_engine_open(NULL, ODD(rs_engine *)));
    BAD(rs_engine_open(ODD(const rs_config), &out));
    CHECK(out == UNTOUCHED(rs_engine));
}

static void t_engine_close(void)
{
    rs_engine_close(NULL);
}

static void t_server_run(void)
{
    BAD(rs_server_run(ODD(const rs_config)));
    rs_config *nowhere = rs_config_new();
    CHECK_STATUS(RS_OK, rs_config_set(nowhere, "port", "0"));
    CHECK_STATUS(RS_ERR_CONFIG, rs_server_run(nowhere));
    rs_config_free(nowhere);
}

static void t_server_main(void)
{
    CHECK(rs_server_main(-1, NULL) == 1);
    CHECK(rs_server_main(INT_MIN, NULL) == 1);
    CHECK(rs_server_main(2, NULL) == 1);
    CHECK(rs_server_main(2, ODD(char *)) == 1);
    CHECK(rs_server_main(INT_MAX, NULL) == 1);
}

/* A server that the host drives, on no port but a unix socket. */
static rs_server *driven(void)
{
    rs_server *server = NULL;
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    return server;
}

/* Asks for a shutdown, which ends the session that asks. */
static void shut_down(void)
{
    rs_session *brief;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &brief));
    rs_reply_free(rs_command(brief, "SHUTDOWN NOSAVE"));
    rs_session_close(brief);
}

static void t_server_start(void)
{
    rs_server *out = UNTOUCHED(rs_server);
    BAD(rs_server_start(NULL, &out));
    BAD(rs_server_start(ODD(rs_engine), &out));
    BAD(rs_server_start(engine, NULL));
    BAD(rs_server_start(engine, ODD(rs_server *)));
    rs_config *nowhere = rs_config_new();
    rs_engine *deaf;
    CHECK_STATUS(RS_OK, rs_config_set(nowhere, "port", "0"));
    CHECK_STATUS(RS_OK, rs_engine_open(nowhere, &deaf));
    CHECK_STATUS(RS_ERR_CONFIG, rs_server_start(deaf, &out));
    rs_engine_close(deaf);
    rs_config_free(nowhere);
    CHECK(out == UNTOUCHED(rs_server));
}

static void t_server_port(void)
{
    CHECK(rs_server_port(NULL) == 0 && rs_server_port(ODD(const rs_server)) == 0);
}

static void t_server_wait(void)
{
    BAD(rs_server_wait(NULL, 0));
    BAD(rs_server_wait(ODD(rs_server), INT64_MIN));
    rs_server *server = driven();
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_server_wait(server, 0));
    shut_down();
    CHECK_STATUS(RS_OK, rs_server_wait(server, INT64_MAX));
    CHECK_STATUS(RS_OK, rs_server_wait(server, INT64_MIN));
    CHECK_STATUS(RS_OK, rs_server_stop(server));
}

static void t_server_stop(void)
{
    CHECK_STATUS(RS_OK, rs_server_stop(NULL));
}

static void t_server_poll(void)
{
    BAD(rs_server_poll(NULL, 0));
    BAD(rs_server_poll(ODD(rs_server), INT64_MAX));
    rs_server *server = driven();
    CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
    shut_down();
    /* Not forever: there is something to tell. */
    CHECK_STATUS(RS_ERR_CLOSED, rs_server_poll(server, 1));
    CHECK_STATUS(RS_OK, rs_server_stop(server));
}

static void t_server_fd(void)
{
    CHECK(rs_server_fd(NULL) == -1 && rs_server_fd(ODD(const rs_server)) == -1);
}

/* ---- session ---- */

static void t_session_open(void)
{
    rs_session *out = UNTOUCHED(rs_session);
    BAD(rs_session_open(NULL, &out));
    BAD(rs_session_open(ODD(rs_engine), &out));
    BAD(rs_session_open(engine, NULL));
    BAD(rs_session_open(engine, ODD(rs_session *)));
    CHECK(out == UNTOUCHED(rs_session));
}

static void t_session_close(void)
{
    rs_session_close(NULL);
}

static void t_session_next_push(void)
{
    static const int64_t timeouts[] = { 0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX / 1000 };
    rs_reply *out = UNTOUCHED(rs_reply);
    BAD(rs_session_next_push(NULL, 0, &out));
    BAD(rs_session_next_push(ODD(rs_session), -1, &out));
    BAD(rs_session_next_push(session, 0, NULL));
    BAD(rs_session_next_push(session, -1, ODD(rs_reply *)));
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_session_next_push(session, 0, &out));
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        CHECK_STATUS(RS_OK, rs_session_interrupt(session));
        CHECK_STATUS(RS_ERR_CLOSED, rs_session_next_push(session, timeouts[i], &out));
    }
    CHECK(out == UNTOUCHED(rs_reply));
}

static void t_session_interrupt(void)
{
    BAD(rs_session_interrupt(NULL));
    BAD(rs_session_interrupt(ODD(rs_session)));
}

/* ---- commands ---- */

static void t_reply_free(void)
{
    rs_reply_free(NULL);
    rs_reply *reply = rs_command(session, "COMMAND COUNT");
    rs_reply_free(reply);
    reply = rs_command(session, "MGET a b");
    rs_reply_free(reply->element[0]); /* A part is freed with the whole. */
    rs_reply_free(reply->element[1]);
    CHECK(reply->element[0]->type == RS_REPLY_NIL);
    rs_reply_free(reply);
}

/* No reply, and a text that says why. */
#define NO_REPLY(call)                              \
    do {                                            \
        CHECK((call) == NULL);                      \
        CHECK(rs_last_error()[0] != '\0');          \
    } while (0)

static void t_command(void)
{
    NO_REPLY(rs_command(NULL, "PING"));
    NO_REPLY(rs_command(ODD(rs_session), "PING"));
    NO_REPLY(rs_command(session, NULL));
    static const char *const bad[] = { "", " ", "PING %y", "PING %n", "PING %-", "PING %99999999999999999999d",
                                       "PING %1$s", "PING %lf", "PING %*d" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        NO_REPLY(rs_command(session, bad[i], 1, 2, 3));
    NO_REPLY(rs_command(session, "ECHO %s", (const char *)NULL));
    NO_REPLY(rs_command(session, "ECHO %b", (const char *)NULL, (size_t)1));
    NO_REPLY(rs_command(session, "ECHO %b", key, HUGE_LEN));
    NO_REPLY(rs_command(session, "ECHO %b", key, SIZE_MAX));
    NO_REPLY(rs_command(session, "ECHO %b", key, LONG_LEN));
    rs_reply *reply = rs_command(session, "ECHO %b", (const char *)NULL, (size_t)0);
    CHECK(reply != NULL && reply->type == RS_REPLY_STRING && reply->len == 0);
    rs_reply_free(reply);
}

static rs_reply *through_va_list(rs_session *in, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    rs_reply *reply = rs_vcommand(in, format, list);
    va_end(list);
    return reply;
}

static void t_vcommand(void)
{
    NO_REPLY(through_va_list(NULL, "PING"));
    NO_REPLY(through_va_list(ODD(rs_session), "PING"));
    NO_REPLY(through_va_list(session, NULL));
    NO_REPLY(through_va_list(session, "ECHO %b", key, LONG_LEN));
}

static void t_command_argv(void)
{
    const char *argv[] = { "GET", key };
    static const int counts[] = { 0, -1, INT_MIN };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        NO_REPLY(rs_command_argv(session, counts[i], argv, NULL));
    NO_REPLY(rs_command_argv(NULL, 2, argv, NULL));
    NO_REPLY(rs_command_argv(ODD(rs_session), 2, argv, NULL));
    NO_REPLY(rs_command_argv(session, 2, NULL, NULL));
    NO_REPLY(rs_command_argv(session, INT_MAX, NULL, NULL));
    NO_REPLY(rs_command_argv(session, 2, ODD(const char *), NULL));
    NO_REPLY(rs_command_argv(session, 2, argv, ODD(const size_t)));
    static const size_t lengths[] = { LONG_LEN, HUGE_LEN, SIZE_MAX, (size_t)1 << 63, SIZE_MAX - 1 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t last[] = { 3, lengths[i] }, first[] = { lengths[i], 3 };
        NO_REPLY(rs_command_argv(session, 2, argv, last));
        NO_REPLY(rs_command_argv(session, 2, argv, first));
    }
    const char *with_null[] = { "GET", NULL };
    size_t one[] = { 3, 1 }, nothing[] = { 3, 0 }, no_name[] = { 0, 0 };
    NO_REPLY(rs_command_argv(session, 2, with_null, NULL));
    NO_REPLY(rs_command_argv(session, 2, with_null, one));
    rs_reply *reply = rs_command_argv(session, 2, with_null, nothing);
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);
    reply = rs_command_argv(session, 2, with_null, no_name);
    CHECK(reply != NULL && reply->type == RS_REPLY_ERROR);
    rs_reply_free(reply);
}

static void t_command_batch(void)
{
    const char *get[] = { "GET", key }, *with_null[] = { "GET", NULL };
    const char **argv[] = { get, get }, **no_argv[] = { get, NULL }, **null_inside[] = { get, with_null };
    int argc[] = { 2, 2 }, zero[] = { 2, 0 }, negative[] = { 2, INT_MIN };
    size_t fine[] = { 3, 3 }, huge[] = { 3, HUGE_LEN }, longer[] = { 3, LONG_LEN };
    const size_t *argvlen[] = { fine, huge }, *argvlen2[] = { longer, fine };
    rs_reply *out[] = { UNTOUCHED(rs_reply), UNTOUCHED(rs_reply) };
    CHECK_STATUS(RS_OK, rs_command_batch(session, 0, NULL, NULL, NULL, NULL));
    BAD(rs_command_batch(NULL, 2, argc, argv, NULL, out));
    BAD(rs_command_batch(NULL, 0, NULL, NULL, NULL, NULL));
    BAD(rs_command_batch(ODD(rs_session), 2, argc, argv, NULL, out));
    BAD(rs_command_batch(session, 2, NULL, argv, NULL, out));
    BAD(rs_command_batch(session, 2, argc, NULL, NULL, out));
    BAD(rs_command_batch(session, 2, argc, argv, NULL, NULL));
    BAD(rs_command_batch(session, 2, argc, argv, NULL, ODD(rs_reply *)));
    BAD(rs_command_batch(session, 2, argc, argv, ODD(const size_t *), out));
    BAD(rs_command_batch(session, 2, argc, no_argv, NULL, out));
    BAD(rs_command_batch(session, 2, argc, null_inside, NULL, out));
    BAD(rs_command_batch(session, 2, zero, argv, NULL, out));
    BAD(rs_command_batch(session, 2, negative, argv, NULL, out));
    BAD(rs_command_batch(session, 2, argc, argv, argvlen, out));
    BAD(rs_command_batch(session, 2, argc, argv, argvlen2, out));
    BAD(rs_command_batch(session, HUGE_LEN, argc, argv, NULL, out));
    BAD(rs_command_batch(session, SIZE_MAX, argc, argv, NULL, out));
    CHECK(out[0] == UNTOUCHED(rs_reply) && out[1] == UNTOUCHED(rs_reply));
}

/* ---- typed calls ---- */

/* A call with a session and a key: CALL is it with `s`, `k`, `n` for them. */
#define BAD_SUBJECT(call)                                                                         \
    do {                                                                                          \
        static const size_t lengths_[] = { LONG_LEN, HUGE_LEN, SIZE_MAX, SIZE_MAX - 7 };          \
        rs_session *s = NULL;                                                                     \
        const void *k = key;                                                                      \
        size_t n = 3;                                                                             \
        BAD(call);                                                                                \
        s = ODD(rs_session);                                                                      \
        BAD(call);                                                                                \
        s = session, k = NULL;                                                                    \
        BAD(call);                                                                                \
        k = key;                                                                                  \
        for (size_t i_ = 0; i_ < sizeof lengths_ / sizeof *lengths_; i_++) {                      \
            n = lengths_[i_];                                                                     \
            BAD(call);                                                                            \
        }                                                                                         \
    } while (0)

static void t_get(void)
{
    char buf[8] = "before";
    size_t len = 77;
    BAD_SUBJECT(rs_get(s, k, n, buf, sizeof buf, &len));
    BAD(rs_get(session, key, 3, NULL, 8, &len));
    BAD(rs_get(session, key, 3, buf, sizeof buf, NULL));
    BAD(rs_get(session, key, 3, buf, sizeof buf, ODD(size_t)));
    CHECK(len == 77 && strcmp(buf, "before") == 0);
    CHECK_STATUS(RS_OK, rs_set(session, key, 3, "value", 5, 0));
    CHECK_STATUS(RS_ERR_BUFFER_TOO_SMALL, rs_get(session, key, 3, NULL, 0, &len));
    CHECK(len == 5);
    CHECK_STATUS(RS_ERR_BUFFER_TOO_SMALL, rs_get(session, key, 3, buf, 4, &len));
    CHECK(strcmp(buf, "before") == 0);
    /* A capacity is a promise, not a request: nothing that long is touched. */
    CHECK_STATUS(RS_OK, rs_get(session, key, 3, buf, SIZE_MAX, &len));
    CHECK_STATUS(RS_NIL, rs_get(session, NULL, 0, buf, sizeof buf, &len));
    CHECK_STATUS(RS_OK, rs_del(session, key, 3));
}

static void t_get_with(void)
{
    BAD_SUBJECT(rs_get_with(s, k, n, value_never, NULL));
    BAD(rs_get_with(session, key, 3, NULL, NULL));
    CHECK_STATUS(RS_NIL, rs_get_with(session, key, 3, value_never, NULL));
}

static void t_set(void)
{
    static const int64_t ttls[] = { -1, INT64_MIN, INT64_MAX, INT64_MAX - 1 };
    BAD_SUBJECT(rs_set(s, k, n, "v", 1, 0));
    BAD(rs_set(session, key, 3, NULL, 1, 0));
    BAD(rs_set(session, key, 3, "v", LONG_LEN, 0));
    BAD(rs_set(session, key, 3, "v", HUGE_LEN, 0));
    BAD(rs_set(session, key, 3, "v", SIZE_MAX, 0));
    for (size_t i = 0; i < sizeof ttls / sizeof *ttls; i++)
        CHECK_STATUS(RS_ERR_COMMAND, rs_set(session, key, 3, "v", 1, ttls[i]));
    CHECK_STATUS(RS_NIL, rs_exists(session, key, 3));
    CHECK_STATUS(RS_OK, rs_set(session, NULL, 0, NULL, 0, 0));
    CHECK_STATUS(RS_OK, rs_del(session, NULL, 0));
}

static void t_del(void)
{
    BAD_SUBJECT(rs_del(s, k, n));
}

static void t_exists(void)
{
    BAD_SUBJECT(rs_exists(s, k, n));
}

static void t_incr_by(void)
{
    int64_t out = 77;
    BAD_SUBJECT(rs_incr_by(s, k, n, 1, &out));
    BAD(rs_incr_by(session, key, 3, 1, ODD(int64_t)));
    CHECK_STATUS(RS_OK, rs_set(session, key, 3, "-9223372036854775808", 20, 0));
    CHECK_STATUS(RS_ERR_COMMAND, rs_incr_by(session, key, 3, -1, &out));
    CHECK_STATUS(RS_ERR_COMMAND, rs_incr_by(session, key, 3, INT64_MIN, &out));
    CHECK(out == 77);
    CHECK_STATUS(RS_OK, rs_incr_by(session, key, 3, INT64_MAX, NULL));
    CHECK_STATUS(RS_OK, rs_incr_by(session, key, 3, 1, &out));
    CHECK(out == 0);
    CHECK_STATUS(RS_OK, rs_del(session, key, 3));
}

static void t_expire(void)
{
    BAD_SUBJECT(rs_expire(s, k, n, 1));
    CHECK_STATUS(RS_OK, rs_set(session, key, 3, "v", 1, 0));
    CHECK_STATUS(RS_ERR_COMMAND, rs_expire(session, key, 3, INT64_MAX));
    CHECK_STATUS(RS_OK, rs_expire(session, key, 3, INT64_MIN));
    CHECK_STATUS(RS_NIL, rs_exists(session, key, 3));
}

static void t_ttl(void)
{
    int64_t ms = 77;
    BAD_SUBJECT(rs_ttl(s, k, n, &ms));
    BAD(rs_ttl(session, key, 3, NULL));
    BAD(rs_ttl(session, key, 3, ODD(int64_t)));
    CHECK(ms == 77);
}

static void t_get_many(void)
{
    rs_slice null = { NULL, 1 }, huge = { key, HUGE_LEN }, longer = { key, LONG_LEN };
    rs_slice bad[3][2] = { { { key, 3 }, null }, { { key, 3 }, huge }, { { key, 3 }, longer } };
    BAD(rs_get_many(NULL, 1, bad[0], value_at_never, NULL));
    BAD(rs_get_many(ODD(rs_session), 1, bad[0], value_at_never, NULL));
    BAD(rs_get_many(session, 1, NULL, value_at_never, NULL));
    BAD(rs_get_many(session, 1, ODD(const rs_slice), value_at_never, NULL));
    BAD(rs_get_many(session, 1, bad[0], NULL, NULL));
    BAD(rs_get_many(session, HUGE_LEN, bad[0], value_at_never, NULL));
    BAD(rs_get_many(session, SIZE_MAX, bad[0], value_at_never, NULL));
    for (int i = 0; i < 3; i++)
        BAD(rs_get_many(session, 2, bad[i], value_at_never, NULL));
    CHECK_STATUS(RS_OK, rs_get_many(session, 0, NULL, value_at_never, NULL));
}

static void t_set_many(void)
{
    rs_slice good[2] = { { key, 3 }, { key, 2 } };
    rs_slice bad[3][2] = { { { key, 3 }, { NULL, 1 } }, { { key, 3 }, { key, SIZE_MAX } }, { { key, 3 }, { key, LONG_LEN } } };
    BAD(rs_set_many(NULL, 2, good, good));
    BAD(rs_set_many(ODD(rs_session), 2, good, good));
    BAD(rs_set_many(session, 2, NULL, good));
    BAD(rs_set_many(session, 2, good, NULL));
    BAD(rs_set_many(session, 2, ODD(const rs_slice), good));
    BAD(rs_set_many(session, 2, good, ODD(const rs_slice)));
    BAD(rs_set_many(session, SIZE_MAX, good, good));
    for (int i = 0; i < 3; i++) {
        BAD(rs_set_many(session, 2, bad[i], good));
        BAD(rs_set_many(session, 2, good, bad[i]));
    }
    CHECK_STATUS(RS_OK, rs_set_many(session, 0, NULL, NULL));
    CHECK_STATUS(RS_NIL, rs_exists(session, key, 3)); /* Nothing was stored before the bad one. */
}

/* BAD_SUBJECT, and the same for a second name: CALL is it with `f`, `m` for that. */
#define BAD_NAMES(call)                                                     \
    do {                                                                    \
        const void *f = "f";                                                \
        size_t m = 1;                                                       \
        BAD_SUBJECT(call);                                                  \
        rs_session *s = session;                                            \
        const void *k = key;                                                \
        size_t n = 3;                                                       \
        f = NULL;                                                           \
        BAD(call);                                                          \
        f = key, m = LONG_LEN;                                              \
        BAD(call);                                                          \
        m = HUGE_LEN;                                                       \
        BAD(call);                                                          \
        m = SIZE_MAX;                                                       \
        BAD(call);                                                          \
    } while (0)

static void t_hget(void)
{
    char buf[8] = "before";
    size_t len = 77;
    BAD_NAMES(rs_hget(s, k, n, f, m, buf, sizeof buf, &len));
    BAD(rs_hget(session, key, 3, "f", 1, NULL, 8, &len));
    BAD(rs_hget(session, key, 3, "f", 1, buf, sizeof buf, NULL));
    BAD(rs_hget(session, key, 3, "f", 1, buf, sizeof buf, ODD(size_t)));
    CHECK(len == 77 && strcmp(buf, "before") == 0);
}

static void t_hset(void)
{
    BAD_NAMES(rs_hset(s, k, n, f, m, "v", 1));
    BAD_NAMES(rs_hset(s, k, n, "f", 1, f, m));
    CHECK_STATUS(RS_NIL, rs_exists(session, key, 3));
}

static void t_zadd(void)
{
    BAD_NAMES(rs_zadd(s, k, n, 1, f, m));
    BAD(rs_zadd(session, key, 3, NAN, "m", 1));
    CHECK_STATUS(RS_NIL, rs_exists(session, key, 3));
}

static void t_zscore(void)
{
    double score = 77;
    BAD_NAMES(rs_zscore(s, k, n, f, m, &score));
    BAD(rs_zscore(session, key, 3, "m", 1, NULL));
    BAD(rs_zscore(session, key, 3, "m", 1, ODD(double)));
    CHECK(score == 77);
}

/* ---- readers ---- */

static void t_reader_new(void)
{
    rs_reader *reader = rs_reader_new();
    CHECK(reader != NULL);
    rs_reader_free(reader);
}

static void t_reader_free(void)
{
    rs_reader_free(NULL);
}

static void t_reader_feed(void)
{
    rs_reader *reader = rs_reader_new();
    BAD(rs_reader_feed(NULL, "+", 1));
    BAD(rs_reader_feed(ODD(rs_reader), "+", 1));
    BAD(rs_reader_feed(reader, NULL, 1));
    BAD(rs_reader_feed(reader, "+", HUGE_LEN));
    BAD(rs_reader_feed(reader, "+", SIZE_MAX));
    CHECK_STATUS(RS_OK, rs_reader_feed(reader, NULL, 0));
    rs_reader_free(reader);
}

static void t_reader_next(void)
{
    rs_reader *reader = rs_reader_new();
    rs_reply *out = UNTOUCHED(rs_reply);
    BAD(rs_reader_next(NULL, &out));
    BAD(rs_reader_next(ODD(rs_reader), &out));
    BAD(rs_reader_next(reader, NULL));
    BAD(rs_reader_next(reader, ODD(rs_reply *)));
    CHECK_STATUS(RS_NIL, rs_reader_next(reader, &out));
    /* A reply that promises more than there can be asks for more bytes, not for memory. */
    CHECK_STATUS(RS_OK, rs_reader_feed(reader, "*2147483647\r\n", 13));
    CHECK_STATUS(RS_NIL, rs_reader_next(reader, &out));
    rs_reader_free(reader);
    static const char *const bad[] = { "$99999999999999999999\r\n", "$-2\r\n", "*-2\r\n", ":x\r\n", "\r\n", "?1\r\n" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        reader = rs_reader_new();
        CHECK_STATUS(RS_OK, rs_reader_feed(reader, bad[i], strlen(bad[i])));
        CHECK_STATUS(RS_ERR_PROTOCOL, rs_reader_next(reader, &out));
        CHECK_STATUS(RS_ERR_PROTOCOL, rs_reader_next(reader, &out));
        rs_reader_free(reader);
    }
    CHECK(out == UNTOUCHED(rs_reply));
}

static void t_request_reader_new(void)
{
    rs_request_reader *reader = rs_request_reader_new();
    CHECK(reader != NULL);
    rs_request_reader_free(reader);
}

static void t_request_reader_free(void)
{
    rs_request_reader_free(NULL);
}

static void t_request_reader_feed(void)
{
    rs_request_reader *reader = rs_request_reader_new();
    BAD(rs_request_reader_feed(NULL, "+", 1));
    BAD(rs_request_reader_feed(ODD(rs_request_reader), "+", 1));
    BAD(rs_request_reader_feed(reader, NULL, 1));
    BAD(rs_request_reader_feed(reader, "+", HUGE_LEN));
    BAD(rs_request_reader_feed(reader, "+", SIZE_MAX));
    rs_request_reader_free(reader);
}

static void t_request_reader_next(void)
{
    rs_request_reader *reader = rs_request_reader_new();
    rs_reply *out = UNTOUCHED(rs_reply);
    BAD(rs_request_reader_next(NULL, &out));
    BAD(rs_request_reader_next(ODD(rs_request_reader), &out));
    BAD(rs_request_reader_next(reader, NULL));
    BAD(rs_request_reader_next(reader, ODD(rs_reply *)));
    CHECK_STATUS(RS_NIL, rs_request_reader_next(reader, &out));
    CHECK_STATUS(RS_OK, rs_request_reader_feed(reader, "*1\r\n$99999999999\r\n", 18));
    CHECK_STATUS(RS_ERR_PROTOCOL, rs_request_reader_next(reader, &out));
    CHECK_STATUS(RS_ERR_PROTOCOL, rs_request_reader_next(reader, &out));
    CHECK(out == UNTOUCHED(rs_reply));
    rs_request_reader_free(reader);
}

static void t_format_argv(void)
{
    const char *argv[] = { "GET", key }, *with_null[] = { "GET", NULL };
    size_t huge[] = { 3, HUGE_LEN }, larger[] = { 3, SIZE_MAX }, len = 77;
    char buf[64] = "before";
    BAD(rs_format_argv(0, argv, NULL, buf, sizeof buf, &len));
    BAD(rs_format_argv(-1, argv, NULL, buf, sizeof buf, &len));
    BAD(rs_format_argv(INT_MIN, argv, NULL, buf, sizeof buf, &len));
    BAD(rs_format_argv(2, NULL, NULL, buf, sizeof buf, &len));
    BAD(rs_format_argv(2, ODD(const char *), NULL, buf, sizeof buf, &len));
    BAD(rs_format_argv(2, with_null, NULL, buf, sizeof buf, &len));
    BAD(rs_format_argv(2, argv, huge, buf, sizeof buf, &len));
    BAD(rs_format_argv(2, argv, larger, buf, sizeof buf, &len));
    BAD(rs_format_argv(2, argv, ODD(const size_t), buf, sizeof buf, &len));
    BAD(rs_format_argv(2, argv, NULL, NULL, sizeof buf, &len));
    BAD(rs_format_argv(2, argv, NULL, buf, sizeof buf, NULL));
    BAD(rs_format_argv(2, argv, NULL, buf, sizeof buf, ODD(size_t)));
    CHECK(len == 77);
    CHECK_STATUS(RS_ERR_BUFFER_TOO_SMALL, rs_format_argv(2, argv, NULL, NULL, 0, &len));
    CHECK(len == 22 && strcmp(buf, "before") == 0);
}

/* ---- loop, pool ---- */

static void t_loop_new(void)
{
    rs_loop *loop = rs_loop_new();
    CHECK(loop != NULL);
    rs_loop_free(loop);
}

static void t_loop_free(void)
{
    rs_loop_free(NULL);
}

static void t_loop_add_fd(void)
{
    rs_loop *loop = rs_loop_new();
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    BAD(rs_loop_add_fd(NULL, pair[0], RS_LOOP_READ, fd_never, NULL));
    BAD(rs_loop_add_fd(ODD(rs_loop), pair[0], RS_LOOP_READ, fd_never, NULL));
    BAD(rs_loop_add_fd(loop, pair[0], RS_LOOP_READ, NULL, NULL));
    BAD(rs_loop_add_fd(loop, -1, RS_LOOP_READ, fd_never, NULL));
    BAD(rs_loop_add_fd(loop, INT_MIN, RS_LOOP_READ, fd_never, NULL));
    static const int masks[] = { 0, 4, -1, INT_MIN, INT_MAX, RS_LOOP_READ | 8 };
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        BAD(rs_loop_add_fd(loop, pair[0], masks[i], fd_never, NULL));
    CHECK_STATUS(RS_ERR_IO, rs_loop_add_fd(loop, INT_MAX, RS_LOOP_READ, fd_never, NULL));
    close(pair[1]);
    CHECK_STATUS(RS_ERR_IO, rs_loop_add_fd(loop, pair[1], RS_LOOP_READ, fd_never, NULL));
    close(pair[0]);
    rs_loop_free(loop);
}

static void t_loop_del_fd(void)
{
    static const int fds[] = { -1, 0, 1000000, INT_MIN, INT_MAX };
    rs_loop *loop = rs_loop_new();
    BAD(rs_loop_del_fd(NULL, 0));
    BAD(rs_loop_del_fd(ODD(rs_loop), 0));
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_fd(loop, fds[i]));
    rs_loop_free(loop);
}

static void t_loop_add_timer(void)
{
    rs_loop *loop = rs_loop_new();
    uint64_t id = 77;
    int calls = 0;
    BAD(rs_loop_add_timer(NULL, 0, timer_never, NULL, &id));
    BAD(rs_loop_add_timer(ODD(rs_loop), 0, timer_never, NULL, &id));
    BAD(rs_loop_add_timer(loop, 0, NULL, NULL, &id));
    BAD(rs_loop_add_timer(loop, -1, timer_never, NULL, &id));
    BAD(rs_loop_add_timer(loop, INT64_MIN, timer_never, NULL, &id));
    BAD(rs_loop_add_timer(loop, 0, timer_never, NULL, ODD(uint64_t)));
    CHECK(id == 77);
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, INT64_MAX, timer_never, NULL, NULL));
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, timer_once, &calls, &id));
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, INT64_MAX));
    CHECK(calls == 1);
    rs_loop_free(loop);
}

static void t_loop_del_timer(void)
{
    rs_loop *loop = rs_loop_new();
    BAD(rs_loop_del_timer(NULL, 0));
    BAD(rs_loop_del_timer(ODD(rs_loop), 0));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_timer(loop, 0));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_timer(loop, UINT64_MAX));
    rs_loop_free(loop);
}

static void t_loop_run(void)
{
    rs_loop *loop = rs_loop_new();
    BAD(rs_loop_run(NULL));
    BAD(rs_loop_run(ODD(rs_loop)));
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    rs_loop_free(loop);
}

static void t_loop_run_once(void)
{
    rs_loop *loop = rs_loop_new();
    BAD(rs_loop_run_once(NULL, 0));
    BAD(rs_loop_run_once(ODD(rs_loop), -1));
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, INT64_MIN));
    CHECK_STATUS(RS_OK, rs_loop_stop(loop));
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, INT64_MAX));
    rs_loop_free(loop);
}

static void t_loop_stop(void)
{
    BAD(rs_loop_stop(NULL));
    BAD(rs_loop_stop(ODD(rs_loop)));
}

static void t_pool_new(void)
{
    static const size_t counts[] = { 0, 1025, SIZE_MAX, SIZE_MAX / 2, (size_t)1 << 32 };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        NO_REPLY(rs_pool_new(counts[i]));
}

static void t_pool_queue(void)
{
    rs_pool *pool = rs_pool_new(1);
    BAD(rs_pool_queue(NULL, task_never, NULL));
    BAD(rs_pool_queue(ODD(rs_pool), task_never, NULL));
    BAD(rs_pool_queue(pool, NULL, NULL));
    rs_pool_free(pool);
}

static void t_pool_free(void)
{
    rs_pool_free(NULL);
}

/* ---- structures ---- */

static rs_hmap map;
static rs_hnode node;

static void t_hm_lookup(void)
{
    CHECK(rs_hm_lookup(NULL, &node, eq_never) == NULL && rs_hm_lookup(&map, NULL, eq_never) == NULL);
    CHECK(rs_hm_lookup(&map, &node, NULL) == NULL && rs_hm_lookup(ODD(rs_hmap), &node, eq_never) == NULL);
    CHECK(rs_hm_lookup(&map, ODD(rs_hnode), eq_never) == NULL && rs_hm_lookup(&map, &node, eq_never) == NULL);
}

static void t_hm_insert(void)
{
    BAD(rs_hm_insert(NULL, &node));
    BAD(rs_hm_insert(&map, NULL));
    BAD(rs_hm_insert(ODD(rs_hmap), &node));
    BAD(rs_hm_insert(&map, ODD(rs_hnode)));
    CHECK(map.newer.tab == NULL);
}

static void t_hm_delete(void)
{
    CHECK(rs_hm_delete(NULL, &node, eq_never) == NULL && rs_hm_delete(&map, NULL, eq_never) == NULL);
    CHECK(rs_hm_delete(&map, &node, NULL) == NULL && rs_hm_delete(&map, &node, eq_never) == NULL);
}

static void t_hm_clear(void)
{
    rs_hm_clear(NULL);
    rs_hm_clear(ODD(rs_hmap));
    rs_hm_clear(&map);
    rs_hm_clear(&map);
}

static void t_hm_size(void)
{
    CHECK(rs_hm_size(NULL) == 0 && rs_hm_size(&map) == 0 && rs_hm_size(ODD(const rs_hmap)) == 0);
}

static void t_hm_foreach(void)
{
    rs_hm_foreach(NULL, node_never, NULL);
    rs_hm_foreach(&map, NULL, NULL);
    rs_hm_foreach(&map, node_never, NULL);
}

static void t_avl_init(void)
{
    rs_avl_init(NULL);
}

static void t_avl_height(void)
{
    CHECK(rs_avl_height(NULL) == 0);
}

static void t_avl_cnt(void)
{
    CHECK(rs_avl_cnt(NULL) == 0);
}

static void t_avl_fix(void)
{
    CHECK(rs_avl_fix(NULL) == NULL);
}

static void t_avl_del(void)
{
    CHECK(rs_avl_del(NULL) == NULL);
}

static void t_avl_offset(void)
{
    static const int64_t offsets[] = { 1, -1, 2, INT64_MAX, INT64_MIN, INT64_MIN + 1 };
    rs_avl_node leaf;
    rs_avl_init(&leaf);
    CHECK(rs_avl_offset(NULL, 0) == NULL && rs_avl_offset(NULL, INT64_MIN) == NULL);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        CHECK(rs_avl_offset(&leaf, offsets[i]) == NULL);
    CHECK(rs_avl_offset(&leaf, 0) == &leaf);
}

static void t_avl_rank(void)
{
    CHECK(rs_avl_rank(NULL) == -1);
}

static rs_zset zset;

static void t_zset_insert(void)
{
    CHECK(rs_zset_insert(NULL, "a", 1, 1) == RS_ERR_ARGUMENT);
    CHECK(rs_zset_insert(ODD(rs_zset), "a", 1, 1) == RS_ERR_ARGUMENT);
    CHECK(rs_zset_insert(&zset, NULL, 1, 1) == RS_ERR_ARGUMENT);
    CHECK(rs_zset_insert(&zset, "a", 1, NAN) == RS_ERR_ARGUMENT);
    CHECK(rs_zset_insert(&zset, "a", HUGE_LEN, 1) == RS_ERR_ARGUMENT);
    CHECK(rs_zset_insert(&zset, "a", SIZE_MAX, 1) == RS_ERR_ARGUMENT);
    CHECK(zset.root == NULL);
    CHECK(rs_zset_insert(&zset, NULL, 0, INFINITY) == 1);
    rs_zset_clear(&zset);
}

static void t_zset_lookup(void)
{
    CHECK(rs_zset_lookup(NULL, "a", 1) == NULL && rs_zset_lookup(&zset, NULL, 1) == NULL);
    CHECK(rs_zset_lookup(&zset, "a", SIZE_MAX) == NULL && rs_zset_lookup(&zset, "a", HUGE_LEN) == NULL);
}

static void t_zset_delete(void)
{
    rs_zset_delete(NULL, NULL);
    rs_zset_delete(&zset, NULL);
    CHECK(rs_zset_insert(&zset, "a", 1, 1) == 1);
    rs_zset other;
    memset(&other, 0, sizeof other);
    rs_znode *member = rs_zset_lookup(&zset, "a", 1);
    rs_zset_delete(NULL, member);
    rs_zset_delete(&other, member);
    CHECK(rs_zset_lookup(&zset, "a", 1) == member);
    rs_zset_clear(&zset);
}

static void t_zset_seekge(void)
{
    CHECK(rs_zset_seekge(NULL, 0, "", 0) == NULL && rs_zset_seekge(&zset, NAN, "", 0) == NULL);
    CHECK(rs_zset_seekge(&zset, 0, NULL, 1) == NULL && rs_zset_seekge(&zset, 0, "a", SIZE_MAX) == NULL);
}

static void t_zset_seekle(void)
{
    CHECK(rs_zset_seekle(NULL, 0, "", 0) == NULL && rs_zset_seekle(&zset, NAN, "", 0) == NULL);
    CHECK(rs_zset_seekle(&zset, 0, NULL, 1) == NULL && rs_zset_seekle(&zset, 0, "a", SIZE_MAX) == NULL);
}

static void t_zset_count(void)
{
    CHECK(rs_zset_count(NULL, 0, "", 0, 1, "", 0) == 0 && rs_zset_count(&zset, NAN, "", 0, 1, "", 0) == 0);
    CHECK(rs_zset_count(&zset, 0, NULL, 1, 1, "", 0) == 0 && rs_zset_count(&zset, 0, "", 0, 1, NULL, 1) == 0);
    CHECK(rs_zset_count(&zset, 0, "a", SIZE_MAX, 1, "", 0) == 0 && rs_zset_count(&zset, 1, "", 0, 0, "", 0) == 0);
}

static void t_zset_clear(void)
{
    rs_zset_clear(NULL);
    rs_zset_clear(&zset);
    rs_zset_clear(&zset);
}

static void t_znode_offset(void)
{
    CHECK(rs_znode_offset(NULL, 0) == NULL && rs_znode_offset(NULL, INT64_MIN) == NULL);
    CHECK(rs_zset_insert(&zset, "a", 1, 1) == 1);
    rs_znode *member = rs_zset_lookup(&zset, "a", 1);
    CHECK(rs_znode_offset(member, INT64_MAX) == NULL && rs_znode_offset(member, INT64_MIN) == NULL);
    rs_zset_clear(&zset);
}

static void t_znode_name(void)
{
    CHECK(rs_znode_name(NULL) == NULL);
}

static void t_heap_left(void)
{
    CHECK(rs_heap_left(0) == 1);
    (void)rs_heap_left(SIZE_MAX);
}

static void t_heap_right(void)
{
    CHECK(rs_heap_right(0) == 2);
    (void)rs_heap_right(SIZE_MAX);
}

static void t_heap_parent(void)
{
    CHECK(rs_heap_parent(1) == 0);
    (void)rs_heap_parent(0);
    (void)rs_heap_parent(SIZE_MAX);
}

static void t_heap_update(void)
{
    rs_heap_item items[2] = { { 2, NULL }, { 1, NULL } };
    BAD(rs_heap_update(NULL, 0, 1));
    BAD(rs_heap_update(ODD(rs_heap_item), 0, 1));
    BAD(rs_heap_update(items, 0, 0));
    BAD(rs_heap_update(items, 2, 2));
    BAD(rs_heap_update(items, SIZE_MAX, 2));
    BAD(rs_heap_update(items, 0, SIZE_MAX));
    BAD(rs_heap_update(items, 0, HUGE_LEN));
    CHECK(items[0].val == 2);
}

/* ---- commands of the host, events ---- */

/* Nonsense from inside a handler, where the call is good. */
static void handler(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    const char *get[] = { "GET", key }, *with_null[] = { "GET", NULL };
    size_t lengths[] = { 3, LONG_LEN }, huge[] = { 3, HUGE_LEN };
    CHECK(argc == 2 && argv[1].len == 3 && ud == words);
    BAD(rs_call_reply_bulk(call, NULL, 1));
    BAD(rs_call_reply_bulk(call, key, LONG_LEN));
    BAD(rs_call_reply_bulk(call, key, HUGE_LEN));
    BAD(rs_call_reply_bulk(call, key, SIZE_MAX));
    BAD(rs_call_reply_status(call, NULL));
    BAD(rs_call_reply_error(call, NULL));
    BAD(rs_call_reply_array(call, SIZE_MAX));
    BAD(rs_call_reply_array(call, HUGE_LEN));
    BAD(rs_call_reply_map(call, SIZE_MAX));
    BAD(rs_call_reply_map(call, SIZE_MAX / 2 + 1));
    NO_REPLY(rs_call_command_argv(call, 0, get, NULL));
    NO_REPLY(rs_call_command_argv(call, INT_MIN, get, NULL));
    NO_REPLY(rs_call_command_argv(call, 2, NULL, NULL));
    NO_REPLY(rs_call_command_argv(call, 2, ODD(const char *), NULL));
    NO_REPLY(rs_call_command_argv(call, 2, with_null, NULL));
    NO_REPLY(rs_call_command_argv(call, 2, get, lengths));
    NO_REPLY(rs_call_command_argv(call, 2, get, huge));
    NO_REPLY(rs_call_command_argv(call, 2, get, ODD(const size_t)));
    CHECK_STATUS(RS_OK, rs_call_reply_integer(call, 7));
    BAD(rs_call_reply_integer(call, 8)); /* One reply only. */
}

static void t_engine_register_command(void)
{
    static const rs_command_spec good = { "nonsense", 2, "write", 1, 1, 1, handler, words, NULL };
    rs_command_spec spec = good;
    BAD(rs_engine_register_command(NULL, &good));
    BAD(rs_engine_register_command(ODD(rs_engine), &good));
    BAD(rs_engine_register_command(engine, NULL));
    BAD(rs_engine_register_command(engine, ODD(const rs_command_spec)));
    static const char *const names[] = { NULL, "", "a b", "a\n", "\xff",
                                         "0123456789012345678901234567890123456789012345678901234567890123456789" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        spec.name = names[i];
        BAD(rs_engine_register_command(engine, &spec));
    }
    spec = good, spec.handler = NULL;
    BAD(rs_engine_register_command(engine, &spec));
    static const int arities[] = { 0, INT_MIN, 1 };
    for (size_t i = 0; i < sizeof arities / sizeof *arities; i++) {
        spec = good, spec.arity = arities[i];
        BAD(rs_engine_register_command(engine, &spec)); /* With an arity of 1 there is no argument that could be a key. */
    }
    static const int keys[][3] = { { -1, 1, 1 }, { INT_MIN, 1, 1 }, { 1, 1, 0 }, { 1, 1, -1 }, { 2, 1, 1 },
                                   { INT_MAX, INT_MAX, 1 }, { 1, INT_MAX, INT_MAX } };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        spec = good, spec.first_key = keys[i][0], spec.last_key = keys[i][1], spec.key_step = keys[i][2];
        BAD(rs_engine_register_command(engine, &spec));
    }
    static const char *const flags[] = { "nosuch", "write readonly" };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        spec = good, spec.flags = flags[i];
        CHECK_STATUS(RS_ERR_CONFIG, rs_engine_register_command(engine, &spec));
    }
    spec = good, spec.name = "get";
    CHECK_STATUS(RS_ERR_EXISTS, rs_engine_register_command(engine, &spec));
    CHECK_STATUS(RS_OK, rs_engine_register_command(engine, &good));
    CHECK_STATUS(RS_ERR_EXISTS, rs_engine_register_command(engine, &good));
    rs_reply *reply = rs_command(session, "NONSENSE key");
    CHECK(reply != NULL && reply->type == RS_REPLY_ERROR); /* It has replied twice. */
    rs_reply_free(reply);
}

/* Outside of a handler no call is good. */
#define NO_CALL(name, call)                                             \
    static void t_call_##name(void)                                     \
    {                                                                   \
        rs_call *c = NULL;                                              \
        BAD(call);                                                      \
        c = ODD(rs_call);                                               \
        BAD(call);                                                      \
        c = UNTOUCHED(rs_call);                                         \
        BAD(call);                                                      \
    }
NO_CALL(reply_integer, rs_call_reply_integer(c, 1))
NO_CALL(reply_bulk, rs_call_reply_bulk(c, "a", 1))
NO_CALL(reply_status, rs_call_reply_status(c, "a"))
NO_CALL(reply_error, rs_call_reply_error(c, "a"))
NO_CALL(reply_nil, rs_call_reply_nil(c))
NO_CALL(reply_double, rs_call_reply_double(c, NAN))
NO_CALL(reply_array, rs_call_reply_array(c, 1))
NO_CALL(reply_map, rs_call_reply_map(c, 1))

static void t_call_command_argv(void)
{
    const char *argv[] = { "PING" };
    NO_REPLY(rs_call_command_argv(NULL, 1, argv, NULL));
    NO_REPLY(rs_call_command_argv(ODD(rs_call), 1, argv, NULL));
    NO_REPLY(rs_call_command_argv(UNTOUCHED(rs_call), 1, argv, NULL));
}

static void event_never(const char *event, const void *of, size_t klen, int db, void *ud)
{
    (void)event, (void)of, (void)klen, (void)db, (void)ud;
    never();
}

static void t_engine_on_event(void)
{
    BAD(rs_engine_on_event(NULL, RS_EVENT_ALL, event_never, NULL));
    BAD(rs_engine_on_event(ODD(rs_engine), RS_EVENT_ALL, event_never, NULL));
    BAD(rs_engine_on_event(engine, RS_EVENT_ALL, NULL, NULL));
    BAD(rs_engine_on_event(engine, 0, NULL, NULL));
    BAD(rs_engine_on_event(engine, UINT32_MAX, event_never, NULL));
    BAD(rs_engine_on_event(engine, 1, event_never, NULL));
    BAD(rs_engine_on_event(engine, (uint32_t)1 << 31, event_never, NULL));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_engine_on_event(engine, 0, event_never, NULL));
}

/* ---- the table ---- */

#define ROW(name) { "rs_" #name, t_##name }
static const struct row {
    const char *function;
    void (*test)(void);
} rows[] = {
    ROW(version), ROW(version_number), ROW(status_name), ROW(last_error), ROW(last_status), ROW(config_new), ROW(config_free),
    ROW(config_set), ROW(config_load), ROW(config_set_logger), ROW(config_set_clock), ROW(engine_open),
    ROW(engine_close), ROW(server_run), ROW(server_main), ROW(server_start), ROW(server_port), ROW(server_wait),
    ROW(server_stop), ROW(server_poll), ROW(server_fd), ROW(session_open), ROW(session_close), ROW(session_next_push),
    ROW(session_interrupt), ROW(reply_free), ROW(command), ROW(vcommand), ROW(command_argv), ROW(command_batch),
    ROW(get), ROW(get_with), ROW(set), ROW(del), ROW(exists), ROW(incr_by), ROW(expire), ROW(ttl), ROW(get_many),
    ROW(set_many), ROW(reader_new), ROW(reader_free), ROW(reader_feed), ROW(reader_next), ROW(request_reader_new),
    ROW(request_reader_free), ROW(request_reader_feed), ROW(request_reader_next), ROW(format_argv), ROW(loop_new),
    ROW(loop_free), ROW(loop_add_fd), ROW(loop_del_fd), ROW(loop_add_timer), ROW(loop_del_timer), ROW(loop_run),
    ROW(loop_run_once), ROW(loop_stop), ROW(pool_new), ROW(pool_queue), ROW(pool_free), ROW(hm_lookup), ROW(hm_insert),
    ROW(hm_delete), ROW(hm_clear), ROW(hm_size), ROW(hm_foreach), ROW(avl_init), ROW(avl_height), ROW(avl_cnt),
    ROW(avl_fix), ROW(avl_del), ROW(avl_offset), ROW(avl_rank), ROW(zset_insert), ROW(zset_lookup), ROW(zset_delete),
    ROW(zset_seekge), ROW(zset_seekle), ROW(zset_count), ROW(zset_clear), ROW(znode_offset), ROW(znode_name),
    ROW(heap_left), ROW(heap_right), ROW(heap_parent), ROW(heap_update),
    ROW(engine_register_command), ROW(call_reply_integer), ROW(call_reply_bulk), ROW(call_reply_status),
    ROW(call_reply_error), ROW(call_reply_nil), ROW(call_reply_double), ROW(call_reply_array), ROW(call_reply_map),
    ROW(call_command_argv), ROW(engine_on_event), ROW(hget), ROW(hset), ROW(zadd), ROW(zscore),
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

static int row_of(const char *name, size_t len)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strlen(rows[i].function) == len && memcmp(rows[i].function, name, len) == 0)
            return (int)i;
    return -1;
}

/* Holds the table against the functions that the header declares: outside of comments, directives and types, a name that
 * begins with rs_ and stands before a parenthesis. */
static void compare_with(const char *path)
{
    static char text[1 << 20];
    bool seen[ROW_COUNT] = { false };
    int missing = 0;
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    CHECK(len > 1000 && len < sizeof text - 1);
    bool in_comment = false, in_directive = false, in_type = false, at_start = true;
    for (char *at = text; *at != '\0'; at++) {
        if (in_comment) {
            in_comment = strncmp(at, "*/", 2) != 0;
            at += !in_comment;
        } else if (strncmp(at, "/*", 2) == 0) {
            in_comment = true;
            at++;
        } else if (in_directive) {
            in_directive = *at != '\n' || at[-1] == '\\';
        } else if (*at == '#') {
            in_directive = true;
        } else if (*at == ';') {
            at_start = true, in_type = false;
        } else if (!isspace((unsigned char)*at)) {
            in_type = in_type || (at_start && strncmp(at, "typedef", 7) == 0);
            at_start = false;
            if (strncmp(at, "rs_", 3) == 0 && !isalnum((unsigned char)at[-1]) && at[-1] != '_') {
                size_t name = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
                if (at[name] == '(' && !in_type) {
                    int row = row_of(at, name);
                    if (row < 0) {
                        fprintf(stderr, "%.*s has no row in tests/c/nonsense.c\n", (int)name, at);
                        missing++;
                    } else {
                        seen[row] = true;
                    }
                }
                at += name - 1;
            }
        }
    }
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (!seen[i]) {
            fprintf(stderr, "%s has a row in tests/c/nonsense.c, and is not in the header\n", rows[i].function);
            missing++;
        }
    CHECK(missing == 0);
}

int main(int argc, char **argv)
{
    char path[] = "/tmp/redisrs-nonsense.XXXXXX";
    CHECK(argc == 2);
    compare_with(argv[1]);
    int fd = mkstemp(path);
    CHECK(fd >= 0 && close(fd) == 0 && unlink(path) == 0);
    config = rs_config_new();
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "0"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "unixsocket", path));
    CHECK_STATUS(RS_OK, rs_config_set(config, "io-threads", "0"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    for (size_t i = 0; i < ROW_COUNT; i++) {
        rows[i].test();
        CHECK_STATUS(RS_OK, rs_set(session, "probe", 5, rows[i].function, strlen(rows[i].function), 0));
        rs_reply *reply = rs_command(session, "GET probe");
        CHECK(reply != NULL && reply->type == RS_REPLY_STRING && strcmp(reply->str, rows[i].function) == 0);
        rs_reply_free(reply);
    }
    rs_session_close(session);
    rs_engine_close(engine);
    rs_config_free(config);
    unlink(path);
    printf("%zu functions, %d checks\n", ROW_COUNT, checks);
    return 0;
}
