/* Functions of the host that the library calls: commands, listeners, a logger, a clock; well-behaved ones and others. */
#ifndef SEQUENCES_HOST_H
#define SEQUENCES_HOST_H

#include "sequences_commands.h"

/* Chance inside a callback, which may run in a thread of the library. */
static struct chance *chance_here(void)
{
    static __thread struct chance chance;
    static uint64_t threads;
    if (chance.state == 0)
        chance.state = __atomic_add_fetch(&threads, 0x10001, __ATOMIC_RELAXED);
    return &chance;
}

/* The session that this thread has in a call, and whether engines may be used from here: only threads of the host know that
 * nobody closes them meanwhile. */
static __thread bool is_host_thread;

static int64_t tell_time(void *ud)
{
    return now_of(ud);
}

static void swallow_log(int level, const char *msg, size_t len, void *ud)
{
    struct store *store = ud;
    CHECK(level >= 0 && level <= 3 && msg != NULL && len > 0 && msg[len - 1] != '\n');
    CHECK(strstr(rs_status_name(RS_ERR_BUSY), "BUSY") != NULL);
    CHECK(now_of(store) >= 0);
    if (len > 14 && memcmp(msg, "internal error", 14) == 0) {
        fprintf(stderr, "%.*s\n", (int)len, msg);
        abort();
    }
}

/* ---- commands ---- */

/* Hands a reply on, element by element. Without memory the library notices that something is missing. */
static void hand_on(rs_call *call, const rs_reply *reply)
{
    switch (reply->type) {
    case RS_REPLY_INTEGER:
        rs_call_reply_integer(call, reply->integer);
        break;
    case RS_REPLY_NIL:
        rs_call_reply_nil(call);
        break;
    case RS_REPLY_STATUS:
        rs_call_reply_status(call, reply->str);
        break;
    case RS_REPLY_ERROR:
        rs_call_reply_error(call, reply->str);
        break;
    case RS_REPLY_ARRAY:
        rs_call_reply_array(call, reply->elements);
        for (size_t i = 0; i < reply->elements; i++)
            hand_on(call, reply->element[i]);
        break;
    default:
        CHECK(reply->type == RS_REPLY_STRING); /* As without HELLO 3. */
        rs_call_reply_bulk(call, reply->str, reply->len);
    }
}

/* WRAP key command: runs a command and replies what it replied. */
static void wrap(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    struct words words;
    (void)ud;
    words.argc = 0;
    for (int i = 2; i < argc; i++)
        add_piece(&words, (struct piece){ argv[i].data, argv[i].len });
    rs_reply *reply = rs_call_command_argv(call, words.argc, words.argv, words.lengths);
    if (reply != NULL) {
        check_tree(reply, 0);
        hand_on(call, reply);
    } else {
        rs_call_reply_error(call, rs_last_status() == RS_ERR_NO_MEMORY ? "OOM no memory" : "ERR no reply");
    }
    rs_reply_free(reply);
}

/* SHAPE key n: a reply of some shape, complete or not, and commands inside, allowed or not. */
static void shape(rs_call *call, int argc, const rs_slice *argv, void *ud)
{
    struct chance *chance = chance_here();
    struct words words;
    (void)argc;
    for (unsigned i = below(chance, 3); i > 0; i--) {
        expand(chance, &words, PICK(chance, templates));
        if (one_in(chance, 2) && words.argc > 1) {
            words.argv[1] = argv[1].data;
            words.lengths[1] = argv[1].len;
        }
        rs_reply *reply = rs_call_command_argv(call, words.argc, words.argv, words.lengths);
        if (reply != NULL)
            check_tree(reply, 0);
        rs_reply_free(reply);
    }
    for (unsigned i = below(chance, 4); i > 0; i--)
        switch (below(chance, 9)) {
        case 0:
            rs_call_reply_array(call, below(chance, 3));
            break;
        case 1:
            rs_call_reply_map(call, below(chance, 2));
            break;
        case 2:
            rs_call_reply_double(call, some_score(chance));
            break;
        case 3:
            rs_call_reply_error(call, one_in(chance, 2) ? "LIMITED try again" : "");
            break;
        case 4:
            rs_call_reply_status(call, one_in(chance, 2) ? "FINE\r\n+injected" : NULL);
            break;
        case 5:
            rs_call_reply_bulk(call, argv[1].data, argv[1].len);
            break;
        case 6:
            CHECK_STATUS(RS_ERR_ARGUMENT, rs_call_reply_nil(NULL));
            break;
        case 7: {
            struct store *store = ud;
            rs_engine *engine = is_host_thread ? store->engine : NULL;
            rs_session *none = NULL;
            rs_status status = rs_session_open(engine, &none);
            CHECK(none == NULL && (status == RS_ERR_BUSY || status == RS_ERR_ARGUMENT));
            rs_engine_close(engine); /* Does nothing here. */
            break;
        }
        default:
            rs_call_reply_integer(call, some_integer(chance));
        }
}

static void count_freed(void *ud)
{
    __atomic_fetch_add(&((struct store *)ud)->freed, 1, __ATOMIC_SEQ_CST);
}

static void add_command(struct store *store, const char *name, int arity, const char *flags, rs_command_fn handler, rs_status expected)
{
    rs_command_spec spec = { name, arity, flags, 1, 1, 1, handler, store, count_freed };
    __atomic_fetch_add(&store->registered, 1, __ATOMIC_SEQ_CST);
    rs_status status = rs_engine_register_command(store->engine, &spec);
    CHECK(status == expected || is_lack_of_memory(status) || (expected == RS_OK && status == RS_ERR_EXISTS));
}

static void register_step(struct world *world)
{
    struct view *view = some_view(world);
    char name[80];
    if (view == NULL)
        return;
    RUNNING("register");
    unsigned what = below(&world->chance, 8);
    refuse(&world->chance);
    switch (what) {
    case 0:
        add_command(view->store, "get", 3, NULL, wrap, RS_ERR_EXISTS);
        break;
    case 1:
        add_command(view->store, "wrap", -2, "write", wrap, RS_ERR_EXISTS);
        break;
    case 2:
        add_command(view->store, "odd", 3, "no such flag", wrap, RS_ERR_CONFIG);
        break;
    case 3:
        add_command(view->store, "od d", 3, NULL, wrap, RS_ERR_ARGUMENT);
        break;
    case 4:
        add_command(view->store, "odd", 0, NULL, wrap, RS_ERR_ARGUMENT);
        break;
    case 5:
        add_command(view->store, "odd", 3, NULL, NULL, RS_ERR_ARGUMENT);
        break;
    default:
        sprintf(name, "host.%u", below(&world->chance, 100));
        add_command(view->store, name, -2, "write fast", shape, RS_OK);
    }
    grant();
}

/* ---- listeners ---- */

static void on_event(const char *event, const void *key, size_t klen, int db, void *ud);

/* Misbehaves as far as it is allowed to. */
static void act_in_event(struct listener *listener, struct chance *chance)
{
    struct store *store = listener->store;
    rs_session *own = NULL;
    rs_status status;
    bool were_refused = may_be_refused;
    may_be_refused = refuses; /* The call that this is in may be refused its memory here. */
    switch (below(chance, 12)) {
    case 0:
        status = rs_session_open(store->engine, &own);
        CHECK_ONE_OF(status, RS_ERR_NO_MEMORY);
        if (status != RS_OK)
            break;
        CHECK_ONE_OF(rs_set(own, "a", 1, "from a listener", 15, 0), RS_ERR_NO_MEMORY);
        rs_reply_free(rs_command(own, "LPUSH list x"));
        rs_reply_free(rs_command(own, "EXPIRE a 100"));
        rs_session_close(own);
        break;
    case 1:
        __atomic_store_n(&listener->is_heard, false, __ATOMIC_SEQ_CST);
        CHECK_ONE_OF(rs_engine_on_event(store->engine, 0, on_event, listener), RS_ERR_NOT_FOUND);
        break;
    case 2:
        CHECK_ONE_OF(rs_engine_on_event(store->engine, RS_EVENT_ALL, on_event, &store->listeners[0]), RS_OK);
        break;
    case 3:
        rs_engine_close(store->engine); /* Only notes a text. */
        break;
    default:
        break;
    }
    may_be_refused = were_refused;
}

static void on_event(const char *event, const void *key, size_t klen, int db, void *ud)
{
    struct listener *listener = ud;
    CHECK(event != NULL && *event != '\0' && db >= 0 && db < 16 && (key != NULL || klen == 0));
    __atomic_fetch_add(&listener->calls, 1, __ATOMIC_RELAXED);
    if (is_host_thread && listener->store->engine != NULL)
        act_in_event(listener, chance_here());
}

/* After one has been told to be quiet, it is; unless some callback has it listen again. */
static void listener_step(struct world *world)
{
    struct view *view = some_view(world);
    static const uint32_t classes[] = { RS_EVENT_ALL, RS_EVENT_GENERIC, RS_EVENT_STRING | RS_EVENT_ZSET, RS_EVENT_EXPIRED | RS_EVENT_EVICTED, RS_EVENT_NEW | RS_EVENT_KEY_MISS };
    if (view == NULL)
        return;
    struct listener *listener = &view->store->listeners[1 + below(&world->chance, LISTENERS_MAX - 1)];
    RUNNING("listener");
    if (one_in(&world->chance, 10)) {
        CHECK_STATUS(RS_ERR_ARGUMENT, rs_engine_on_event(view->store->engine, 1u << 30, on_event, listener));
        return;
    }
    refuse(&world->chance);
    if (one_in(&world->chance, 2)) {
        CHECK_ONE_OF(rs_engine_on_event(view->store->engine, PICK(&world->chance, classes), on_event, listener), RS_OK);
    } else {
        rs_status status = rs_engine_on_event(view->store->engine, 0, on_event, listener);
        uint64_t calls = __atomic_load_n(&listener->calls, __ATOMIC_RELAXED);
        CHECK_ONE_OF(status, RS_ERR_NOT_FOUND);
        if (!world->is_shared && (status == RS_OK || status == RS_ERR_NOT_FOUND)) {
            struct session *session = some_session(world, true);
            if (session != NULL && session->view == view)
                CHECK_ONE_OF(rs_set(session->handle, "b", 1, "1", 1, 0), RS_ERR_NO_MEMORY);
            CHECK(__atomic_load_n(&listener->calls, __ATOMIC_RELAXED) == calls);
        }
    }
    grant();
}

#endif
