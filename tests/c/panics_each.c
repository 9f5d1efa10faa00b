/* A panic inside every function of redisrs.h: panics_each ABI
 *
 * The library is one built with the feature hooks. Each function is called with a panic waiting inside; it returns what its
 * kind returns for RS_ERR_PANIC, and the same call works the next time. ABI is tests/c/abi.txt: a function that is in there
 * and neither called here nor one that does nothing but read a number fails the test. */
#include "panics.h"
#include "socket.h"
#include <pthread.h>

static rs_config *config;
static rs_engine *engine;
static rs_session *session;

/* ---- what was called ---- */

enum { FUNCTIONS_MAX = 256 };
static struct {
    char name[64];
    bool is_called;
} functions[FUNCTIONS_MAX];
static size_t function_count;

/* These return a number or a static string that is there already: no code in them could panic. */
static const char *const readers[] = { "rs_version",    "rs_version_number", "rs_status_name", "rs_last_error", "rs_last_status",
                                       "rs_server_port", "rs_server_fd",     "rs_avl_height",  "rs_avl_cnt",    "rs_heap_left",
                                       "rs_heap_right",  "rs_heap_parent",   "rs_znode_name" };

static void read_functions(const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        char *end = strchr(line, '('), *start = end;
        if (strncmp(line, "function ", 9) != 0 || end == NULL)
            continue;
        while (start[-1] != ' ' && start[-1] != '*')
            start--;
        CHECK(function_count < FUNCTIONS_MAX && end - start < 64);
        memcpy(functions[function_count++].name, start, (size_t)(end - start));
    }
    fclose(file);
    CHECK(function_count > 90);
}

static void called(const char *name, size_t len)
{
    for (size_t i = 0; i < function_count; i++)
        if (strlen(functions[i].name) == len && memcmp(functions[i].name, name, len) == 0) {
            functions[i].is_called = true;
            return;
        }
    fprintf(stderr, "%.*s is no function of the header\n", (int)len, name);
    exit(1);
}

static size_t all_called(void)
{
    size_t panicked = 0;
    int missing = 0;
    for (size_t i = 0; i < function_count; i++)
        panicked += functions[i].is_called;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        called(readers[i], strlen(readers[i]));
    for (size_t i = 0; i < function_count; i++)
        if (!functions[i].is_called) {
            fprintf(stderr, "%s is not called in tests/c/panics_each.c\n", functions[i].name);
            missing++;
        }
    CHECK(missing == 0);
    return panicked;
}

/* ---- what holds after every panic ---- */

static void check_panic(const char *call)
{
    CHECK(went_off());
    CHECK_STATUS(RS_ERR_PANIC, rs_last_status());
    CHECK(strstr(rs_last_error(), "internal error") != NULL);
    called(call, strcspn(call, "("));
    /* The session, if there is one yet, works. */
    if (session != NULL) {
        char buf[8];
        size_t len = 0;
        CHECK_STATUS(RS_OK, rs_set(session, "probe", 5, "v", 1, 0));
        CHECK_STATUS(RS_OK, rs_get(session, "probe", 5, buf, sizeof buf, &len));
        CHECK(len == 1 && buf[0] == 'v');
    }
}

/* `call` has this value when it panics where the place was passed so often. */
#define PANICS_AT(place, passes, value, call) (arm_after(place, passes), CHECK_VALUE(value, call), check_panic(#call))
#define CHECK_VALUE(value, call) check_value((call) == (value), __LINE__, #call)
#define PANICS(value, call) PANICS_AT("call", 0, value, call)
#define PART_PANICS(value, call) PANICS_AT("part", 0, value, call)
/* One without a value. */
#define PANICS_VOID(place, call) (arm(place), (call), check_panic(#call))

static void check_value(bool is, int line, const char *call)
{
    checks++;
    if (!is) {
        fprintf(stderr, "%s:%d: %s returned something else\n", __FILE__, line, call);
        exit(1);
    }
}

/* ---- configuration, engine, session, server ---- */

static void ignore_log(int level, const char *msg, size_t len, void *ud)
{
    (void)level, (void)msg, (void)len, (void)ud;
}

static int64_t no_time(void *ud)
{
    (void)ud;
    return 0;
}

static void configurations(void)
{
    PANICS(NULL, rs_config_new());
    config = rs_config_new();
    PANICS(RS_ERR_PANIC, rs_config_set(config, "port", "auto"));
    PANICS(RS_ERR_PANIC, rs_config_load(config, "/dev/null"));
    PANICS(RS_ERR_PANIC, rs_config_set_logger(config, ignore_log, NULL));
    PANICS(RS_ERR_PANIC, rs_config_set_clock(config, no_time, NULL));
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "bind", "127.0.0.1"));
    CHECK_STATUS(RS_OK, rs_config_set_logger(config, ignore_log, NULL));
}

static void on_event(const char *event, const void *key, size_t klen, int db, void *ud)
{
    (void)event, (void)key, (void)klen, (void)db;
    ++*(int *)ud;
}

static void handle_calls(rs_call *call, int argc, const rs_slice *argv, void *ud);

static int freed;

static void count_free(void *ud)
{
    (void)ud;
    freed++;
}

static void engines(void)
{
    rs_engine *opened = NULL;
    rs_session *made = NULL;
    int told = 0;
    PANICS(RS_ERR_PANIC, rs_engine_open(config, &opened));
    CHECK(opened == NULL);
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    PANICS(RS_ERR_PANIC, rs_session_open(engine, &made));
    CHECK(made == NULL);
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    PANICS(RS_ERR_PANIC, rs_engine_on_event(engine, RS_EVENT_ALL, on_event, &told));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_engine_on_event(engine, 0, on_event, &told));
    rs_command_spec spec = { "calls", 2, "write", 1, 1, 1, handle_calls, NULL, count_free };
    PANICS(RS_ERR_PANIC, rs_engine_register_command(engine, &spec));
    CHECK(freed == 1); /* As after every failure. */
    CHECK_STATUS(RS_OK, rs_engine_register_command(engine, &spec));

    CHECK_STATUS(RS_OK, rs_engine_open(config, &opened));
    PANICS_VOID("call", rs_engine_close(opened));
    CHECK_STATUS(RS_OK, rs_session_open(opened, &made)); /* It is still there. */
    PANICS_VOID("call", rs_session_close(made));
    rs_session_close(made);
    rs_engine_close(opened);
}

static void servers(void)
{
    char *argv[] = { "redisrs-server", "--version", NULL };
    rs_server *server = NULL;
    PANICS_AT("call", 0, RS_ERR_PANIC, rs_server_start(engine, &server));
    PANICS_AT("call", 1, RS_ERR_PANIC, rs_server_start(engine, &server));
    CHECK(server == NULL);
    CHECK_STATUS(RS_OK, rs_server_start(engine, &server));
    PANICS(RS_ERR_PANIC, rs_server_wait(server, 0));
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_server_wait(server, 0));
    PANICS(RS_ERR_PANIC, rs_server_poll(server, 0));
    PANICS(RS_ERR_PANIC, rs_server_stop(server));
    int fd = connect_to(server); /* It is still there. */
    CHECK(fd >= 0 && close(fd) == 0);
    CHECK_STATUS(RS_OK, rs_server_stop(server));
    PANICS_AT("call", 0, RS_ERR_PANIC, rs_server_run(config));
    PANICS_AT("call", 1, RS_ERR_PANIC, rs_server_run(config));
    PANICS(1, rs_server_main(2, argv));
}

/* ---- sessions ---- */

static rs_reply *vcommand(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    rs_reply *reply = rs_vcommand(session, format, ap);
    va_end(ap);
    return reply;
}

static void ignore_value(const void *val, size_t len, void *ud)
{
    (void)val, (void)len, (void)ud;
}

static void ignore_value_at(size_t i, const void *val, size_t len, void *ud)
{
    (void)i, (void)val, (void)len, (void)ud;
}

static void sessions(void)
{
    const char *argv[] = { "PING" }, **argvs[] = { argv };
    int argc[] = { 1 };
    rs_slice slice = { "k", 1 };
    char buf[8];
    size_t len = 77;
    int64_t number = 77;
    double score = 77;
    rs_reply *out = NULL;
    PANICS(RS_ERR_PANIC, rs_get(session, "k", 1, buf, sizeof buf, &len));
    PANICS(RS_ERR_PANIC, rs_get_with(session, "k", 1, ignore_value, NULL));
    PANICS(RS_ERR_PANIC, rs_set(session, "k", 1, "v", 1, 0));
    PANICS(RS_ERR_PANIC, rs_del(session, "k", 1));
    PANICS(RS_ERR_PANIC, rs_exists(session, "k", 1));
    PANICS(RS_ERR_PANIC, rs_incr_by(session, "k", 1, 1, &number));
    PANICS(RS_ERR_PANIC, rs_expire(session, "k", 1, 1000));
    PANICS(RS_ERR_PANIC, rs_ttl(session, "k", 1, &number));
    PANICS(RS_ERR_PANIC, rs_get_many(session, 1, &slice, ignore_value_at, NULL));
    PANICS(RS_ERR_PANIC, rs_set_many(session, 1, &slice, &slice));
    PANICS(RS_ERR_PANIC, rs_hget(session, "h", 1, "f", 1, buf, sizeof buf, &len));
    PANICS(RS_ERR_PANIC, rs_hset(session, "h", 1, "f", 1, "v", 1));
    PANICS(RS_ERR_PANIC, rs_zadd(session, "z", 1, 1, "m", 1));
    PANICS(RS_ERR_PANIC, rs_zscore(session, "z", 1, "m", 1, &score));
    CHECK(len == 77 && number == 77 && score == 77); /* Outputs are left alone. */
    CHECK_STATUS(RS_NIL, rs_exists(session, "k", 1));
    CHECK_STATUS(RS_NIL, rs_exists(session, "h", 1));
    PANICS(NULL, rs_command(session, "PING"));
    PANICS(NULL, rs_command_argv(session, 1, argv, NULL));
    PANICS_AT("call", 0, RS_ERR_PANIC, rs_command_batch(session, 1, argc, argvs, NULL, &out));
    PANICS_AT("call", 1, RS_ERR_PANIC, rs_command_batch(session, 1, argc, argvs, NULL, &out));
    arm("call");
    CHECK(vcommand("PING") == NULL);
    check_panic("rs_vcommand()");
    PANICS_AT("call", 0, RS_ERR_PANIC, rs_session_next_push(session, 0, &out));
    PANICS_AT("call", 1, RS_ERR_PANIC, rs_session_next_push(session, 0, &out));
    PANICS(RS_ERR_PANIC, rs_session_interrupt(session));
    CHECK_STATUS(RS_ERR_TIMEOUT, rs_session_next_push(session, 0, &out));
    CHECK(out == NULL);
    rs_reply *reply = vcommand("ECHO %s", "text");
    PANICS_VOID("call", rs_reply_free(reply));
    CHECK(strcmp(reply->str, "text") == 0);
    rs_reply_free(reply);
}

/* ---- calls of a handler ---- */

static int step;

/* Panics in the call that `step` says, is refused everything afterwards, and returns as if nothing had happened. */
static void handle_calls(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    const char *words[] = { "SET", "key", "value" };
    (void)argc, (void)argv, (void)ud;
    arm("host call");
    switch (step) {
    case 0: CHECK_STATUS(RS_ERR_PANIC, rs_call_reply_integer(call, 1)); called("rs_call_reply_integer", 21); break;
    case 1: CHECK_STATUS(RS_ERR_PANIC, rs_call_reply_bulk(call, "a", 1)); called("rs_call_reply_bulk", 18); break;
    case 2: CHECK_STATUS(RS_ERR_PANIC, rs_call_reply_status(call, "a")); called("rs_call_reply_status", 20); break;
    case 3: CHECK_STATUS(RS_ERR_PANIC, rs_call_reply_error(call, "a")); called("rs_call_reply_error", 19); break;
    case 4: CHECK_STATUS(RS_ERR_PANIC, rs_call_reply_nil(call)); called("rs_call_reply_nil", 17); break;
    case 5: CHECK_STATUS(RS_ERR_PANIC, rs_call_reply_double(call, 1)); called("rs_call_reply_double", 20); break;
    case 6: CHECK_STATUS(RS_ERR_PANIC, rs_call_reply_array(call, 1)); called("rs_call_reply_array", 19); break;
    case 7: CHECK_STATUS(RS_ERR_PANIC, rs_call_reply_map(call, 1)); called("rs_call_reply_map", 17); break;
    default: CHECK(rs_call_command_argv(call, 3, words, NULL) == NULL); called("rs_call_command_argv", 20); break;
    }
    CHECK(went_off());
    CHECK_STATUS(RS_ERR_PANIC, rs_last_status());
    CHECK(rs_call_command_argv(call, 3, words, NULL) == NULL);
    CHECK_STATUS(RS_ERR_PANIC, rs_call_reply_nil(call));
}

static void handlers(void)
{
    /* More often than host commands can be nested. */
    for (step = 0; step < 36; step++) {
        CHECK(rs_command(session, "CALLS key") == NULL);
        CHECK_STATUS(RS_ERR_PANIC, rs_last_status());
        CHECK(is_error(rs_command(session, "GET key"), "damaged")); /* Its keys were locked. */
        CHECK(is_status(rs_command(session, "FLUSHALL"), "OK"));
        CHECK_STATUS(RS_NIL, rs_exists(session, "key", 3));
    }
}

/* ---- the parts by themselves ---- */

static void count(void *arg)
{
    __atomic_fetch_add((int *)arg, 1, __ATOMIC_SEQ_CST);
}

static void on_fd(rs_loop *loop, int fd, int mask, void *ud)
{
    (void)loop, (void)fd, (void)mask, (void)ud;
}

static int64_t once(rs_loop *loop, uint64_t id, void *ud)
{
    (void)loop, (void)id;
    ++*(int *)ud;
    return -1;
}

static void readers_and_writers(void)
{
    const char *argv[] = { "PING" };
    rs_reply *reply = NULL;
    PANICS(NULL, rs_reader_new());
    rs_reader *reader = rs_reader_new();
    PANICS(RS_ERR_PANIC, rs_reader_feed(reader, "+OK\r\n", 5));
    CHECK_STATUS(RS_OK, rs_reader_feed(reader, "+OK\r\n", 5));
    PANICS(RS_ERR_PANIC, rs_reader_next(reader, &reply));
    CHECK(reply == NULL);
    CHECK_STATUS(RS_OK, rs_reader_next(reader, &reply));
    CHECK(is_status(reply, "OK"));
    PANICS_VOID("call", rs_reader_free(reader));
    CHECK_STATUS(RS_NIL, rs_reader_next(reader, &reply));
    rs_reader_free(reader);

    reply = NULL;
    PANICS(NULL, rs_request_reader_new());
    rs_request_reader *requests = rs_request_reader_new();
    PANICS(RS_ERR_PANIC, rs_request_reader_feed(requests, "PING\r\n", 6));
    CHECK_STATUS(RS_OK, rs_request_reader_feed(requests, "PING\r\n", 6));
    PANICS(RS_ERR_PANIC, rs_request_reader_next(requests, &reply));
    CHECK(reply == NULL);
    CHECK_STATUS(RS_OK, rs_request_reader_next(requests, &reply));
    CHECK(reply->elements == 1);
    rs_reply_free(reply);
    PANICS_VOID("call", rs_request_reader_free(requests));
    rs_request_reader_free(requests);

    char buf[32];
    size_t len = 77;
    PANICS(RS_ERR_PANIC, rs_format_argv(1, argv, NULL, buf, sizeof buf, &len));
    CHECK(len == 77);
}

static void loops_and_pools(void)
{
    int done = 0, fds[2];
    uint64_t id = 0;
    CHECK(pipe(fds) == 0);
    PANICS(NULL, rs_loop_new());
    rs_loop *loop = rs_loop_new();
    PANICS(RS_ERR_PANIC, rs_loop_add_fd(loop, fds[0], RS_LOOP_READ, on_fd, NULL));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_fd(loop, fds[0]));
    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, fds[0], RS_LOOP_READ, on_fd, NULL));
    PANICS(RS_ERR_PANIC, rs_loop_del_fd(loop, fds[0]));
    CHECK_STATUS(RS_OK, rs_loop_del_fd(loop, fds[0]));
    PANICS(RS_ERR_PANIC, rs_loop_add_timer(loop, 0, once, &done, &id));
    CHECK(id == 0);
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, once, &done, &id));
    PANICS(RS_ERR_PANIC, rs_loop_del_timer(loop, id));
    PANICS_AT("call", 0, RS_ERR_PANIC, rs_loop_run(loop));
    PANICS_AT("loop", 0, RS_ERR_PANIC, rs_loop_run(loop));
    PANICS_AT("call", 0, RS_ERR_PANIC, rs_loop_run_once(loop, 0));
    PANICS_AT("loop", 0, RS_ERR_PANIC, rs_loop_run_once(loop, 0));
    PANICS(RS_ERR_PANIC, rs_loop_stop(loop));
    PANICS_VOID("call", rs_loop_free(loop));
    CHECK(done == 0);
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    CHECK(done == 1);
    rs_loop_free(loop);
    close(fds[0]);
    close(fds[1]);

    PANICS(NULL, rs_pool_new(1));
    rs_pool *pool = rs_pool_new(2);
    PANICS(RS_ERR_PANIC, rs_pool_queue(pool, count, &done));
    PANICS_VOID("call", rs_pool_free(pool));
    CHECK_STATUS(RS_OK, rs_pool_queue(pool, count, &done));
    rs_pool_free(pool);
    CHECK(done == 2);
}

static bool same(rs_hnode *node, rs_hnode *key)
{
    return node == key;
}

static bool stop(rs_hnode *node, void *arg)
{
    (void)node;
    ++*(int *)arg;
    return false;
}

static void structures(void)
{
    int seen = 0;
    rs_hmap map;
    rs_hnode node = { NULL, 7 };
    memset(&map, 0, sizeof map);
    PART_PANICS(RS_ERR_PANIC, rs_hm_insert(&map, &node));
    CHECK(rs_hm_size(&map) == 0);
    CHECK_STATUS(RS_OK, rs_hm_insert(&map, &node));
    PART_PANICS(0, rs_hm_size(&map));
    PART_PANICS(NULL, rs_hm_lookup(&map, &node, same));
    PART_PANICS(NULL, rs_hm_delete(&map, &node, same));
    PANICS_VOID("part", rs_hm_foreach(&map, stop, &seen));
    PANICS_VOID("part", rs_hm_clear(&map));
    CHECK(seen == 0 && rs_hm_size(&map) == 1 && rs_hm_lookup(&map, &node, same) == &node);
    rs_hm_clear(&map);

    rs_avl_node tree;
    memset(&tree, 0, sizeof tree);
    PANICS_VOID("part", rs_avl_init(&tree));
    CHECK(tree.cnt == 0);
    rs_avl_init(&tree);
    PART_PANICS(NULL, rs_avl_fix(&tree));
    PART_PANICS(NULL, rs_avl_offset(&tree, 0));
    PART_PANICS(-1, rs_avl_rank(&tree));
    PART_PANICS(NULL, rs_avl_del(&tree));
    CHECK(rs_avl_fix(&tree) == &tree && rs_avl_rank(&tree) == 0 && rs_avl_offset(&tree, 0) == &tree);

    rs_zset zset;
    memset(&zset, 0, sizeof zset);
    PART_PANICS(RS_ERR_PANIC, rs_zset_insert(&zset, "a", 1, 1));
    CHECK(rs_zset_insert(&zset, "a", 1, 1) == 1);
    rs_znode *member = rs_zset_lookup(&zset, "a", 1);
    CHECK(member != NULL);
    PART_PANICS(NULL, rs_zset_lookup(&zset, "a", 1));
    PART_PANICS(NULL, rs_zset_seekge(&zset, 0, "", 0));
    PART_PANICS(NULL, rs_zset_seekle(&zset, 2, "", 0));
    PART_PANICS(0, rs_zset_count(&zset, 0, "", 0, 2, "", 0));
    PART_PANICS(NULL, rs_znode_offset(member, 0));
    PANICS_VOID("part", rs_zset_delete(&zset, member));
    PANICS_VOID("part", rs_zset_clear(&zset));
    CHECK(rs_zset_lookup(&zset, "a", 1) == member && rs_zset_count(&zset, 0, "", 0, 2, "", 0) == 1);
    rs_zset_clear(&zset);

    size_t places[2];
    rs_heap_item heap[2] = { { 2, &places[0] }, { 1, &places[1] } };
    PART_PANICS(RS_ERR_PANIC, rs_heap_update(heap, 1, 2));
    CHECK(heap[0].val == 2);
    CHECK_STATUS(RS_OK, rs_heap_update(heap, 1, 2));
    CHECK(heap[0].val == 1 && places[1] == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    read_functions(argv[1]);
    configurations();
    engines();
    servers();
    sessions();
    handlers();
    readers_and_writers();
    loops_and_pools();
    structures();
    PANICS_VOID("call", rs_config_free(config));
    rs_config_free(config);
    rs_session_close(session);
    rs_engine_close(engine);
    size_t panicked = all_called();
    printf("%zu functions, %zu panics, %d checks\n", panicked, rs_internal_hook_panics(), checks);
    return 0;
}
