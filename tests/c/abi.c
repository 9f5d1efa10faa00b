/* Every function of redisrs.h, written only against the header: what it does, and what it does with nonsense. */
#include "check.h"
#include "holdings.h"
#include "socket.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/un.h>
#include <unistd.h>

static rs_engine *engine;
static rs_session *session;

/* ---- helpers ---- */

static rs_engine *open_with(const char *const *settings)
{
    rs_config *config = rs_config_new();
    rs_engine *opened = NULL;
    CHECK(config != NULL);
    for (; settings != NULL && settings[0] != NULL; settings += 2)
        CHECK_STATUS(RS_OK, rs_config_set(config, settings[0], settings[1]));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &opened));
    rs_config_free(config);
    return opened;
}

static rs_session *open_session(rs_engine *of)
{
    rs_session *opened = NULL;
    CHECK_STATUS(RS_OK, rs_session_open(of, &opened));
    CHECK(opened != NULL);
    return opened;
}

/* Whether a reply is this status, error or string; frees it. */
static int is_text(rs_reply *reply, int type, const char *text)
{
    int same = reply != NULL && reply->type == type && reply->len == strlen(text) && memcmp(reply->str, text, reply->len + 1) == 0;
    if (!same && reply != NULL)
        fprintf(stderr, "type %d: %s\n", reply->type, reply->str ? reply->str : "-");
    rs_reply_free(reply);
    return same;
}

static int is_integer(rs_reply *reply, long long value)
{
    int same = reply != NULL && reply->type == RS_REPLY_INTEGER && reply->integer == value;
    rs_reply_free(reply);
    return same;
}

static int answers(int fd, const char *command, const char *expected)
{
    char buffer[256];
    size_t len = 0, want = strlen(expected);
    CHECK(write(fd, command, strlen(command)) == (ssize_t)strlen(command));
    while (len < want) {
        ssize_t n = read(fd, buffer + len, sizeof buffer - len);
        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
    return len == want && memcmp(buffer, expected, len) == 0;
}

/* ---- tests ---- */

static void test_version(void)
{
    char text[32];
    CHECK(rs_version_number() == RS_VERSION_NUMBER);
    CHECK(strcmp(rs_version(), RS_VERSION) == 0);
    snprintf(text, sizeof text, "%d.%d.%d", RS_VERSION_MAJOR, RS_VERSION_MINOR, RS_VERSION_PATCH);
    CHECK(strcmp(text, RS_VERSION) == 0);
}

static void test_status(void)
{
    CHECK(strcmp(rs_status_name(RS_OK), "RS_OK") == 0);
    CHECK(strcmp(rs_status_name(RS_ERR_EXISTS), "RS_ERR_EXISTS") == 0);
    CHECK(strcmp(rs_status_name(1234), "unknown status") == 0);
    CHECK(rs_last_error() != NULL);
}

static void test_config(void)
{
    rs_config *config = rs_config_new();
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_config_set(NULL, "port", "0"));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_config_set(config, NULL, "0"));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_config_set(config, "port", NULL));
    CHECK_STATUS(RS_ERR_CONFIG, rs_config_set(config, "no-such-setting", "1"));
    CHECK(strstr(rs_last_error(), "no-such-setting") != NULL);
    CHECK_STATUS(RS_ERR_CONFIG, rs_config_set(config, "databases", "minus one"));
    CHECK(strstr(rs_last_error(), "databases") != NULL);
    CHECK_STATUS(RS_ERR_CONFIG, rs_config_set(config, "", ""));
    CHECK_STATUS(RS_OK, rs_config_set(config, "DATABASES", "4"));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_config_load(NULL, "x"));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_config_load(config, NULL));
    CHECK_STATUS(RS_ERR_CONFIG, rs_config_load(config, "/nonexistent/redis.conf"));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_config_set_logger(NULL, NULL, NULL));
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_config_set_clock(NULL, NULL, NULL));
    CHECK_STATUS(RS_OK, rs_config_set_clock(config, NULL, NULL));

    char path[] = "/tmp/redisrs-abi-XXXXXX";
    int fd = mkstemp(path);
    const char text[] = "databases 3\nmaxmemory 1mb\n";
    CHECK(fd >= 0 && write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
    close(fd);
    CHECK_STATUS(RS_OK, rs_config_load(config, path));
    unlink(path);
    rs_engine *opened;
    CHECK_STATUS(RS_OK, rs_engine_open(config, &opened));
    CHECK_STATUS(RS_OK, rs_config_set(config, "databases", "7"));
    rs_config_free(config);
    rs_config_free(NULL);
    rs_session *of = open_session(opened);
    rs_reply *reply = rs_command(of, "CONFIG GET databases");
    CHECK(reply != NULL && reply->elements == 2 && strcmp(reply->element[1]->str, "3") == 0);
    rs_reply_free(reply);
    rs_session_close(of);
    rs_engine_close(opened);
}

static void test_null_handles(void)
{
    rs_engine *no_engine = (rs_engine *)&checks;
    rs_session *no_session = (rs_session *)&checks;
    rs_server *no_server = (rs_server *)&checks;
    rs_reply *no_reply = (rs_reply *)&checks;
    const char *argv[] = {"PING"};
    const char **argvs[] = {argv};
    int argc = 1;
    int64_t number = 77;
    size_t len = 77;
    char buffer[8];

    CHECK_STATUS(RS_ERR_ARGUMENT, rs_engine_open(NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_session_open(NULL, &no_session));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_session_open(engine, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_server_start(NULL, &no_server));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_server_start(engine, NULL));
    CHECK(rs_server_port(NULL) == 0 && rs_server_fd(NULL) == -1);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_server_wait(NULL, 0));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_server_poll(NULL, 0));
    CHECK_STATUS(RS_OK, rs_server_stop(NULL));
    rs_engine_close(NULL);
    rs_session_close(NULL);
    rs_reply_free(NULL);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_session_interrupt(NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_session_next_push(NULL, 0, &no_reply));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_session_next_push(session, 0, NULL));
    CHECK(rs_command(NULL, "PING") == NULL && rs_command_argv(NULL, 1, argv, NULL) == NULL);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_command_batch(NULL, 1, &argc, argvs, NULL, &no_reply));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get(NULL, "k", 1, buffer, sizeof buffer, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get(session, NULL, 1, buffer, sizeof buffer, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get(session, "k", 1, NULL, 1, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get(session, "k", 1, buffer, sizeof buffer, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get(session, "k", SIZE_MAX, buffer, sizeof buffer, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get_with(NULL, "k", 1, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get_with(session, "k", 1, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_set(NULL, "k", 1, "v", 1, 0));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_set(session, NULL, 1, "v", 1, 0));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_set(session, "k", 1, NULL, 1, 0));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_set(session, "k", 1, "v", SIZE_MAX, 0));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_del(NULL, "k", 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_del(session, NULL, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_exists(NULL, "k", 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_exists(session, NULL, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_incr_by(NULL, "k", 1, 1, &number));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_incr_by(session, NULL, 1, 1, &number));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_expire(NULL, "k", 1, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_expire(session, NULL, 1, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_ttl(NULL, "k", 1, &number));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_ttl(session, NULL, 1, &number));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_ttl(session, "k", 1, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get_many(NULL, 0, NULL, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get_many(session, 0, NULL, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_set_many(NULL, 0, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_set_many(session, 1, NULL, NULL));
    /* A pointer that cannot be a handle: refused by its alignment. */
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_del((rs_session *)((char *)session + 1), "k", 1));
    /* Outputs are written on success only. */
    CHECK(number == 77 && len == 77 && (void *)no_reply == (void *)&checks && (void *)no_session == (void *)&checks);
    CHECK((void *)no_server == (void *)&checks && (void *)no_engine == (void *)&checks);
    CHECK_STATUS(RS_NIL, rs_get(session, "nothing", 7, buffer, sizeof buffer, &len));
    CHECK(len == 77);
}

static void test_commands(void)
{
    const char *argv[] = {"SET", "bin\0key", "bin\0\r\nvalue"};
    const size_t argvlen[] = {3, 7, 11};
    CHECK(is_text(rs_command_argv(session, 3, argv, argvlen), RS_REPLY_STATUS, "OK"));
    rs_reply *reply = rs_command(session, "GET %b", "bin\0key", (size_t)7);
    CHECK(reply != NULL && reply->type == RS_REPLY_STRING && reply->len == 11);
    CHECK(memcmp(reply->str, "bin\0\r\nvalue", 12) == 0);
    rs_reply_free(reply);

    CHECK(rs_command_argv(session, 0, argv, NULL) == NULL && rs_command_argv(session, -1, argv, NULL) == NULL);
    CHECK(rs_command_argv(session, 1, NULL, NULL) == NULL);
    const char *hole[] = {"GET", NULL};
    const size_t zero[] = {3, 0}, one[] = {3, 1};
    CHECK(rs_command_argv(session, 2, hole, NULL) == NULL && rs_command_argv(session, 2, hole, one) == NULL);
    reply = rs_command_argv(session, 2, hole, zero);
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);

    CHECK(is_text(rs_command(session, "NOSUCH a"), RS_REPLY_ERROR, "ERR unknown command 'NOSUCH', with args beginning with: 'a' "));
    CHECK(is_text(rs_command(session, "GET"), RS_REPLY_ERROR, "ERR wrong number of arguments for 'get' command"));
    CHECK(rs_command(session, NULL) == NULL && rs_command(session, "") == NULL && rs_command(session, "  ") == NULL);
    CHECK(rs_command(session, "GET %y", 1) == NULL && strstr(rs_last_error(), "conversion") != NULL);
    CHECK(rs_command(session, "GET %s", (const char *)NULL) == NULL);

    CHECK(is_text(rs_command(session, "SET n:%d %i", 5, -7), RS_REPLY_STATUS, "OK"));
    CHECK(is_text(rs_command(session, "GET n:5"), RS_REPLY_STRING, "-7"));
    CHECK(is_text(rs_command(session, "SET f %u|%lld|%llu|%zu|%.2f|%g|%f|%%|%s", 1u, -2LL, 3ULL, (size_t)4, 5.5, 0.5, 1.0, "a b"), RS_REPLY_STATUS, "OK"));
    CHECK(is_text(rs_command(session, "GET f"), RS_REPLY_STRING, "1|-2|3|4|5.50|0.5|1.000000|%|a b"));
    CHECK(is_text(rs_command(session, "SET e %s", ""), RS_REPLY_STATUS, "OK"));
    CHECK(is_text(rs_command(session, "GET %s", "e"), RS_REPLY_STRING, ""));
    /* More arguments than go through registers. */
    CHECK(is_text(rs_command(session, "MSET %d %d %d %d %d %d %d %s", 1, 2, 3, 4, 5, 6, 7, "8"), RS_REPLY_STATUS, "OK"));
    reply = rs_command(session, "MGET 1 3 5 7 9");
    CHECK(reply != NULL && reply->type == RS_REPLY_ARRAY && reply->elements == 5 && strcmp(reply->element[3]->str, "8") == 0);
    CHECK(reply->element[4]->type == RS_REPLY_NIL && reply->element[4]->str == NULL && reply->integer == 0 && reply->len == 0);
    rs_reply_free(reply->element[1]); /* freed with its root, so a no-op */
    rs_reply_free(reply);
}

static rs_reply *vcommand(rs_session *of, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    rs_reply *reply = rs_vcommand(of, format, list);
    va_end(list);
    return reply;
}

static void test_vcommand(void)
{
    CHECK(is_text(vcommand(session, "SET %s %lld", "v", 123456789012LL), RS_REPLY_STATUS, "OK"));
    CHECK(is_text(vcommand(session, "GET %b", "v", (size_t)1), RS_REPLY_STRING, "123456789012"));
    CHECK(vcommand(NULL, "PING") == NULL && vcommand(session, NULL) == NULL);
}

static void test_nested_replies(void)
{
    CHECK(is_text(rs_command(session, "MULTI"), RS_REPLY_STATUS, "OK"));
    CHECK(is_text(rs_command(session, "MGET 1 nothing"), RS_REPLY_STATUS, "QUEUED"));
    CHECK(is_text(rs_command(session, "SET m 5"), RS_REPLY_STATUS, "QUEUED"));
    char buffer[8];
    size_t len;
    CHECK_STATUS(RS_ERR_BUSY, rs_get(session, "m", 1, buffer, sizeof buffer, &len));
    CHECK(is_text(rs_command(session, "INCR m"), RS_REPLY_STATUS, "QUEUED"));
    rs_reply *reply = rs_command(session, "EXEC");
    CHECK(reply != NULL && reply->type == RS_REPLY_ARRAY && reply->elements == 3 && reply->len == 0 && reply->integer == 0);
    CHECK(reply->element[0]->elements == 2 && reply->element[0]->element[1]->type == RS_REPLY_NIL);
    CHECK(reply->element[0]->len == 0 && reply->element[0]->integer == 0);
    CHECK(strcmp(reply->element[0]->element[0]->str, "2") == 0 && strcmp(reply->element[1]->str, "OK") == 0);
    CHECK(reply->element[2]->type == RS_REPLY_INTEGER && reply->element[2]->integer == 6);
    rs_reply_free(reply);
}

static void test_batch(void)
{
    enum { N = 100 };
    const char *get[] = {"GET", "1"}, *incr[] = {"INCR", "batch"}, *bad[] = {"NOSUCH"};
    const char **argv[N];
    const size_t *argvlen[N];
    const size_t get_len[] = {3, 1};
    int argc[N];
    rs_reply *replies[N];
    for (int i = 0; i < N; i++) {
        argv[i] = i == 50 ? bad : i % 2 ? incr : get;
        argc[i] = i == 50 ? 1 : 2;
        argvlen[i] = argv[i] == get ? get_len : NULL;
        replies[i] = NULL;
    }
    CHECK_STATUS(RS_OK, rs_command_batch(session, N, argc, argv, argvlen, replies));
    for (int i = 0; i < N; i++) {
        if (i == 50)
            CHECK(replies[i]->type == RS_REPLY_ERROR);
        else if (i % 2)
            CHECK(replies[i]->integer == i / 2 + 1);
        else
            CHECK(strcmp(replies[i]->str, "2") == 0);
        rs_reply_free(replies[i]);
        replies[i] = NULL;
    }
    CHECK_STATUS(RS_OK, rs_command_batch(session, 0, NULL, NULL, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_command_batch(session, 1, NULL, argv, NULL, replies));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_command_batch(session, 1, argc, NULL, NULL, replies));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_command_batch(session, 1, argc, argv, NULL, NULL));
    argc[1] = 0;
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_command_batch(session, 2, argc, argv, NULL, replies));
    CHECK(replies[0] == NULL);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_command_batch(session, SIZE_MAX, argc, argv, NULL, replies));
}

struct seen {
    int calls;
    size_t index;
    size_t len;
    char value[64];
    rs_status nested;
};

static void see(const void *val, size_t len, void *ud)
{
    struct seen *seen = ud;
    char buffer[8];
    size_t ignored;
    seen->calls++;
    seen->len = len;
    memcpy(seen->value, val, len < sizeof seen->value ? len : sizeof seen->value);
    seen->nested = rs_get(session, "1", 1, buffer, sizeof buffer, &ignored);
}

static void see_many(size_t i, const void *val, size_t len, void *ud)
{
    struct seen *seen = ud;
    if (seen[i].calls++ == 0 && i > 0 && seen[i - 1].calls == 0)
        abort();
    seen[i].index = i;
    seen[i].len = val == NULL ? (size_t)-1 : len;
    if (val != NULL)
        memcpy(seen[i].value, val, len < sizeof seen->value ? len : sizeof seen->value);
}

static void test_typed(void)
{
    char buffer[32];
    size_t len = 0;
    int64_t number = 0;
    struct seen seen;
    memset(&seen, 0, sizeof seen);

    CHECK_STATUS(RS_OK, rs_set(session, "t", 1, "value", 5, 0));
    CHECK_STATUS(RS_OK, rs_get(session, "t", 1, buffer, sizeof buffer, &len));
    CHECK(len == 5 && memcmp(buffer, "value", 5) == 0);
    CHECK_STATUS(RS_ERR_BUFFER_TOO_SMALL, rs_get(session, "t", 1, buffer, 4, &len));
    CHECK(len == 5);
    len = 0;
    CHECK_STATUS(RS_ERR_BUFFER_TOO_SMALL, rs_get(session, "t", 1, NULL, 0, &len));
    CHECK(len == 5);
    CHECK_STATUS(RS_OK, rs_get_with(session, "t", 1, see, &seen));
    CHECK(seen.calls == 1 && seen.len == 5 && memcmp(seen.value, "value", 5) == 0 && seen.nested == RS_ERR_BUSY);
    CHECK_STATUS(RS_NIL, rs_get_with(session, "nothing", 7, see, &seen));
    CHECK(seen.calls == 1);
    /* Empty keys and values; the pointer of an empty one is not looked at. */
    CHECK_STATUS(RS_OK, rs_set(session, NULL, 0, NULL, 0, 0));
    CHECK_STATUS(RS_OK, rs_get(session, (const void *)1, 0, NULL, 0, &len));
    CHECK(len == 0);
    CHECK_STATUS(RS_OK, rs_exists(session, NULL, 0));
    CHECK_STATUS(RS_OK, rs_del(session, NULL, 0));
    CHECK_STATUS(RS_NIL, rs_exists(session, NULL, 0));
    CHECK_STATUS(RS_NIL, rs_del(session, "nothing", 7));
    /* Numbers. */
    CHECK_STATUS(RS_OK, rs_incr_by(session, "number", 6, 40, &number));
    CHECK_STATUS(RS_OK, rs_incr_by(session, "number", 6, 2, NULL));
    CHECK_STATUS(RS_OK, rs_incr_by(session, "number", 6, 0, &number));
    CHECK(number == 42);
    CHECK_STATUS(RS_OK, rs_get(session, "number", 6, buffer, sizeof buffer, &len));
    CHECK(len == 2 && memcmp(buffer, "42", 2) == 0);
    CHECK_STATUS(RS_ERR_COMMAND, rs_incr_by(session, "number", 6, INT64_MAX, &number));
    CHECK(strstr(rs_last_error(), "overflow") != NULL && number == 42);
    CHECK_STATUS(RS_ERR_COMMAND, rs_incr_by(session, "t", 1, 1, &number));
    CHECK(strstr(rs_last_error(), "not an integer") != NULL);
    /* Times to live. */
    CHECK_STATUS(RS_OK, rs_ttl(session, "t", 1, &number));
    CHECK(number == -1);
    CHECK_STATUS(RS_NIL, rs_ttl(session, "nothing", 7, &number));
    CHECK_STATUS(RS_OK, rs_expire(session, "t", 1, 100000));
    CHECK_STATUS(RS_OK, rs_ttl(session, "t", 1, &number));
    CHECK(number > 90000 && number <= 100000);
    CHECK_STATUS(RS_NIL, rs_expire(session, "nothing", 7, 1000));
    CHECK_STATUS(RS_ERR_COMMAND, rs_expire(session, "t", 1, INT64_MAX));
    CHECK_STATUS(RS_OK, rs_set(session, "t", 1, "w", 1, 0));
    CHECK_STATUS(RS_OK, rs_ttl(session, "t", 1, &number));
    CHECK(number == -1);
    CHECK_STATUS(RS_OK, rs_set(session, "t", 1, "w", 1, 5000));
    CHECK_STATUS(RS_OK, rs_ttl(session, "t", 1, &number));
    CHECK(number > 0 && number <= 5000);
    CHECK_STATUS(RS_ERR_COMMAND, rs_set(session, "t", 1, "x", 1, -5));
    CHECK_STATUS(RS_ERR_COMMAND, rs_set(session, "t", 1, "x", 1, INT64_MAX));
    CHECK_STATUS(RS_OK, rs_expire(session, "t", 1, -1));
    CHECK_STATUS(RS_NIL, rs_exists(session, "t", 1));
}

static void test_many(void)
{
    enum { N = 300 };
    static char names[N][16];
    static struct seen seen[N + 2];
    rs_slice keys[N + 2], vals[N];
    for (int i = 0; i < N; i++) {
        keys[i].data = names[i];
        keys[i].len = (size_t)snprintf(names[i], sizeof names[i], "many:%d", i);
        vals[i].data = i % 3 ? names[i] : NULL;
        vals[i].len = i % 3 ? keys[i].len : 0;
    }
    CHECK_STATUS(RS_OK, rs_set_many(session, N, keys, vals));
    keys[N].data = "nothing";
    keys[N].len = 7;
    keys[N + 1].data = NULL;
    keys[N + 1].len = 0;
    CHECK_STATUS(RS_OK, rs_get_many(session, N + 2, keys, see_many, seen));
    for (int i = 0; i < N + 2; i++) {
        CHECK(seen[i].calls == 1 && seen[i].index == (size_t)i);
        CHECK(seen[i].len == (i >= N ? (size_t)-1 : vals[i].len));
        CHECK(i >= N || memcmp(seen[i].value, names[i], seen[i].len) == 0);
    }
    CHECK_STATUS(RS_OK, rs_get_many(session, 0, NULL, see_many, seen));
    CHECK_STATUS(RS_OK, rs_set_many(session, 0, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get_many(session, 1, NULL, see_many, seen));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get_many(session, 1, keys, NULL, seen));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_set_many(session, N, keys, NULL));
    keys[1].data = NULL;
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get_many(session, 2, keys, see_many, seen));
    CHECK(seen[0].calls == 1);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_get_many(session, SIZE_MAX, keys, see_many, seen));
}

static void test_maxmemory(void)
{
    const char *settings[] = {"maxmemory", "1mb", NULL};
    rs_engine *small = open_with(settings);
    rs_session *of = open_session(small);
    static char big[600 * 1024];
    CHECK_STATUS(RS_OK, rs_set(of, "a", 1, big, sizeof big, 0));
    CHECK_STATUS(RS_OK, rs_set(of, "b", 1, big, sizeof big, 0));
    CHECK_STATUS(RS_ERR_NO_MEMORY, rs_set(of, "c", 1, "v", 1, 0));
    CHECK_STATUS(RS_ERR_NO_MEMORY, rs_incr_by(of, "c", 1, 1, NULL));
    CHECK_STATUS(RS_OK, rs_del(of, "a", 1));
    CHECK_STATUS(RS_OK, rs_set(of, "c", 1, "v", 1, 0));
    rs_session_close(of);
    rs_engine_close(small);
}

static void test_watch(void)
{
    rs_session *other = open_session(engine);
    CHECK(is_text(rs_command(session, "WATCH watched"), RS_REPLY_STATUS, "OK"));
    CHECK_STATUS(RS_OK, rs_set(other, "watched", 7, "x", 1, 0));
    rs_reply_free(rs_command(session, "MULTI"));
    rs_reply_free(rs_command(session, "SET watched y"));
    rs_reply *reply = rs_command(session, "EXEC");
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);
    rs_session_close(other);
}

static int64_t host_time(void *ud)
{
    return __atomic_load_n((int64_t *)ud, __ATOMIC_RELAXED);
}

static void test_clock(void)
{
    int64_t now = 1000000;
    rs_config *config = rs_config_new();
    rs_engine *timed;
    CHECK_STATUS(RS_OK, rs_config_set_clock(config, host_time, &now));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &timed));
    rs_config_free(config);
    rs_session *of = open_session(timed);
    int64_t ms;
    CHECK_STATUS(RS_OK, rs_set(of, "k", 1, "v", 1, 1000));
    __atomic_store_n(&now, 1000999, __ATOMIC_RELAXED);
    CHECK_STATUS(RS_OK, rs_ttl(of, "k", 1, &ms));
    CHECK(ms == 1);
    __atomic_store_n(&now, 1001000, __ATOMIC_RELAXED);
    CHECK_STATUS(RS_NIL, rs_exists(of, "k", 1));
    rs_session_close(of);
    rs_engine_close(timed);
}

struct log {
    int lines;
    int has_newline;
    rs_status nested;
    char last[256];
};

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static void write_log(int level, const char *msg, size_t len, void *ud)
{
    struct log *log = ud;
    pthread_mutex_lock(&log_lock);
    log->lines++;
    log->has_newline |= level < 0 || level > 3 || (len > 0 && msg[len - 1] == '\n');
    log->nested = rs_del(session, "1", 1);
    snprintf(log->last, sizeof log->last, "%.*s", (int)len, msg);
    pthread_mutex_unlock(&log_lock);
}

static void test_server(void)
{
    struct log log;
    memset(&log, 0, sizeof log);
    rs_config *config = rs_config_new();
    rs_engine *served;
    rs_server *server, *second, *third = (rs_server *)&log;
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, write_log, &log));
    CHECK_STATUS(RS_OK, rs_config_set(config, "loglevel", "debug"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "bind", "127.0.0.1"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "io-threads", "2"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &served));
    CHECK_STATUS(RS_OK, rs_server_start(served, &server));
    CHECK_STATUS(RS_OK, rs_server_start(served, &second));
    CHECK(rs_server_port(server) != 0 && rs_server_port(second) != 0 && rs_server_port(server) != rs_server_port(second));
    CHECK(rs_server_fd(server) == -1);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_server_poll(server, 0));
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_server_wait(server, 0));
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_server_wait(server, 10));

    /* Its port is taken. */
    char port[8];
    rs_engine *late;
    snprintf(port, sizeof port, "%u", (unsigned)rs_server_port(server));
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", port));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &late));
    CHECK_STATUS(RS_ERR_ADDR_IN_USE, rs_server_start(late, &third));
    CHECK((void *)third == (void *)&log);
    CHECK_STATUS(RS_ERR_ADDR_IN_USE, rs_server_run(config));
    rs_engine_close(late);
    rs_config_free(config);

    /* The same data on both ports and in process. */
    rs_session *of = open_session(served);
    int fd = connect_to(server), fd2 = connect_to(second);
    CHECK(answers(fd, "SET shared 1\r\n", "+OK\r\n"));
    CHECK_STATUS(RS_OK, rs_incr_by(of, "shared", 6, 1, NULL));
    CHECK(answers(fd2, "*2\r\n$3\r\nGET\r\n$6\r\nshared\r\n", "$1\r\n2\r\n"));
    close(fd);
    close(fd2);
    CHECK_STATUS(RS_OK, rs_server_stop(second));

    /* SHUTDOWN ends the wait, not the server. */
    rs_reply *reply = rs_command(of, "SHUTDOWN NOSAVE");
    rs_reply_free(reply);
    CHECK_STATUS(RS_OK, rs_server_wait(server, 5000));
    CHECK_STATUS(RS_OK, rs_server_wait(server, 0));
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    CHECK_STATUS(RS_OK, rs_server_start(served, &server));
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_server_wait(server, 0));
    rs_session_close(of);
    /* The last handle takes the engine with it. */
    rs_engine_close(served);
    fd = connect_to(server);
    CHECK(answers(fd, "GET shared\r\n", "$1\r\n2\r\n"));
    close(fd);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    CHECK(!log.has_newline && (log.lines == 0 || log.nested == RS_ERR_BUSY));
}

static void *wait_for_shutdown(void *server)
{
    return (void *)(intptr_t)rs_server_wait(server, -1);
}

static void test_server_stop_ends_waits(void)
{
    const char *settings[] = {"port", "auto", "bind", "127.0.0.1", "io-threads", "1", NULL};
    rs_engine *served = open_with(settings);
    rs_server *server;
    pthread_t thread;
    void *result;
    CHECK_STATUS(RS_OK, rs_server_start(served, &server));
    CHECK(pthread_create(&thread, NULL, wait_for_shutdown, server) == 0);
    usleep(50000);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    pthread_join(thread, &result);
    CHECK((rs_status)(intptr_t)result == RS_ERR_CLOSED);
    rs_engine_close(served);
}

static void test_host_driven_server(void)
{
    const char *settings[] = {"port", "auto", "bind", "127.0.0.1", "io-threads", "0", NULL};
    rs_engine *served = open_with(settings);
    rs_server *server;
    int threads = running_threads();
    CHECK_STATUS(RS_OK, rs_server_start(served, &server));
    CHECK(running_threads() == threads);
    CHECK(rs_server_fd(server) >= 0);
    CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
    int fd = connect_to(server);
    CHECK(write(fd, "PING\r\n", 6) == 6);
    char buffer[16];
    ssize_t n = -1;
    for (int turns = 0; turns < 100 && n < 0; turns++) {
        struct pollfd readable = {rs_server_fd(server), POLLIN, 0};
        CHECK(poll(&readable, 1, 100) >= 0);
        CHECK_STATUS(RS_OK, rs_server_poll(server, 0));
        n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    }
    CHECK(n == 7 && memcmp(buffer, "+PONG\r\n", 7) == 0);
    CHECK(write(fd, "SHUTDOWN NOSAVE\r\n", 17) == 17);
    rs_status status = RS_OK;
    for (int turns = 0; turns < 100 && status == RS_OK; turns++)
        status = rs_server_poll(server, 100);
    CHECK_STATUS(RS_ERR_CLOSED, status);
    close(fd);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_engine_close(served);
}

/* A client that goes away while replies are being sent must not raise SIGPIPE in the host. */
static void test_no_sigpipe(void)
{
    char path[] = "/tmp/redisrs-abi-XXXXXX";
    int made = mkstemp(path);
    CHECK(made >= 0);
    close(made);
    unlink(path);
    const char *settings[] = {"port", "0", "unixsocket", path, "io-threads", "1", NULL};
    rs_engine *served = open_with(settings);
    rs_server *server;
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    CHECK_STATUS(RS_OK, rs_server_start(served, &server));
    CHECK(rs_server_port(server) == 0);
    rs_session *of = open_session(served);
    static char big[100000];
    CHECK_STATUS(RS_OK, rs_set(of, "big", 3, big, sizeof big, 0));
    for (int round = 0; round < 20; round++) {
        struct sockaddr_un address;
        memset(&address, 0, sizeof address);
        address.sun_family = AF_UNIX;
        snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
        for (int i = 0; i < 20; i++)
            CHECK(write(fd, "GET big\r\n", 9) == 9);
        close(fd);
    }
    usleep(100000);
    CHECK_STATUS(RS_OK, rs_exists(of, "big", 3));
    rs_session_close(of);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_engine_close(served);
    unlink(path);
}

static void *next_push(void *of)
{
    rs_reply *reply = NULL;
    rs_status status = rs_session_next_push(of, -1, &reply);
    rs_reply_free(reply);
    return (void *)(intptr_t)status;
}

static void test_pushes(void)
{
    rs_session *monitor = open_session(engine);
    rs_reply *reply = NULL;
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_session_next_push(monitor, 0, &reply));
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_session_next_push(monitor, 10, &reply));
    CHECK(reply == NULL);
    CHECK(is_text(rs_command(monitor, "MONITOR"), RS_REPLY_STATUS, "OK"));
    CHECK_STATUS(RS_OK, rs_set(session, "seen", 4, "a b", 3, 70));
    rs_reply_free(rs_command(session, "GET seen"));
    CHECK_STATUS(RS_OK, rs_session_next_push(monitor, 1000, &reply));
    CHECK(reply->type == RS_REPLY_STATUS && strstr(reply->str, "\"set\" \"seen\" \"a b\" \"px\" \"70\"") != NULL);
    rs_reply_free(reply);
    CHECK_STATUS(RS_OK, rs_session_next_push(monitor, 1000, &reply));
    CHECK(strstr(reply->str, "\"GET\" \"seen\"") != NULL);
    rs_reply_free(reply);

    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, next_push, monitor) == 0);
    usleep(20000);
    reply = rs_command(monitor, "PING");
    CHECK(reply == NULL && strstr(rs_last_error(), "another thread") != NULL);
    CHECK_STATUS(RS_OK, rs_session_interrupt(monitor));
    pthread_join(thread, &result);
    CHECK((rs_status)(intptr_t)result == RS_ERR_CLOSED);
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_session_next_push(monitor, 0, &reply));
    rs_session_close(monitor);
}

static void test_closed_sessions(void)
{
    rs_session *quitting = open_session(engine);
    rs_reply *reply;
    CHECK(is_text(rs_command(quitting, "QUIT"), RS_REPLY_STATUS, "OK"));
    CHECK(rs_command(quitting, "PING") == NULL && strstr(rs_last_error(), "closed") != NULL);
    CHECK_STATUS(RS_ERR_CLOSED, rs_del(quitting, "k", 1));
    CHECK_STATUS(RS_ERR_CLOSED, rs_session_next_push(quitting, -1, &reply));
    rs_session_close(quitting);

    rs_session *victim = open_session(engine);
    reply = rs_command(victim, "CLIENT ID");
    CHECK(reply != NULL && reply->type == RS_REPLY_INTEGER);
    CHECK(is_integer(rs_command(session, "CLIENT KILL ID %lld", reply->integer), 1));
    rs_reply_free(reply);
    CHECK_STATUS(RS_ERR_CLOSED, rs_session_next_push(victim, -1, &reply));
    rs_session_close(victim);

    /* A session that outlives its engine's handle goes on. */
    rs_engine *other = open_with(NULL);
    rs_session *survivor = open_session(other);
    rs_engine_close(other);
    CHECK_STATUS(RS_OK, rs_set(survivor, "k", 1, "v", 1, 0));
    CHECK_STATUS(RS_OK, rs_exists(survivor, "k", 1));
    rs_session_close(survivor);
}

static void test_protocol_3(void)
{
    rs_session *of = open_session(engine);
    rs_reply *reply = rs_command(of, "HELLO 3");
    CHECK(reply != NULL && reply->type == RS_REPLY_MAP && reply->elements % 2 == 0 && reply->elements > 0);
    rs_reply_free(reply);
    reply = rs_command(of, "DEBUG PROTOCOL verbatim");
    rs_reply_free(reply);
    reply = rs_command(of, "GET nothing");
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);
    CHECK(is_text(rs_command(of, "CLIENT REPLY ON"), RS_REPLY_STATUS, "OK"));
    reply = rs_command(of, "CLIENT REPLY OFF");
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);
    reply = rs_command(of, "PING");
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);
    rs_session_close(of);
}

static void test_password(void)
{
    const char *settings[] = {"requirepass", "secret", NULL};
    rs_engine *guarded = open_with(settings);
    rs_session *of = open_session(guarded);
    CHECK(is_text(rs_command(of, "SET k v"), RS_REPLY_STATUS, "OK"));
    rs_session_close(of);
    rs_engine_close(guarded);
}

static void test_engines_share_nothing(void)
{
    rs_engine *engines[5];
    rs_session *sessions[5];
    for (int i = 0; i < 5; i++) {
        engines[i] = open_with(NULL);
        sessions[i] = open_session(engines[i]);
        CHECK_STATUS(RS_NIL, rs_exists(sessions[i], "mine", 4));
        CHECK_STATUS(RS_OK, rs_incr_by(sessions[i], "mine", 4, i, NULL));
    }
    for (int i = 4; i >= 0; i--) {
        int64_t mine;
        CHECK_STATUS(RS_OK, rs_incr_by(sessions[i], "mine", 4, 0, &mine));
        CHECK(mine == i);
        rs_session_close(sessions[i]);
        rs_engine_close(engines[i]);
    }
}

static void test_cycles_leave_nothing_behind(int cycles)
{
    int threads = running_threads(), descriptors = open_descriptors();
    const char *settings[] = {"port", "auto", "bind", "127.0.0.1", "io-threads", "2", NULL};
    for (int i = 0; i < cycles; i++) {
        rs_engine *cycled = open_with(settings);
        rs_session *of = open_session(cycled);
        rs_server *server;
        CHECK_STATUS(RS_OK, rs_server_start(cycled, &server));
        int fd = connect_to(server);
        CHECK(answers(fd, "SET a 1\r\n", "+OK\r\n"));
        CHECK_STATUS(RS_OK, rs_exists(of, "a", 1));
        if (i % 2)
            close(fd);
        CHECK_STATUS(RS_OK, rs_server_stop(server));
        if (i % 2 == 0)
            close(fd);
        rs_session_close(of);
        rs_engine_close(cycled);
    }
    CHECK(threads_but(threads) == threads);
    CHECK(open_descriptors() == descriptors);
}

static volatile sig_atomic_t signals_seen;
static pthread_t main_thread;

static void on_signal(int number)
{
    (void)number;
    signals_seen += pthread_equal(pthread_self(), main_thread) ? 1 : 1000;
}

/* Signals go to the host's threads. */
static void test_signals(void)
{
    struct sigaction action;
    sigset_t usr1, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    main_thread = pthread_self();
    const char *settings[] = {"port", "auto", "bind", "127.0.0.1", "io-threads", "2", NULL};
    rs_engine *served = open_with(settings);
    rs_server *server;
    CHECK_STATUS(RS_OK, rs_server_start(served, &server));
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    /* Blocked here, it would go to any thread that takes it. */
    CHECK(pthread_sigmask(SIG_BLOCK, &usr1, &before) == 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    usleep(20000);
    CHECK(signals_seen == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    CHECK(signals_seen == 1);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_engine_close(served);
}

#if defined(__SANITIZE_THREAD__)
enum { SANITIZER_THREADS = 1 }; /* It begins with the first thread of the program. */
#else
enum { SANITIZER_THREADS = 0 };
#endif

int main(int argc, char **argv)
{
    int cycles = argc > 1 ? atoi(argv[1]) : 20;
    int threads = running_threads();
    CHECK_STATUS(RS_OK, rs_engine_open(NULL, &engine));
    session = open_session(engine);
    test_version();
    test_status();
    test_config();
    test_null_handles();
    test_commands();
    test_vcommand();
    test_nested_replies();
    test_batch();
    test_typed();
    test_many();
    test_maxmemory();
    test_watch();
    test_clock();
    test_server();
    test_server_stop_ends_waits();
    test_host_driven_server();
    test_no_sigpipe();
    test_pushes();
    test_closed_sessions();
    test_protocol_3();
    test_password();
    test_engines_share_nothing();
    test_cycles_leave_nothing_behind(cycles);
    test_signals();
    rs_session_close(session);
    rs_engine_close(engine);
    CHECK(running_threads() == threads + SANITIZER_THREADS);
    printf("%d checks passed\n", checks);
    return 0;
}
