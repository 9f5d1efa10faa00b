/* Memory that is refused, wherever a request is as large as its caller makes it: refusals
 *
 * As SQLite tests it: each operation is run with its first large request refused, then its second, and so on, until it
 * needs no more. Each time it must either succeed or fail as one does that lacks memory, and leave the data as it was; then
 * it succeeds. Large is what depends on the caller: values, arguments, replies. The library is one built with the feature
 * hooks; small requests of a fixed size are not refused here. */
#define _GNU_SOURCE
#include "check.h"
#include "hooks.h"
#include "socket.h"
#include <unistd.h>

enum { VALUE = 200000, LARGE = 60000 };

static rs_engine *engine;
static rs_session *session;
static char value[VALUE + 1];
static size_t total;

/* What an attempt came to. */
enum outcome { DONE, NO_MEMORY, WRONG };

static enum outcome of_status(rs_status status)
{
    return status == RS_OK ? DONE : status == RS_ERR_NO_MEMORY ? NO_MEMORY : WRONG;
}

static enum outcome of_reply(rs_reply *reply)
{
    enum outcome outcome = WRONG;
    if (reply == NULL)
        outcome = strstr(rs_last_error(), "memory") != NULL ? NO_MEMORY : WRONG;
    else if (reply->type != RS_REPLY_ERROR)
        outcome = DONE;
    else if (strncmp(reply->str, "OOM ", 4) == 0 || strstr(reply->str, "memory") != NULL)
        outcome = NO_MEMORY;
    else
        fprintf(stderr, "%s\n", reply->str);
    rs_reply_free(reply);
    return outcome;
}

/* The value of a key, as text that tells one state from another. */
static void state(char *out, size_t room)
{
    rs_reply *dump = rs_command(session, "DEBUG DIGEST");
    CHECK(dump != NULL && dump->type == RS_REPLY_STATUS);
    snprintf(out, room, "%s", dump->str);
    rs_reply_free(dump);
}

/* Runs an operation with everything refused, then with one refusal, later each time, until nothing is refused any more. A
 * failed one must not have changed anything. */
static void until_it_succeeds(const char *name, enum outcome (*run)(void), void (*prepare)(void))
{
    char before[128], after[128];
    int failures = 0;
    for (int64_t passes = -1;; passes++) {
        CHECK(passes < 1000);
        rs_reply_free(rs_command(session, "FLUSHALL"));
        if (prepare != NULL)
            prepare();
        state(before, sizeof before);
        if (getenv("REFUSALS_VERBOSE") != NULL)
            fprintf(stderr, "%s, %d granted\n", name, (int)passes);
        size_t refused = rs_internal_hook_refused();
        rs_internal_hook_refuse(LARGE, passes);
        enum outcome outcome = run();
        rs_internal_hook_refuse(0, 0);
        bool was_refused = rs_internal_hook_refused() > refused;
        state(after, sizeof after);
        if (outcome == WRONG || (outcome == NO_MEMORY && (!was_refused || strcmp(before, after) != 0))) {
            fprintf(stderr, "%s, %d granted: outcome %d, refused %d, %s\n", name, (int)passes, outcome, was_refused,
                    strcmp(before, after) == 0 ? "nothing changed" : "data changed");
            exit(1);
        }
        checks++;
        failures += outcome == NO_MEMORY;
        if (!was_refused)
            break;
    }
    /* What never asks for so much memory would prove nothing. */
    if (failures == 0) {
        fprintf(stderr, "%s was never refused anything\n", name);
        exit(1);
    }
    total += (size_t)failures;
}

/* ---- operations ---- */

static void stored(void)
{
    CHECK_STATUS(RS_OK, rs_set(session, "k", 1, value, VALUE, 0));
}

static void stored_less(void)
{
    CHECK_STATUS(RS_OK, rs_set(session, "k", 1, value, VALUE / 2, 0));
}

static void listed(void)
{
    for (int i = 0; i < 3; i++)
        rs_reply_free(rs_command(session, "RPUSH l %b", value, (size_t)VALUE));
    rs_reply_free(rs_command(session, "HSET h f %b", value, (size_t)VALUE));
}

static enum outcome typed_set(void)
{
    return of_status(rs_set(session, "k", 1, value, VALUE, 0));
}

static enum outcome typed_set_key(void)
{
    return of_status(rs_set(session, value, VALUE, "v", 1, 0));
}

static enum outcome typed_set_many(void)
{
    rs_slice key = { "k", 1 }, val = { value, VALUE };
    return of_status(rs_set_many(session, 1, &key, &val));
}

#define COMMAND(name, ...)                                   \
    static enum outcome name(void)                           \
    {                                                        \
        return of_reply(rs_command(session, __VA_ARGS__));   \
    }
COMMAND(c_set, "SET k %b", value, (size_t)VALUE)
COMMAND(c_append, "APPEND k %b", value, (size_t)VALUE)
COMMAND(c_setrange, "SETRANGE k 300000 x")
COMMAND(c_setbit, "SETBIT k 8000000 1")
COMMAND(c_hset, "HSET h f %b", value, (size_t)VALUE)
COMMAND(c_rpush, "RPUSH l %b", value, (size_t)VALUE)
COMMAND(c_sadd, "SADD s %b", value, (size_t)VALUE)
COMMAND(c_zadd, "ZADD z 1 %b", value, (size_t)VALUE)
COMMAND(c_xadd, "XADD x 1-1 f %b", value, (size_t)VALUE)
COMMAND(c_getset, "GETSET k %b", value, (size_t)VALUE)
COMMAND(c_mset, "MSET k %b", value, (size_t)VALUE)
COMMAND(c_echo, "ECHO %b", value, (size_t)VALUE)
COMMAND(c_get, "GET k")
COMMAND(c_mget, "MGET k k k")
COMMAND(c_getrange, "GETRANGE k 0 -1")
COMMAND(c_lrange, "LRANGE l 0 -1")
COMMAND(c_hgetall, "HGETALL h")
COMMAND(c_dump, "DUMP k")

static enum outcome argv_set(void)
{
    const char *argv[] = { "SET", "k", value };
    size_t lengths[] = { 3, 1, VALUE };
    return of_reply(rs_command_argv(session, 3, argv, lengths));
}

static enum outcome queued(void)
{
    CHECK(of_reply(rs_command(session, "MULTI")) == DONE);
    enum outcome first = of_reply(rs_command(session, "SET k %b", value, (size_t)VALUE));
    rs_reply *reply = rs_command(session, "EXEC");
    if (first == NO_MEMORY && reply != NULL && reply->type == RS_REPLY_ERROR && strstr(reply->str, "EXECABORT") != NULL) {
        rs_reply_free(reply);
        return NO_MEMORY;
    }
    if (reply != NULL && reply->type == RS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->type == RS_REPLY_ERROR && strstr(reply->element[0]->str, "memory") != NULL) {
        rs_reply_free(reply);
        return NO_MEMORY;
    }
    enum outcome outcome = of_reply(reply);
    if (outcome == NO_MEMORY)
        rs_reply_free(rs_command(session, "DISCARD"));
    return outcome;
}

static enum outcome batch(void)
{
    const char *set[] = { "SET", "k", value }, *get[] = { "GET", "k" };
    const char **argv[] = { set, get };
    int argc[] = { 3, 2 };
    rs_reply *out[2] = { NULL, NULL };
    rs_status status = rs_command_batch(session, 2, argc, argv, NULL, out);
    if (status != RS_OK) {
        rs_reply_free(rs_command(session, "DEL k")); /* The first may have run. */
        return of_status(status);
    }
    enum outcome first = of_reply(out[0]), second = of_reply(out[1]);
    if (first == WRONG || second == WRONG)
        return WRONG;
    if (first == DONE && second == DONE)
        return DONE;
    rs_reply_free(rs_command(session, "DEL k"));
    return NO_MEMORY;
}

static enum outcome restore(void)
{
    static rs_reply *dumped;
    if (dumped == NULL) {
        rs_internal_hook_refuse(0, 0);
        stored();
        dumped = rs_command(session, "DUMP k");
        CHECK(dumped != NULL && dumped->type == RS_REPLY_STRING);
        rs_reply_free(rs_command(session, "DEL k"));
        rs_internal_hook_refuse(LARGE, 0);
    }
    return of_reply(rs_command(session, "RESTORE k 0 %b", dumped->str, dumped->len));
}

static enum outcome reader(void)
{
    rs_reader *made = rs_reader_new();
    rs_reply *reply = NULL;
    CHECK(made != NULL);
    rs_status status = rs_reader_feed(made, "$200000\r\n", 9);
    if (status == RS_OK)
        status = rs_reader_feed(made, value, VALUE);
    if (status == RS_OK)
        status = rs_reader_feed(made, "\r\n", 2);
    if (status == RS_OK) {
        status = rs_reader_next(made, &reply);
        if (status == RS_ERR_NO_MEMORY) { /* It can be tried again. */
            CHECK_STATUS(RS_OK, rs_reader_next(made, &reply));
            CHECK(reply->len == VALUE);
        }
    }
    rs_reply_free(reply);
    rs_reader_free(made);
    return of_status(status);
}

static enum outcome request_reader(void)
{
    rs_request_reader *made = rs_request_reader_new();
    rs_reply *reply = NULL;
    CHECK(made != NULL);
    rs_status status = rs_request_reader_feed(made, "*1\r\n$200000\r\n", 13);
    if (status == RS_OK)
        status = rs_request_reader_feed(made, value, VALUE);
    if (status == RS_OK)
        status = rs_request_reader_feed(made, "\r\n", 2);
    if (status == RS_OK)
        status = rs_request_reader_next(made, &reply);
    rs_reply_free(reply);
    rs_request_reader_free(made);
    return of_status(status);
}

/* ---- through a socket ---- */

static rs_server *server;

/* Writes a request and reads `want` bytes of reply. A client may be told that there is no memory, or lose its connection. */
static enum outcome exchange(const char *request, size_t len, size_t want)
{
    static char got[2 * VALUE];
    int fd = connect_to(server);
    size_t done = 0;
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, request + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    while (done < want) {
        ssize_t n = recv(fd, got + done, sizeof got - done, 0);
        if (n <= 0)
            break;
        done += (size_t)n;
        if (got[0] == '-')
            break;
    }
    close(fd);
    return done >= want && got[0] != '-' ? DONE : NO_MEMORY;
}

static enum outcome server_set(void)
{
    static char request[VALUE + 64];
    size_t len = (size_t)sprintf(request, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n", VALUE);
    memcpy(request + len, value, VALUE);
    memcpy(request + len + VALUE, "\r\n", 2);
    return exchange(request, len + VALUE + 2, 5);
}

static enum outcome server_get(void)
{
    return exchange("GET k\r\n", 7, VALUE + 11);
}

int main(void)
{
    rs_config *config = loopback("1");
    CHECK_STATUS(RS_OK, rs_config_set(config, "enable-debug-command", "yes"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    for (size_t i = 0; i < VALUE; i++)
        value[i] = (char)('a' + i * 7919 % 26);
    static const struct {
        const char *name;
        enum outcome (*run)(void);
        void (*prepare)(void);
    } operations[] = {
        { "rs_set", typed_set, NULL }, { "rs_set over another", typed_set, stored_less }, { "rs_set of a key", typed_set_key, NULL },
        { "rs_set_many", typed_set_many, NULL }, { "SET", c_set, NULL }, { "SET by argv", argv_set, NULL },
        { "APPEND", c_append, stored }, { "SETRANGE", c_setrange, stored }, { "SETBIT", c_setbit, stored },
        { "HSET", c_hset, NULL }, { "RPUSH", c_rpush, NULL }, { "SADD", c_sadd, NULL }, { "ZADD", c_zadd, NULL },
        { "XADD", c_xadd, NULL }, { "GETSET", c_getset, NULL }, { "MSET", c_mset, NULL }, { "ECHO", c_echo, NULL },
        { "GET", c_get, stored }, { "MGET", c_mget, stored }, { "GETRANGE", c_getrange, stored },
        { "LRANGE", c_lrange, listed }, { "HGETALL", c_hgetall, listed }, { "DUMP", c_dump, stored },
        { "RESTORE", restore, NULL }, { "MULTI, SET", queued, NULL }, { "rs_command_batch", batch, NULL },
        { "rs_reader", reader, NULL }, { "rs_request_reader", request_reader, NULL }, { "SET through a socket", server_set, NULL }, { "GET through a socket", server_get, stored },
    };
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        until_it_succeeds(operations[i].name, operations[i].run, operations[i].prepare);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    rs_session_close(session);
    rs_engine_close(engine);
    printf("%zu refusals in %zu operations, %d checks\n", total, sizeof operations / sizeof *operations, checks);
    return 0;
}
