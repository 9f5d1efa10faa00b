/* Commands of the host: registration and its refusals, replies good and bad, commands inside, every protocol. */
#include "check.h"
#include "socket.h"
#include <pthread.h>
#include <unistd.h>

static rs_engine *engine;
static rs_session *session;
static char logged[4096];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static void keep_log(int level, const char *msg, size_t len, void *ud)
{
    (void)level, (void)ud;
    pthread_mutex_lock(&log_lock);
    if (strlen(logged) + len + 2 < sizeof logged) {
        strncat(logged, msg, len);
        strcat(logged, "\n");
    }
    pthread_mutex_unlock(&log_lock);
}

static void expect_logged(const char *text)
{
    pthread_mutex_lock(&log_lock);
    CHECK(strstr(logged, text) != NULL);
    logged[0] = 0;
    pthread_mutex_unlock(&log_lock);
}

/* ---- what is registered ---- */

static int freed;

static void count_free(void *ud)
{
    (void)ud;
    freed++;
}

static rs_status add(const char *name, int arity, const char *flags, int first, int last, int step, rs_command_fn handler)
{
    rs_command_spec spec = { name, arity, flags, first, last, step, handler, NULL, count_free };
    return rs_engine_register_command(engine, &spec);
}

static void hello(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    (void)argv, (void)ud;
    CHECK_STATUS(RS_OK, rs_call_reply_integer(call, argc));
}

/* SHAPE what: each kind of reply, good or bad. */
static void shape(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    static const char long_text[70000] = { 0 };
    char what[32];
    int i;
    (void)ud;
    CHECK(argc == 2 && argv[1].len < sizeof what);
    memcpy(what, argv[1].data, argv[1].len);
    what[argv[1].len] = 0;
    if (strcmp(what, "integer") == 0) {
        rs_call_reply_integer(call, -7);
    } else if (strcmp(what, "bulk") == 0) {
        rs_call_reply_bulk(call, "a\r\n\0b", 5);
    } else if (strcmp(what, "empty") == 0) {
        rs_call_reply_bulk(call, NULL, 0);
    } else if (strcmp(what, "status") == 0) {
        rs_call_reply_status(call, "two\r\nlines");
    } else if (strcmp(what, "error") == 0) {
        rs_call_reply_error(call, "LIMITED two\r\nlines");
    } else if (strcmp(what, "plain-error") == 0) {
        rs_call_reply_error(call, "no code");
    } else if (strcmp(what, "nil") == 0) {
        rs_call_reply_nil(call);
    } else if (strcmp(what, "double") == 0) {
        rs_call_reply_double(call, 1.5);
    } else if (strcmp(what, "map") == 0) {
        rs_call_reply_map(call, 2);
        rs_call_reply_status(call, "a");
        rs_call_reply_array(call, 0);
        rs_call_reply_status(call, "b");
        rs_call_reply_array(call, 2);
        rs_call_reply_error(call, "inner");
        rs_call_reply_nil(call);
    } else if (strcmp(what, "none") == 0) {
    } else if (strcmp(what, "twice") == 0) {
        CHECK_STATUS(RS_OK, rs_call_reply_integer(call, 1));
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_integer(call, 2));
    } else if (strcmp(what, "error-twice") == 0) {
        CHECK_STATUS(RS_OK, rs_call_reply_error(call, "ERR one"));
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_error(call, "ERR two"));
    } else if (strcmp(what, "few") == 0) {
        rs_call_reply_array(call, 3);
        rs_call_reply_integer(call, 1);
    } else if (strcmp(what, "many") == 0) {
        rs_call_reply_array(call, 1);
        rs_call_reply_integer(call, 1);
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_integer(call, 2));
    } else if (strcmp(what, "odd-map") == 0) {
        rs_call_reply_map(call, 1);
        rs_call_reply_integer(call, 1);
    } else if (strcmp(what, "huge-array") == 0) {
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_array(call, (size_t)-1));
    } else if (strcmp(what, "huge-map") == 0) {
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_map(call, (size_t)1 << 40));
    } else if (strcmp(what, "huge-bulk") == 0) {
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_bulk(call, "x", (size_t)1 << 30));
    } else if (strcmp(what, "long-status") == 0) {
        char *text = malloc(sizeof long_text);
        memset(text, 'x', sizeof long_text);
        text[sizeof long_text - 1] = 0;
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_status(call, text));
        free(text);
    } else if (strcmp(what, "deep") == 0) {
        for (i = 0; i < 64; i++)
            CHECK_STATUS(RS_OK, rs_call_reply_array(call, 1));
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_array(call, 1));
    } else if (strcmp(what, "nested") == 0) {
        for (i = 0; i < 64; i++)
            rs_call_reply_array(call, 1);
        rs_call_reply_integer(call, 64);
    } else if (strcmp(what, "nulls") == 0) {
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_status(call, NULL));
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_error(call, NULL));
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_bulk(call, NULL, 1));
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_nil(NULL));
        CHECK(rs_call_command_argv(call, 1, NULL, NULL) == NULL);
        CHECK(rs_call_command_argv(call, 0, NULL, NULL) == NULL);
        CHECK(rs_call_command_argv(NULL, 0, NULL, NULL) == NULL);
        CHECK_STATUS(RS_OK, rs_call_reply_status(call, "nulls"));
    } else {
        rs_call_reply_error(call, "ERR what?");
    }
}

/* RUN key command...: what the command answers inside. */
static void run_inside(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    const char *words[32];
    size_t lengths[32];
    rs_reply *reply;
    int i;
    (void)ud;
    for (i = 2; i < argc && i < 34; i++) {
        words[i - 2] = argv[i].data;
        lengths[i - 2] = argv[i].len;
    }
    reply = rs_call_command_argv(call, argc - 2, words, lengths);
    if (reply == NULL)
        rs_call_reply_error(call, rs_last_error());
    else if (reply->type == RS_REPLY_ERROR)
        rs_call_reply_error(call, reply->str);
    else if (reply->type == RS_REPLY_INTEGER)
        rs_call_reply_integer(call, reply->integer);
    else if (reply->type == RS_REPLY_NIL)
        rs_call_reply_nil(call);
    else if (reply->type == RS_REPLY_ARRAY || reply->type == RS_REPLY_MAP)
        rs_call_reply_status(call, reply->type == RS_REPLY_MAP ? "map" : "array");
    else
        rs_call_reply_bulk(call, reply->str, reply->len);
    rs_reply_free(reply);
}

/* Calls what it must not call, and finds RS_ERR_BUSY everywhere, not a deadlock. */
static void call_back(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    rs_command_spec spec = { "later", 1, "", 0, 0, 0, hello, NULL, count_free };
    rs_engine *other = NULL;
    rs_session *another = NULL;
    rs_server *server = NULL;
    char buf[8];
    size_t len;
    int before = freed;
    const char *words[] = { "GET", "k" };
    (void)argc, (void)argv, (void)ud;
    CHECK(rs_command(session, "GET k") == NULL);
    CHECK(strstr(rs_last_error(), "callback") != NULL);
    CHECK(rs_command_argv(session, 2, words, NULL) == NULL);
    CHECK_STATUS(RS_ERR_BUSY, rs_get(session, "k", 1, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_BUSY, rs_session_open(engine, &another));
    CHECK_STATUS(RS_ERR_BUSY, rs_engine_open(NULL, &other));
    CHECK_STATUS(RS_ERR_BUSY, rs_server_start(engine, &server));
    CHECK_STATUS(RS_ERR_BUSY, rs_engine_register_command(engine, &spec));
    CHECK(freed == before + 1);
    CHECK(other == NULL && another == NULL && server == NULL);
    rs_call_reply_status(call, "alive");
}

/* ONCE MORE: runs itself until it is refused, and replies with the depth. */
static void recurse(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    static int depth;
    const char *words[] = { "recurse", "k" };
    rs_reply *reply;
    (void)argc, (void)argv, (void)ud;
    depth++;
    reply = rs_call_command_argv(call, 2, words, NULL);
    CHECK(reply != NULL);
    if (reply->type == RS_REPLY_ERROR) {
        CHECK(strstr(reply->str, "nested too deeply") != NULL);
        CHECK_STATUS(RS_OK, rs_call_reply_integer(call, depth));
    } else {
        CHECK_STATUS(RS_OK, rs_call_reply_integer(call, reply->integer));
    }
    rs_reply_free(reply);
    depth--;
}

static rs_call *stale;

/* The outer call is out of reach while an inner one runs, and both afterwards. */
static void inner(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    (void)argc, (void)argv, (void)ud;
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_integer(stale, 1));
    CHECK_STATUS(RS_OK, rs_call_reply_integer(call, 2));
}

static void outer(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    const char *words[] = { "inner" };
    rs_reply *reply;
    (void)argc, (void)argv, (void)ud;
    stale = call;
    CHECK_STATUS(RS_OK, rs_call_reply_array(call, 2));
    reply = rs_call_command_argv(call, 1, words, NULL);
    CHECK(reply != NULL && reply->type == RS_REPLY_INTEGER && reply->integer == 2);
    rs_reply_free(reply);
    CHECK_STATUS(RS_OK, rs_call_reply_integer(call, 1));
    CHECK_STATUS(RS_OK, rs_call_reply_integer(call, 2));
}

static void *use_in_thread(void *call)
{
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_integer(call, 1));
    return NULL;
}

static void threaded(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    pthread_t thread;
    (void)argc, (void)argv, (void)ud;
    CHECK(pthread_create(&thread, NULL, use_in_thread, call) == 0 && pthread_join(thread, NULL) == 0);
    rs_call_reply_nil(call);
}

/* ---- in process ---- */

static void expect(int type, const char *text, const char *command)
{
    rs_reply *reply = rs_command(session, command);
    CHECK(reply != NULL);
    if (reply->type != type || (text != NULL && strstr(reply->str, text) == NULL)) {
        fprintf(stderr, "%s: type %d, %s; expected %d, %s\n", command, reply->type,
                reply->str ? reply->str : "no text", type, text ? text : "anything");
        exit(1);
    }
    __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);
    rs_reply_free(reply);
}

static void expect_integer(long long expected, const char *command)
{
    rs_reply *reply = rs_command(session, command);
    if (reply == NULL || reply->type != RS_REPLY_INTEGER || reply->integer != expected) {
        fprintf(stderr, "%s: type %d, %lld, %s; expected %lld\n", command, reply ? reply->type : 0,
                reply ? reply->integer : 0, reply && reply->str ? reply->str : rs_last_error(), expected);
        exit(1);
    }
    __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);
    rs_reply_free(reply);
}

static void test_registration(void)
{
    rs_command_spec spec = { "a", 1, NULL, 0, 0, 0, hello, NULL, count_free };
    CHECK_STATUS(RS_OK, rs_engine_register_command(engine, &spec));
    CHECK(freed == 0);
    CHECK_STATUS(RS_ERR_EXISTS, add("A", 1, "", 0, 0, 0, hello));
    CHECK_STATUS(RS_ERR_EXISTS, add("get", 1, "", 0, 0, 0, hello));
    CHECK_STATUS(RS_ERR_EXISTS, add("GeT", 1, "", 0, 0, 0, hello));
    CHECK_STATUS(RS_ERR_CONFIG, add("b", 1, "readonly wrong", 0, 0, 0, hello));
    CHECK(strstr(rs_last_error(), "'wrong'") != NULL);
    CHECK_STATUS(RS_ERR_CONFIG, add("b", 1, "readonly write", 0, 0, 0, hello));
    CHECK_STATUS(RS_ERR_ARGUMENT, add(NULL, 1, "", 0, 0, 0, hello));
    CHECK_STATUS(RS_ERR_ARGUMENT, add("", 1, "", 0, 0, 0, hello));
    CHECK_STATUS(RS_ERR_ARGUMENT, add("two words", 1, "", 0, 0, 0, hello));
    CHECK_STATUS(RS_ERR_ARGUMENT, add("b", 0, "", 0, 0, 0, hello));
    CHECK_STATUS(RS_ERR_ARGUMENT, add("b", 1 << 20, "", 0, 0, 0, hello));
    CHECK_STATUS(RS_ERR_ARGUMENT, add("b", 2, "", 2, 2, 1, hello));
    CHECK_STATUS(RS_ERR_ARGUMENT, add("b", 2, "", 1, 1, 0, hello));
    CHECK_STATUS(RS_ERR_ARGUMENT, add("b", -2, "", -1, 1, 1, hello));
    CHECK_STATUS(RS_ERR_ARGUMENT, add("b", 2, "", 1, 1, 1, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_engine_register_command(engine, NULL));
    CHECK(freed == 14);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_engine_register_command(NULL, &spec));
    CHECK(freed == 15);

    CHECK_STATUS(RS_OK, add("Host.Hello", -1, "fast", 0, 0, 0, hello));
    CHECK_STATUS(RS_OK, add("shape", 2, "readonly", 0, 0, 0, shape));
    CHECK_STATUS(RS_OK, add("run", -3, "write denyoom", 1, 1, 1, run_inside));
    CHECK_STATUS(RS_OK, add("run0", -3, "write", 0, 0, 0, run_inside));
    CHECK_STATUS(RS_OK, add("peek", -3, "readonly", 1, 1, 1, run_inside));
    CHECK_STATUS(RS_OK, add("grow", -3, "write", 1, 1, 1, run_inside));
    CHECK_STATUS(RS_OK, add("pairs", -3, "write", 1, -1, 2, hello));
    CHECK_STATUS(RS_OK, add("back", 2, "write", 1, 1, 1, call_back));
    CHECK_STATUS(RS_OK, add("recurse", 2, "", 1, 1, 1, recurse));
    CHECK_STATUS(RS_OK, add("inner", 1, "", 0, 0, 0, inner));
    CHECK_STATUS(RS_OK, add("outer", 1, "", 0, 0, 0, outer));
    CHECK_STATUS(RS_OK, add("threaded", 1, "", 0, 0, 0, threaded));
    CHECK(freed == 15);
}

static void test_replies(void)
{
    static const char *const bad[][2] = {
        { "none", "has not replied" },          { "twice", "more than once" },
        { "error-twice", "more than once" },    { "few", "too few elements" },
        { "many", "more than once" },           { "odd-map", "too few elements" },
        { "huge-array", "too large" },          { "huge-map", "too large" },
        { "huge-bulk", "too large" },           { "long-status", "too large" },
        { "deep", "too deeply" },
    };
    rs_reply *reply;
    size_t i;
    char command[64];
    expect_integer(3, "host.HELLO a b");
    expect_integer(-7, "shape integer");
    expect(RS_REPLY_STRING, "", "shape empty");
    expect(RS_REPLY_STATUS, "two  lines", "shape status");
    expect(RS_REPLY_ERROR, "LIMITED two  lines", "shape error");
    expect(RS_REPLY_ERROR, "ERR no code", "shape plain-error");
    expect(RS_REPLY_NIL, NULL, "shape nil");
    expect(RS_REPLY_STRING, "1.5", "shape double");
    expect(RS_REPLY_STATUS, "nulls", "shape nulls");
    expect(RS_REPLY_ARRAY, NULL, "shape nested");
    expect(RS_REPLY_ERROR, "wrong number of arguments for 'shape' command", "shape");
    reply = rs_command(session, "shape bulk");
    CHECK(reply != NULL && reply->type == RS_REPLY_STRING && reply->len == 5 && memcmp(reply->str, "a\r\n\0b", 5) == 0);
    rs_reply_free(reply);
    reply = rs_command(session, "shape map");
    CHECK(reply != NULL && reply->type == RS_REPLY_ARRAY && reply->elements == 4);
    CHECK(reply->element[3]->elements == 2 && strcmp(reply->element[3]->element[0]->str, "ERR inner") == 0);
    rs_reply_free(reply);
    expect(RS_REPLY_MAP, NULL, "HELLO 3");
    reply = rs_command(session, "shape map");
    CHECK(reply != NULL && reply->type == RS_REPLY_MAP && reply->elements == 4);
    rs_reply_free(reply);
    expect(RS_REPLY_DOUBLE, "1.5", "shape double");
    /* Inside, replies are the same whatever the client speaks. */
    expect_integer(1, "run h hset h f v");
    expect(RS_REPLY_STATUS, "array", "run h hgetall h");
    expect(RS_REPLY_ARRAY, NULL, "HELLO 2");
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        logged[0] = 0;
        snprintf(command, sizeof command, "shape %s", bad[i][0]);
        expect(RS_REPLY_ERROR, bad[i][1], command);
        expect_logged(bad[i][1]);
    }
    expect(RS_REPLY_ARRAY, NULL, "outer");
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_integer(stale, 1));
    expect(RS_REPLY_NIL, NULL, "threaded");
    expect(RS_REPLY_STATUS, "alive", "back k");
    expect_integer(16, "recurse k");
}

static void test_commands_inside(void)
{
    expect(RS_REPLY_STRING, "OK", "run k set k 41");
    expect_integer(42, "run k incr k");
    expect(RS_REPLY_STRING, "42", "peek k get k");
    expect(RS_REPLY_NIL, NULL, "peek none get none");
    expect(RS_REPLY_ERROR, "WRONGTYPE", "run k lpush k x");
    expect(RS_REPLY_ERROR, "uses the key 'other', which is none", "run k get other");
    expect(RS_REPLY_ERROR, "uses the key 'other'", "run k mget k other");
    expect(RS_REPLY_ERROR, "uses the key", "run0 x get k");
    expect(RS_REPLY_ERROR, "readonly", "peek k set k 1");
    expect(RS_REPLY_ERROR, "unknown command 'nosuch'", "run k nosuch k");
    expect(RS_REPLY_ERROR, "unknown subcommand 'nosuch'", "run k object nosuch k");
    expect(RS_REPLY_ERROR, "wrong number of arguments for 'get'", "run k get");
    expect(RS_REPLY_STRING, "int", "run k object encoding k");
    expect(RS_REPLY_STATUS, "array", "run0 x time");
    expect_integer(1, "run0 x host.hello");
    expect_integer(2, "run k run k strlen k");
    {
        static const char *const refused[] = {
            "multi",  "exec",      "discard",    "watch k",     "unwatch",      "select 1",       "client id",
            "auth x", "hello 3",   "quit",       "reset",       "ping",         "flushall",       "flushdb",
            "keys *", "scan 0",    "dbsize",     "randomkey",   "swapdb 0 1",   "blpop k 0",      "brpop k 0",
            "bzpopmin k 0",        "blmove k k left left 0",    "config get x", "monitor",        "shutdown",
            "xread block 0 streams k 0",         "debug sleep 0", "info",       "slowlog get",    "sort k by w_*",
        };
        char command[128];
        size_t i;
        for (i = 0; i < sizeof refused / sizeof *refused; i++) {
            snprintf(command, sizeof command, "run k %s", refused[i]);
            expect(RS_REPLY_ERROR, "inside a host command", command);
        }
    }
}

/* Every built-in command, inside: it is refused or runs, and nothing breaks. */
static void test_every_command_inside(void)
{
    static const char *const fillers[] = { "k", "1", "list", "zset" };
    rs_reply *names = rs_command(session, "COMMAND LIST");
    size_t i, filler;
    expect_integer(2, "rpush list a b");
    expect_integer(1, "zadd zset 1 a");
    CHECK(names != NULL && names->elements > 200);
    /* The first one that was registered ends the table. */
    for (i = 0; strcmp(names->element[i]->str, "a") != 0; i++) {
        for (filler = 0; filler < sizeof fillers / sizeof *fillers; filler++) {
            const char *words[16] = { "run", fillers[filler] };
            const char *bar = strchr(names->element[i]->str, '|');
            char container[64], sub[64];
            int argc = 2, extra;
            rs_reply *reply;
            snprintf(container, sizeof container, "%.*s",
                     bar ? (int)(bar - names->element[i]->str) : (int)names->element[i]->len, names->element[i]->str);
            words[argc++] = container;
            if (bar != NULL) {
                snprintf(sub, sizeof sub, "%s", bar + 1);
                words[argc++] = sub;
            }
            for (extra = 0; extra < 6; extra++) {
                reply = rs_command_argv(session, argc, words, NULL);
                CHECK(reply != NULL);
                rs_reply_free(reply);
                words[argc++] = fillers[filler];
            }
        }
    }
    rs_reply_free(names);
    /* The session is where it was: in database 0, outside transactions, not subscribed, not silent. */
    expect(RS_REPLY_STRING, "db=0 sub=0", "CLIENT LIST");
    expect(RS_REPLY_STATUS, "PONG", "PING");
    expect(RS_REPLY_STATUS, "OK", "FLUSHALL");
}

static void test_transactions(void)
{
    rs_session *other;
    rs_reply *reply;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &other));
    expect(RS_REPLY_STATUS, "OK", "MULTI");
    expect(RS_REPLY_STATUS, "QUEUED", "run k set k 1");
    expect(RS_REPLY_STATUS, "QUEUED", "shape few");
    expect(RS_REPLY_STATUS, "QUEUED", "run other get k");
    expect(RS_REPLY_STATUS, "QUEUED", "run k incr k");
    reply = rs_command(session, "EXEC");
    CHECK(reply != NULL && reply->type == RS_REPLY_ARRAY && reply->elements == 4);
    CHECK(strcmp(reply->element[0]->str, "OK") == 0);
    CHECK(strstr(reply->element[1]->str, "too few elements") != NULL);
    /* The keys of the transaction are not those of the command. */
    CHECK(strstr(reply->element[2]->str, "uses the key 'k'") != NULL);
    CHECK(reply->element[3]->integer == 2);
    rs_reply_free(reply);
    /* A bad call is refused when it is queued. */
    expect(RS_REPLY_STATUS, "OK", "MULTI");
    expect(RS_REPLY_ERROR, "wrong number of arguments", "run k");
    expect(RS_REPLY_ERROR, "EXECABORT", "EXEC");
    /* What a host command changes inside breaks a WATCH, what it reads does not. */
    expect(RS_REPLY_STATUS, "OK", "WATCH k");
    rs_reply_free(rs_command(other, "peek k get k"));
    expect(RS_REPLY_STATUS, "OK", "MULTI");
    expect(RS_REPLY_STATUS, "QUEUED", "PING");
    expect(RS_REPLY_ARRAY, NULL, "EXEC");
    expect(RS_REPLY_STATUS, "OK", "WATCH k");
    rs_reply_free(rs_command(other, "run k incr k"));
    expect(RS_REPLY_STATUS, "OK", "MULTI");
    expect(RS_REPLY_STATUS, "QUEUED", "PING");
    expect(RS_REPLY_NIL, NULL, "EXEC");
    rs_session_close(other);
}

static void *wait_for_element(void *ud)
{
    rs_session *waiting;
    rs_reply *reply;
    (void)ud;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &waiting));
    reply = rs_command(waiting, "BLPOP queue 0");
    CHECK(reply != NULL && reply->type == RS_REPLY_ARRAY && strcmp(reply->element[1]->str, "job") == 0);
    rs_reply_free(reply);
    rs_session_close(waiting);
    return NULL;
}

static void test_waiting_clients_are_served(void)
{
    pthread_t thread;
    int blocked = 0;
    CHECK(pthread_create(&thread, NULL, wait_for_element, NULL) == 0);
    while (!blocked) {
        rs_reply *info = rs_command(session, "INFO clients");
        blocked = strstr(info->str, "blocked_clients:1\r") != NULL;
        rs_reply_free(info);
    }
    expect_integer(1, "run queue lpush queue job");
    CHECK(pthread_join(thread, NULL) == 0);
    expect_integer(0, "exists queue");
}

static void test_memory_limit(void)
{
    expect(RS_REPLY_STATUS, "OK", "CONFIG SET maxmemory 1");
    expect(RS_REPLY_ERROR, "OOM command not allowed", "run k set k 2");
    expect(RS_REPLY_ERROR, "OOM command not allowed", "grow k set k 2");
    expect_integer(1, "grow k del k");
    expect(RS_REPLY_STATUS, "OK", "CONFIG SET maxmemory 0");
    expect(RS_REPLY_STRING, "OK", "grow k set k 2");
}

static void test_introspection(void)
{
    rs_reply *reply, *info;
    long long count, before;
    reply = rs_command(session, "COMMAND INFO run pairs nosuch");
    CHECK(reply != NULL && reply->elements == 3 && reply->element[2]->type == RS_REPLY_NIL);
    info = reply->element[0];
    CHECK(strcmp(info->element[0]->str, "run") == 0 && info->element[1]->integer == -3);
    CHECK(info->element[2]->elements == 2 && strcmp(info->element[2]->element[0]->str, "write") == 0);
    CHECK(strcmp(info->element[2]->element[1]->str, "denyoom") == 0);
    CHECK(info->element[3]->integer == 1 && info->element[4]->integer == 1 && info->element[5]->integer == 1);
    CHECK(strcmp(info->element[6]->element[0]->str, "@write") == 0);
    CHECK(strcmp(info->element[6]->element[1]->str, "@slow") == 0);
    CHECK(info->element[8]->elements == 1);
    info = reply->element[1];
    CHECK(info->element[3]->integer == 1 && info->element[4]->integer == -1 && info->element[5]->integer == 2);
    rs_reply_free(reply);
    reply = rs_command(session, "COMMAND GETKEYS pairs a 1 b 2");
    CHECK(reply != NULL && reply->elements == 2 && strcmp(reply->element[1]->str, "b") == 0);
    rs_reply_free(reply);
    reply = rs_command(session, "COMMAND GETKEYSANDFLAGS peek k get");
    CHECK(reply != NULL && strcmp(reply->element[0]->element[1]->element[0]->str, "RO") == 0);
    rs_reply_free(reply);
    reply = rs_command(session, "COMMAND DOCS run");
    CHECK(reply != NULL && reply->elements == 2 && strcmp(reply->element[0]->str, "run") == 0);
    rs_reply_free(reply);
    reply = rs_command(session, "COMMAND LIST FILTERBY PATTERN host.*");
    CHECK(reply != NULL && reply->elements == 1 && strcmp(reply->element[0]->str, "host.hello") == 0);
    rs_reply_free(reply);
    reply = rs_command(session, "COMMAND COUNT");
    before = reply->integer;
    rs_reply_free(reply);
    CHECK_STATUS(RS_OK, add("one.more", 1, "", 0, 0, 0, hello));
    reply = rs_command(session, "COMMAND COUNT");
    count = reply->integer;
    rs_reply_free(reply);
    CHECK(count == before + 1);
    reply = rs_command(session, "COMMAND");
    CHECK(reply != NULL && (long long)reply->elements == count);
    CHECK(strcmp(reply->element[count - 1]->element[0]->str, "one.more") == 0);
    rs_reply_free(reply);

    expect(RS_REPLY_STATUS, "OK", "CONFIG RESETSTAT");
    expect_integer(1, "one.more");
    expect(RS_REPLY_ERROR, "ERR no code", "shape plain-error");
    expect(RS_REPLY_ERROR, "wrong number", "shape");
    expect_integer(1, "run k strlen k");
    expect(RS_REPLY_STRING, "cmdstat_one.more:calls=1,", "INFO commandstats");
    expect(RS_REPLY_STRING, "cmdstat_strlen:calls=1,", "INFO commandstats");
    reply = rs_command(session, "INFO commandstats");
    info = reply;
    CHECK(strstr(strstr(info->str, "cmdstat_shape:calls=1,"), "rejected_calls=1,failed_calls=1") != NULL);
    rs_reply_free(reply);
    expect(RS_REPLY_STRING, "latency_percentiles_usec_one.more:", "INFO latencystats");
    reply = rs_command(session, "LATENCY HISTOGRAM one.more pairs");
    CHECK(reply != NULL && reply->elements == 2);
    rs_reply_free(reply);
    expect(RS_REPLY_STATUS, "OK", "CONFIG SET slowlog-log-slower-than 0");
    expect_integer(1, "one.more");
    reply = rs_command(session, "SLOWLOG GET 1");
    CHECK(reply != NULL && strcmp(reply->element[0]->element[3]->element[0]->str, "one.more") == 0);
    rs_reply_free(reply);
    expect(RS_REPLY_STATUS, "OK", "CONFIG SET slowlog-log-slower-than 10000");
    {
        rs_session *monitor;
        CHECK_STATUS(RS_OK, rs_session_open(engine, &monitor));
        rs_reply_free(rs_command(monitor, "MONITOR"));
        expect(RS_REPLY_STRING, "2", "run k get k");
        CHECK_STATUS(RS_OK, rs_session_next_push(monitor, 5000, &reply));
        CHECK(strstr(reply->str, "\"run\" \"k\" \"get\" \"k\"") != NULL);
        rs_reply_free(reply);
        CHECK_STATUS(RS_ERR_TIMEOUT, rs_session_next_push(monitor, 0, &reply));
        rs_session_close(monitor);
    }
    {
        rs_session *named;
        CHECK_STATUS(RS_OK, rs_session_open(engine, &named));
        rs_reply_free(rs_command(named, "one.more"));
        expect(RS_REPLY_STRING, "cmd=one.more", "CLIENT LIST");
        rs_session_close(named);
    }
}

/* ---- through sockets ---- */

/* Sends bytes and expects exactly these bytes. */
static void exchange(int fd, const char *out, size_t out_len, const char *in, size_t in_len)
{
    char got[512];
    size_t have = 0;
    CHECK(write(fd, out, out_len) == (ssize_t)out_len);
    while (have < in_len) {
        ssize_t n = read(fd, got + have, sizeof got - have);
        CHECK(n > 0);
        have += (size_t)n;
    }
    if (have != in_len || memcmp(got, in, in_len) != 0) {
        fprintf(stderr, "expected %.*s\ngot %.*s\n", (int)in_len, in, (int)have, got);
        exit(1);
    }
    __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);
}

#define EXCHANGE(fd, out, in) exchange(fd, out, sizeof(out) - 1, in, sizeof(in) - 1)

/* The host's own loop for a server with io-threads 0. */
static void *drive(void *server)
{
    while (rs_server_poll(server, 1000) == RS_OK) { }
    return NULL;
}

static void test_protocols(const char *threads)
{
    pthread_t driver;
    rs_config *config = rs_config_new();
    rs_engine *served;
    rs_session *own = session;
    rs_server *server;
    int fd;
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "bind", "127.0.0.1"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "io-threads", threads));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &served));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_server_start(served, &server));
    if (rs_server_fd(server) >= 0)
        CHECK(pthread_create(&driver, NULL, drive, server) == 0);
    fd = connect_to(server);
    EXCHANGE(fd, "PING\r\n", "+PONG\r\n");
    EXCHANGE(fd, "later\r\n", "-ERR unknown command 'later', with args beginning with: \r\n");
    /* Registered while clients are connected. */
    {
        rs_engine *other = engine;
        engine = served;
        CHECK_STATUS(RS_OK, add("later", -1, "fast", 0, 0, 0, hello));
        CHECK_STATUS(RS_OK, add("shape", 2, "readonly", 0, 0, 0, shape));
        CHECK_STATUS(RS_OK, add("run", -3, "write denyoom", 1, 1, 1, run_inside));
        CHECK_STATUS(RS_OK, rs_session_open(served, &session));
        CHECK_STATUS(RS_OK, add("back", 2, "write", 1, 1, 1, call_back));
        /* Inline, RESP2, RESP3; a bad reply leaves the stream in step. */
        EXCHANGE(fd, "Later x\r\n", ":2\r\n");
        EXCHANGE(fd, "*1\r\n$5\r\nlater\r\n", ":1\r\n");
        EXCHANGE(fd, "shape map\r\n", "*4\r\n+a\r\n*0\r\n+b\r\n*2\r\n-ERR inner\r\n$-1\r\n");
        EXCHANGE(fd, "shape few\r\nshape none\r\nshape twice\r\nPING\r\n",
                 "-ERR host command 'shape' has replied with too few elements\r\n"
                 "-ERR host command 'shape' has not replied\r\n"
                 "-ERR host command 'shape' has replied more than once\r\n+PONG\r\n");
        EXCHANGE(fd, "run k set k 5\r\nrun k incr k\r\nget k\r\n", "$2\r\nOK\r\n:6\r\n$1\r\n6\r\n");
        EXCHANGE(fd, "MULTI\r\nrun k incr k\r\nshape bulk\r\nEXEC\r\n",
                 "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:7\r\n$5\r\na\r\n\0b\r\n");
        EXCHANGE(fd, "back k\r\n", "+alive\r\n");
        CHECK(write(fd, "HELLO 3\r\n", 9) == 9);
        {
            char skipped[1024];
            ssize_t n = read(fd, skipped, sizeof skipped);
            CHECK(n > 0 && skipped[0] == '%');
        }
        EXCHANGE(fd, "shape map\r\n", "%2\r\n+a\r\n*0\r\n+b\r\n*2\r\n-ERR inner\r\n_\r\n");
        EXCHANGE(fd, "shape double\r\nshape nil\r\n", ",1.5\r\n_\r\n");
        EXCHANGE(fd, "CLIENT REPLY SKIP\r\nshape integer\r\nPING\r\n", "+PONG\r\n");
        close(fd);
        /* The dialect of the original project: lengths of four bytes, a status before the data. */
        fd = connect_to(server);
        EXCHANGE(fd, "\x18\0\0\0\2\0\0\0\5\0\0\0shape\7\0\0\0integer", "\6\0\0\0\0\0\0\0-7");
        EXCHANGE(fd, "\x15\0\0\0\2\0\0\0\5\0\0\0shape\4\0\0\0bulk", "\x9\0\0\0\0\0\0\0a\r\n\0b");
        close(fd);
        rs_session_close(session);
        session = own;
        engine = other;
    }
    {
        int is_driven = rs_server_fd(server) >= 0;
        CHECK_STATUS(RS_OK, rs_server_stop(server));
        if (is_driven)
            CHECK(pthread_join(driver, NULL) == 0);
    }
    freed = 0;
    rs_engine_close(served);
    CHECK(freed == 4);
}

/* ---- while others serve ---- */

struct traffic {
    pthread_t thread;
    int stop;
    long calls;
};

static void *call_all_the_time(void *ud)
{
    struct traffic *traffic = ud;
    rs_session *own;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &own));
    while (!__atomic_load_n(&traffic->stop, __ATOMIC_ACQUIRE)) {
        rs_reply *reply = rs_command(own, "host.hello a");
        CHECK(reply != NULL && reply->type == RS_REPLY_INTEGER && reply->integer == 2);
        rs_reply_free(reply);
        traffic->calls++;
        reply = rs_command(own, "t%ld", traffic->calls % 50);
        CHECK(reply != NULL && (reply->type == RS_REPLY_INTEGER || reply->type == RS_REPLY_ERROR));
        rs_reply_free(reply);
    }
    rs_session_close(own);
    return NULL;
}

static void test_registration_during_traffic(void)
{
    struct traffic traffic[2] = { 0 };
    char name[16];
    int i;
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&traffic[i].thread, NULL, call_all_the_time, &traffic[i]) == 0);
    for (i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "t%d", i);
        CHECK_STATUS(RS_OK, add(name, 1, "fast", 0, 0, 0, hello));
    }
    for (i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "T%d", i);
        expect_integer(1, name);
    }
    for (i = 0; i < 2; i++) {
        __atomic_store_n(&traffic[i].stop, 1, __ATOMIC_RELEASE);
        CHECK(pthread_join(traffic[i].thread, NULL) == 0);
    }
}

/* ---- locks ---- */

/* TRANSFER from to: takes one from the first key and gives it to the second, by reading and writing. */
static void move_one(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    long long value[2];
    int i;
    (void)argc, (void)ud;
    for (i = 0; i < 2; i++) {
        const char *get[] = { "GET", argv[1 + i].data };
        size_t len[] = { 3, argv[1 + i].len };
        rs_reply *reply = rs_call_command_argv(call, 2, get, len);
        CHECK(reply != NULL && reply->type != RS_REPLY_ERROR);
        value[i] = reply->str == NULL ? 0 : atoll(reply->str);
        rs_reply_free(reply);
    }
    value[0]--;
    value[1]++;
    for (i = 0; i < 2; i++) {
        char text[32];
        const char *set[] = { "SET", argv[1 + i].data, text };
        size_t len[] = { 3, argv[1 + i].len, 0 };
        rs_reply *reply;
        len[2] = (size_t)snprintf(text, sizeof text, "%lld", value[i]);
        reply = rs_call_command_argv(call, 3, set, len);
        CHECK(reply != NULL && reply->type == RS_REPLY_STATUS);
        rs_reply_free(reply);
    }
    rs_call_reply_integer(call, value[1]);
}

enum { MOVES = 1000 };

static void *move_many(void *command)
{
    rs_session *own;
    int i;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &own));
    for (i = 0; i < MOVES; i++) {
        rs_reply *reply = rs_command(own, command);
        CHECK(reply != NULL && reply->type != RS_REPLY_ERROR);
        rs_reply_free(reply);
        reply = rs_command(own, "MGET left right");
        CHECK(reply != NULL && reply->elements == 2);
        if (reply->element[0]->str != NULL && reply->element[1]->str != NULL)
            CHECK(atoll(reply->element[0]->str) + atoll(reply->element[1]->str) == 0);
        rs_reply_free(reply);
    }
    rs_session_close(own);
    return NULL;
}

/* A call is atomic, whatever it reads and writes, and calls with the same keys in another order do not wait for
   each other for ever. */
static void test_calls_are_atomic(void)
{
    static char *const commands[] = { "transfer left right", "transfer right left", "transfer left right" };
    pthread_t threads[3];
    char expected[32];
    int i;
    CHECK_STATUS(RS_OK, add("transfer", 3, "write denyoom", 1, 2, 1, move_one));
    expect(RS_REPLY_STATUS, "OK", "MSET left 0 right 0");
    for (i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, move_many, commands[i]) == 0);
    for (i = 0; i < 3; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    snprintf(expected, sizeof expected, "%d", MOVES);
    expect(RS_REPLY_STRING, expected, "GET right");
}

int main(void)
{
    rs_config *config = rs_config_new();
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, keep_log, NULL));
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    test_registration();
    test_replies();
    test_commands_inside();
    test_every_command_inside();
    test_transactions();
    test_waiting_clients_are_served();
    test_memory_limit();
    test_introspection();
    test_registration_during_traffic();
    test_calls_are_atomic();
    /* The commands stay as long as somebody can call them. */
    rs_engine_close(engine);
    CHECK(freed == 16);
    expect_integer(1, "one.more");
    rs_session_close(session);
    CHECK(freed == 16 + 13 + 1 + 50 + 1);
    engine = NULL;
    test_protocols("1");
    test_protocols("0");
    printf("%d checks\n", checks);
    return 0;
}
