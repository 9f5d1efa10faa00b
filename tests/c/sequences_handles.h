/* Opening and closing, in every order that the header allows: engines before their sessions and servers, and after. */
#ifndef SEQUENCES_HANDLES_H
#define SEQUENCES_HANDLES_H

#include "sequences_checked.h"
#include "sequences_host.h"

static const char *work_folder;

/* A store is over when its last handle is: everything that was lent to it has come back. */
static void end_handle(struct store *store)
{
    if (__atomic_sub_fetch(&store->handles, 1, __ATOMIC_SEQ_CST) > 0)
        return;
    CHECK(__atomic_load_n(&store->freed, __ATOMIC_SEQ_CST) == __atomic_load_n(&store->registered, __ATOMIC_SEQ_CST));
}

static bool is_over(struct store *store)
{
    return __atomic_load_n(&store->handles, __ATOMIC_SEQ_CST) == 0;
}

/* What is left of a store that is over. */
static void forget_store(struct view **view)
{
    CHECK(is_over((*view)->store));
    free((*view)->store);
    free(*view);
    *view = NULL;
}

static rs_config *some_config(struct chance *chance, struct store *store)
{
    static const char *const lists[][2] = { { "list-max-listpack-size", "4" }, { "hash-max-listpack-entries", "2" }, { "zset-max-listpack-entries", "3" }, { "set-max-intset-entries", "4" }, { "activedefrag", "no" }, { "maxclients", "100" }, { "slowlog-log-slower-than", "0" }, { "latency-monitor-threshold", "1" }, { "lazyfree-lazy-user-del", "yes" }, { "hz", "100" }, { "timeout", "0" } };
    static const char *const wrong[][2] = { { "no-such-setting", "1" }, { "databases", "many" }, { "io-threads", "-1" }, { "port", "70000" }, { "", "" }, { "maxmemory", "12parsecs" } };
    rs_config *config = rs_config_new();
    CHECK(config != NULL);
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "bind", "127.0.0.1"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "save", ""));
    CHECK_STATUS(RS_OK, rs_config_set(config, "dir", work_folder));
    CHECK_STATUS(RS_OK, rs_config_set(config, "enable-debug-command", "yes"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "io-threads", store->is_driven ? "0" : one_in(chance, 2) ? "1" : "2"));
    for (unsigned i = below(chance, 5); i > 0; i--) {
        const char *const *setting = PICK(chance, lists);
        const char *const *bad = PICK(chance, wrong);
        refuse(chance);
        CHECK_ONE_OF(rs_config_set(config, setting[0], setting[1]), RS_ERR_CONFIG);
        CHECK_ONE_OF(rs_config_set(config, bad[0], bad[1]), RS_ERR_CONFIG);
        CHECK_ONE_OF(rs_config_load(config, "/dev/null/nothing"), RS_ERR_CONFIG);
        grant();
    }
    if (one_in(chance, 2)) {
        CHECK_STATUS(RS_OK, rs_config_set(config, "loglevel", "debug"));
        CHECK_STATUS(RS_OK, rs_config_set_logger(config, swallow_log, store));
    }
    if (store->has_clock)
        CHECK_STATUS(RS_OK, rs_config_set_clock(config, tell_time, store));
    return config;
}

static struct view *open_store(struct chance *chance, bool is_modelled)
{
    struct store *store = calloc(1, sizeof *store);
    struct view *view = calloc(1, sizeof *view);
    CHECK(store != NULL && view != NULL);
    store->is_modelled = is_modelled;
    store->has_clock = one_in(chance, 2);
    store->is_driven = one_in(chance, 2);
    store->now = 1000000000000;
    for (unsigned i = 0; i < LISTENERS_MAX; i++)
        store->listeners[i].store = store;
    view->store = store;
    view->prefix = 'm';
    rs_config *config = some_config(chance, store);
    rs_engine *engine = (rs_engine *)UNTOUCHED;
    refuse(chance);
    rs_status status = rs_engine_open(config, &engine);
    grant();
    CHECK_ONE_OF(status, RS_OK);
    CHECK(status == RS_OK || engine == (rs_engine *)UNTOUCHED);
    rs_config_free(config);
    if (status != RS_OK) {
        free(store);
        free(view);
        return NULL;
    }
    store->engine = engine;
    add_handles(store, 1);
    add_command(store, "wrap", -3, "write", wrap, RS_OK);
    add_command(store, "shape", -3, "write", shape, RS_OK);
    return view;
}

static void close_engine(struct store *store)
{
    rs_engine *engine = store->engine;
    store->engine = NULL;
    rs_engine_close(engine);
    end_handle(store);
}

/* ---- sessions ---- */

static void open_session(struct world *world)
{
    struct session *session = &world->sessions[below(&world->chance, SESSIONS_MAX)];
    struct view *view = some_view(world);
    if (session->handle != NULL || view == NULL)
        return;
    rs_session *handle = (rs_session *)UNTOUCHED;
    RUNNING("open session");
    refuse(&world->chance);
    rs_status status = rs_session_open(view->store->engine, &handle);
    grant();
    CHECK_ONE_OF(status, RS_OK);
    CHECK(status == RS_OK || handle == (rs_session *)UNTOUCHED);
    if (status != RS_OK)
        return;
    memset(session, 0, sizeof *session);
    session->handle = handle;
    session->view = view;
    /* Without a model there are commands about other sessions. */
    session->is_tame = view->store->is_modelled && one_in(&world->chance, 2);
    add_handles(view->store, 1);
}

static void close_session(struct world *world, struct session *session)
{
    if (session->handle == NULL)
        return;
    RUNNING("close session");
    struct store *store = session->view->store;
    void *handle = session->handle;
    session->handle = NULL;
    refuse(&world->chance); /* To end something never needs what it could not do without. */
    rs_session_close(handle);
    grant();
    end_handle(store);
    world->ended[world->ended_at++ % 8] = handle;
}

/* Debug builds know what was ended. Other threads may have got the same address since for a session of theirs. */
static void ended_step(struct world *world)
{
    void *handle = world->ended[below(&world->chance, 8)];
    rs_reply *push = UNTOUCHED;
    if (handle == NULL || world->is_shared)
        return;
    for (unsigned i = 0; i < SESSIONS_MAX; i++)
        if (world->sessions[i].handle == handle)
            return;
    RUNNING("use after close");
    may_be_refused = false;
    CHECK_ONE_OF(rs_exists(handle, "a", 1), RS_ERR_CLOSED, RS_ERR_ARGUMENT);
    CHECK(rs_exists(handle, "a", 1) != RS_OK);
    CHECK_ONE_OF(rs_session_next_push(handle, 0, &push), RS_ERR_CLOSED, RS_ERR_ARGUMENT);
    CHECK(push == UNTOUCHED && rs_command(handle, "PING") == NULL);
    rs_session_close(handle);
}

/* ---- servers and their clients ---- */

static void start_server(struct world *world)
{
    struct server *server = &world->servers[below(&world->chance, SERVERS_MAX)];
    struct view *view = some_view(world);
    if (server->handle != NULL || view == NULL)
        return;
    rs_server *handle = (rs_server *)UNTOUCHED;
    RUNNING("start server");
    refuse(&world->chance);
    rs_status status = rs_server_start(view->store->engine, &handle);
    grant();
    CHECK_ONE_OF(status, RS_OK);
    CHECK(status == RS_OK || handle == (rs_server *)UNTOUCHED);
    if (status != RS_OK)
        return;
    server->handle = handle;
    server->store = view->store;
    add_handles(view->store, 1);
    CHECK(rs_server_port(handle) != 0);
    CHECK((rs_server_fd(handle) >= 0) == view->store->is_driven);
}

static void stop_server(struct world *world, struct server *server)
{
    if (server->handle == NULL)
        return;
    /* Some clients are still there when it stops. */
    bool is_early = one_in(&world->chance, 2);
    RUNNING("stop server");
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        if (is_early && world->clients[i].server == server->handle)
            hang_up(&world->clients[i]);
    refuse(&world->chance);
    CHECK_STATUS(RS_OK, rs_server_stop(server->handle));
    grant();
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        if (world->clients[i].server == server->handle)
            hang_up(&world->clients[i]);
    server->handle = NULL;
    end_handle(server->store);
}

static void connect_client(struct world *world)
{
    struct client *client = &world->clients[below(&world->chance, CLIENTS_MAX)];
    struct server *server = &world->servers[below(&world->chance, SERVERS_MAX)];
    if (client->fd >= 0 || server->handle == NULL)
        return;
    for (unsigned i = 0; i < STORES_MAX; i++)
        if (world->views[i] != NULL && world->views[i]->store == server->store)
            client->view = world->views[i];
    RUNNING("connect");
    client->server = server->handle;
    client->fd = connect_to(server->handle);
    client->reader = rs_reader_new();
    CHECK(client->reader != NULL);
    client->is_tame = server->store->is_modelled && one_in(&world->chance, 2);
}

static void server_step(struct world *world)
{
    struct server *server = &world->servers[below(&world->chance, SERVERS_MAX)];
    if (server->handle == NULL)
        return;
    RUNNING("server");
    may_be_refused = false;
    CHECK_ONE_OF(rs_server_wait(server->handle, 0), RS_ERR_TIMEOUT);
    refuse(&world->chance);
    rs_status polled = rs_server_poll(server->handle, below(&world->chance, 2));
    grant();
    if (server->store->is_driven)
        CHECK_ONE_OF(polled, RS_ERR_CLOSED);
    else
        CHECK_STATUS(RS_ERR_ARGUMENT, polled);
}

static void handle_step(struct world *world)
{
    unsigned store = below(&world->chance, STORES_MAX);
    struct view *view = world->views[store];
    switch (below(&world->chance, 20)) {
    case 0:
        if (!world->is_shared && view != NULL && is_over(view->store))
            forget_store(&world->views[store]);
        if (!world->is_shared && world->views[store] == NULL)
            world->views[store] = open_store(&world->chance, store != 0);
        break;
    case 1:
        if (!world->is_shared && view != NULL && view->store->engine != NULL && one_in(&world->chance, 4))
            close_engine(view->store);
        break;
    case 2:
        close_session(world, &world->sessions[below(&world->chance, SESSIONS_MAX)]);
        break;
    case 3:
        stop_server(world, &world->servers[below(&world->chance, SERVERS_MAX)]);
        break;
    case 4:
    case 5:
        start_server(world);
        break;
    case 6:
    case 7:
    case 8:
        connect_client(world);
        break;
    case 9:
    case 10:
        server_step(world);
        break;
    case 11:
        ended_step(world);
        break;
    case 12:
        listener_step(world);
        break;
    case 13:
        register_step(world);
        break;
    default:
        open_session(world);
    }
}

/* Ends everything, one after the other as it comes. */
static void end_world(struct world *world)
{
    for (unsigned i = 0; i < SESSIONS_MAX; i++)
        if (world->sessions[i].handle != NULL && world->sessions[i].is_tame)
            look_step(world, &world->sessions[i]);
    for (unsigned steps = 0; steps < 40; steps++) {
        struct view *view = world->views[below(&world->chance, STORES_MAX)];
        close_session(world, &world->sessions[below(&world->chance, SESSIONS_MAX)]);
        if (one_in(&world->chance, 4))
            stop_server(world, &world->servers[below(&world->chance, SERVERS_MAX)]);
        if (one_in(&world->chance, 4) && !world->is_shared && view != NULL && view->store->engine != NULL)
            close_engine(view->store);
    }
    for (unsigned i = 0; i < SESSIONS_MAX; i++)
        close_session(world, &world->sessions[i]);
    for (unsigned i = 0; i < SERVERS_MAX; i++)
        stop_server(world, &world->servers[i]);
    for (unsigned i = 0; i < STORES_MAX && !world->is_shared; i++) {
        if (world->views[i] != NULL && world->views[i]->store->engine != NULL)
            close_engine(world->views[i]->store);
        if (world->views[i] != NULL)
            forget_store(&world->views[i]);
    }
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        hang_up(&world->clients[i]);
}

#endif
