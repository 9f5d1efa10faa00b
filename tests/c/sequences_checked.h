/* Steps whose outcome the model knows: one deed by one lane, several keys in one call, a look at everything. */
#ifndef SEQUENCES_CHECKED_H
#define SEQUENCES_CHECKED_H

#include "sequences_lanes.h"

/* Whether a key of the store is what the model says, by typed calls; the order of a sorted set by rank. */
static bool is_as_told(struct world *world, struct session *session, struct piece name, const struct model_key *told)
{
    struct model_key key = *told;
    for (unsigned look = 0; look < 4 + 2 * PARTS_OF_KEY; look++) {
        struct deed deed = { EXISTS, name, look % PARTS_OF_KEY, { NULL, 0 }, 0, 0 };
        bool is_string = key.kind == STRING || key.kind == NUMBER;
        if (look == 1)
            deed.verb = TTL;
        else if (look == 2 && is_string)
            deed.verb = GET;
        else if (look >= 4 && key.kind == HASH)
            deed.verb = HGET;
        else if (look >= 4 && key.kind == ZSET)
            deed.verb = look % 2 == 0 ? ZSCORE : ZRANK;
        struct words words;
        phrase(&deed, &words);
        struct answer expected = foretell(&key, &deed, now_of(session->view->store));
        struct answer got = has_typed_call(deed.verb) ? typed(world, session->handle, &deed)
                                                      : freed(rs_command_argv(session->handle, words.argc, words.argv, words.lengths));
        bool is_same = agrees(&expected, &got, false);
        if (!is_same)
            RUNNING("%s %s: told kind %d, integer %lld, %zu bytes; got kind %d, integer %lld, %zu bytes", words.argv[0], name.at,
                    (int)expected.kind, (long long)expected.integer, expected.len, (int)got.kind, (long long)got.integer, got.len);
        free(expected.bytes);
        free(got.bytes);
        if (!is_same)
            return false;
    }
    rs_reply *count = key.kind == HASH ? rs_command(session->handle, "HLEN %b", name.at, name.len) : key.kind == ZSET ? rs_command(session->handle, "ZCARD %b", name.at, name.len) : NULL;
    bool is_complete = count == NULL || count->integer == (long long)parts_in(&key);
    rs_reply_free(count);
    return is_complete;
}

static void deed_step(struct world *world, struct session *session)
{
    struct view *view = session->view;
    unsigned index = below(&world->chance, MODEL_KEYS);
    struct deed deed = some_deed(world, view, index);
    struct model_key before = view->model[index], *key = &view->model[index];
    struct answer expected = foretell(key, &deed, now_of(view->store));
    bool is_typed;
    struct answer got = by_some_lane(world, session, &deed, &is_typed);
    /* A reply that found no room says nothing about the key; a typed call has none. */
    if (got.kind == NO_MEMORY && may_be_refused) {
        if (is_typed || !is_as_told(world, session, deed.key, key))
            *key = before;
        if (!is_as_told(world, session, deed.key, key)) {
            fprintf(stderr, "verb %d on %s: neither done nor undone\n", (int)deed.verb, deed.key.at);
            exit(1);
        }
    } else if (!agrees(&expected, &got, is_typed)) {
        fprintf(stderr, "verb %d on %s: told kind %d, integer %lld, %zu bytes; got kind %d, integer %lld, %zu bytes; refused: %d\n",
                (int)deed.verb, deed.key.at, (int)expected.kind, (long long)expected.integer, expected.len, (int)got.kind,
                (long long)got.integer, got.len, may_be_refused);
        exit(1);
    }
    __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);
    free(expected.bytes);
    free(got.bytes);
}

/* ---- several keys in one call ---- */

struct many {
    struct view *view;
    unsigned index[MODEL_KEYS];
    size_t calls;
};

static void see_one(size_t i, const void *val, size_t len, void *ud)
{
    struct many *many = ud;
    CHECK(i == many->calls++);
    struct deed get = { GET, { NULL, 0 }, 0, { NULL, 0 }, 0, 0 };
    struct answer told = foretell(&many->view->model[many->index[i]], &get, now_of(many->view->store));
    CHECK((told.kind == BYTES) == (val != NULL));
    CHECK(val == NULL || (told.len == len && memcmp(told.bytes, val, len) == 0));
    free(told.bytes);
}

static void get_many_step(struct world *world, struct session *session)
{
    struct many many = { session->view, { 0 }, 0 };
    rs_slice keys[MODEL_KEYS];
    size_t n = below(&world->chance, MODEL_KEYS + 1);
    for (size_t i = 0; i < n; i++) {
        many.index[i] = below(&world->chance, MODEL_KEYS);
        struct piece name = model_name(session->view, many.index[i]);
        keys[i] = (rs_slice){ name.at, name.len };
    }
    RUNNING("get %zu keys", n);
    refuse(&world->chance);
    rs_status status = rs_get_many(session->handle, n, keys, see_one, &many);
    grant();
    CHECK_ONE_OF(status, RS_OK);
    CHECK(many.calls == (status == RS_OK ? n : 0));
}

/* Sets several keys; when memory is refused, those before the one that failed are stored. */
static void set_many_step(struct world *world, struct session *session)
{
    rs_slice keys[MODEL_KEYS], values[MODEL_KEYS];
    struct model_key after[MODEL_KEYS];
    size_t n = below(&world->chance, MODEL_KEYS + 1), done = 0;
    unsigned first = below(&world->chance, MODEL_KEYS);
    for (size_t i = 0; i < n; i++) {
        unsigned index = (first + (unsigned)i) % MODEL_KEYS;
        struct piece name = model_name(session->view, index), value = some_value(&world->chance);
        keys[i] = (rs_slice){ name.at, name.len };
        values[i] = (rs_slice){ value.len == 0 ? NULL : value.at, value.len };
        memset(&after[i], 0, sizeof after[i]);
        become_string(&after[i], value, 0);
    }
    RUNNING("set %zu keys", n);
    refuse(&world->chance);
    rs_status status = rs_set_many(session->handle, n, keys, values);
    grant();
    CHECK_ONE_OF(status, RS_OK);
    for (; done < n; done++) {
        unsigned index = (first + (unsigned)done) % MODEL_KEYS;
        if (status != RS_OK && !is_as_told(world, session, model_name(session->view, index), &after[done]))
            break;
        session->view->model[index] = after[done];
    }
}

/* Everything that the model knows; and nothing more, for what a DEL has removed is gone. */
static void look_step(struct world *world, struct session *session)
{
    for (unsigned i = 0; i < MODEL_KEYS; i++) {
        struct piece name = model_name(session->view, i);
        struct model_key *told = &session->view->model[i];
        if (!is_as_told(world, session, name, told)) {
            fprintf(stderr, "%s is not what the model says: kind %d\n", name.at, (int)told->kind);
            exit(1);
        }
        __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);
    }
}

static void flush_step(struct world *world, struct session *session)
{
    if (world->is_shared)
        return;
    RUNNING("FLUSHALL");
    rs_reply *reply = rs_command(session->handle, one_in(&world->chance, 2) ? "FLUSHALL" : "FLUSHALL ASYNC");
    CHECK(reply != NULL && reply->type == RS_REPLY_STATUS);
    rs_reply_free(reply);
    memset(session->view->model, 0, sizeof session->view->model);
}

/* Moves the time of a store; other threads may see it change. */
static void clock_step(struct world *world, struct session *session)
{
    struct store *store = session->view->store;
    if (world->is_shared || !store->has_clock)
        return;
    __atomic_fetch_add(&store->now, 2 * (int64_t)below(&world->chance, 4000), __ATOMIC_SEQ_CST);
}

static void hello_step(struct world *world, struct session *session)
{
    bool is_resp3 = one_in(&world->chance, 2);
    refuse(&world->chance);
    rs_reply *reply = rs_command(session->handle, "HELLO %d", is_resp3 ? 3 : 2);
    grant();
    /* Without memory for its long reply it has taken effect all the same, or not. */
    if (reply == NULL || reply->type == RS_REPLY_ERROR)
        rs_reply_free(rs_command(session->handle, "HELLO %d", is_resp3 ? 3 : 2));
    else
        CHECK(reply->type == (is_resp3 ? RS_REPLY_MAP : RS_REPLY_ARRAY));
    session->is_resp3 = is_resp3;
    rs_reply_free(reply);
}

static void checked_step(struct world *world)
{
    struct session *session = some_session(world, true);
    if (session == NULL || !session->view->store->is_modelled)
        return;
    switch (below(&world->chance, 40)) {
    case 0:
        look_step(world, session);
        break;
    case 1:
        clock_step(world, session);
        break;
    case 2:
        hello_step(world, session);
        break;
    case 3:
    case 4:
        get_many_step(world, session);
        break;
    case 5:
    case 6:
        set_many_step(world, session);
        break;
    case 7:
        if (one_in(&world->chance, 4))
            flush_step(world, session);
        break;
    default:
        deed_step(world, session);
    }
}

#endif
