/* What a sequence has in its hands: stores, sessions, servers, clients; and how a call is made, with refusals or without. */
#ifndef SEQUENCES_WORLD_H
#define SEQUENCES_WORLD_H

#include "sequences_random.h"
#ifdef REFUSES
#include "hooks.h"
#endif
#include <pthread.h>

enum { STORES_MAX = 3, SESSIONS_MAX = 8, SERVERS_MAX = 3, CLIENTS_MAX = 6, LISTENERS_MAX = 12, MODEL_KEYS = 8, PARTS_OF_KEY = 6, PIECES_MAX = 8 };

/* What a key of the model holds. Keys of the model are used by calls whose outcome is known, and by no others. */
enum kind { ABSENT, STRING, NUMBER, HASH, ZSET };

struct model_key {
    enum kind kind;
    int64_t deadline; /* 0: none. */
    int64_t number;
    size_t pieces; /* Of a string. */
    struct piece piece[PIECES_MAX];
    bool has[PARTS_OF_KEY]; /* Fields of a hash, members of a sorted set. */
    struct piece value[PARTS_OF_KEY];
    double score[PARTS_OF_KEY];
};

struct store;

struct listener {
    struct store *store;
    bool is_heard; /* Between the call that begins it and the one that ends it. Atomic. */
    uint64_t calls; /* Atomic. */
};

/* An engine, with what has to live as long as it does. The engine itself may be closed before its sessions and servers. */
struct store {
    rs_engine *engine; /* NULL once it is closed. */
    int handles; /* Atomic. */
    bool is_modelled; /* Nothing is done that would change keys of the model behind its back. */
    bool has_clock;
    bool is_driven; /* Its servers are driven by the host. */
    int64_t now; /* Atomic. */
    int registered, freed; /* Host commands, whatever came of them. Atomic. */
    struct listener listeners[LISTENERS_MAX];
};

/* One thread's view of a store: its own keys of the model. */
struct view {
    struct store *store;
    char prefix;
    struct model_key model[MODEL_KEYS];
};

struct session {
    rs_session *handle; /* NULL: this place is free. */
    struct view *view;
    bool is_tame; /* Runs only what leaves it as it is; else it may be in any state. */
    bool is_resp3;
    bool is_interrupted; /* An interrupt may be pending. */
};

struct server {
    rs_server *handle;
    struct store *store;
};

struct client {
    int fd; /* -1: this place is free. */
    rs_server *server;
    struct view *view;
    rs_reader *reader;
    bool is_tame; /* Asks one thing at a time and reads the answer. */
};

struct parts;

struct world {
    struct chance chance;
    bool is_shared; /* Other threads use the same stores: they are not this world's to close. */
    struct view *views[STORES_MAX];
    struct session sessions[SESSIONS_MAX];
    struct server servers[SERVERS_MAX];
    struct client clients[CLIENTS_MAX];
    struct parts *parts;
    void *ended[8]; /* Sessions that were closed lately. */
    unsigned ended_at;
};

/* ---- reports ---- */

static __thread unsigned long long running_seed;
static __thread unsigned running_step;
static bool is_traced;

#define RUNNING(...)                                    \
    do {                                                \
        if (is_traced) {                                \
            fprintf(stderr, "%u: ", running_step);      \
            fprintf(stderr, __VA_ARGS__);               \
            fputc('\n', stderr);                        \
        }                                               \
    } while (0)

/* ---- refusals ---- */

/* Whether memory is refused in this sequence; then any call may fail for want of it. */
static __thread bool refuses;
static __thread bool may_be_refused; /* In the call that was made last. */

/* From here on this thread is refused one request, and perhaps all behind it. */
static void refuse(struct chance *chance)
{
    may_be_refused = false;
#ifdef REFUSES
    if (!refuses || one_in(chance, 2))
        return;
    may_be_refused = true;
    unsigned range = 1u << below(chance, 8);
    rs_internal_hook_refuse_nth(1, 1 + below(chance, range), one_in(chance, 2));
#else
    (void)chance;
#endif
}

static void grant(void)
{
#ifdef REFUSES
    rs_internal_hook_refuse_nth(SIZE_MAX, 0, false);
#endif
}

static bool is_lack_of_memory(rs_status status)
{
    return may_be_refused && status == RS_ERR_NO_MEMORY;
}

/* Whether a call returned one of the codes that its documentation names; the list ends with RS_OK, which is always one. */
static bool is_one_of(rs_status got, const rs_status *allowed)
{
    while (*allowed != RS_OK && *allowed != got)
        allowed++;
    return *allowed == got || is_lack_of_memory(got);
}

#define CHECK_ONE_OF(status, ...)                                                                          \
    do {                                                                                                   \
        rs_status one_of_got_ = (status);                                                                  \
        if (!is_one_of(one_of_got_, (const rs_status[]){ __VA_ARGS__, RS_OK })) {                          \
            fprintf(stderr, "%s:%d: %s is %s (%s)\n", __FILE__, __LINE__, #status,                         \
                    rs_status_name(one_of_got_), rs_last_error());                                         \
            exit(1);                                                                                       \
        }                                                                                                  \
        __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);                                                  \
    } while (0)

/* ---- choosing ---- */

static struct view *some_view(struct world *world)
{
    for (unsigned tries = 0; tries < 2 * STORES_MAX; tries++) {
        struct view *view = world->views[below(&world->chance, STORES_MAX)];
        if (view != NULL && view->store->engine != NULL)
            return view;
    }
    return NULL;
}

static struct session *some_session(struct world *world, bool tame)
{
    unsigned from = below(&world->chance, SESSIONS_MAX);
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &world->sessions[(from + i) % SESSIONS_MAX];
        if (session->handle != NULL && session->is_tame == tame)
            return session;
    }
    return NULL;
}

static int64_t now_of(struct store *store)
{
    return __atomic_load_n(&store->now, __ATOMIC_SEQ_CST);
}

static void add_handles(struct store *store, int n)
{
    __atomic_fetch_add(&store->handles, n, __ATOMIC_SEQ_CST);
}

#endif
