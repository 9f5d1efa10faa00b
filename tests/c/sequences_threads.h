/* Several threads at the same stores: each with keys of its own to know the outcome of, and all with keys that they share. */
#ifndef SEQUENCES_THREADS_H
#define SEQUENCES_THREADS_H

#include "sequences_handles.h"
#include "sequences_parts.h"

enum { THREADS = 3 };

static void step(struct world *world)
{
    unsigned what = below(&world->chance, 100);
    if (what < 35)
        checked_step(world);
    else if (what < 55)
        command_step(world);
    else if (what < 60)
        batch_step(world);
    else if (what < 65)
        push_step(world);
    else if (what < 68)
        client_step(world);
    else if (what < 78)
        odd_typed_step(world);
    else if (what < 80)
        interrupt_step(world);
    else if (what < 88)
        parts_step(world->parts, &world->chance);
    else
        handle_step(world);
}

/* What threads do to the handles that they share. */
struct meeting {
    struct store *stores[STORES_MAX];
    rs_session *session; /* In the hands of several at a time: one gets through, the others are told so. */
    rs_loop *loop;
    rs_pool *pool;
    unsigned tasks; /* Atomic. */
    rs_server *server;
};

struct worker {
    pthread_t thread;
    struct meeting *meeting;
    uint64_t seed;
    unsigned number, steps;
};

static void count_task(void *arg)
{
    __atomic_fetch_add((unsigned *)arg, 1, __ATOMIC_RELAXED);
}

static void meet(struct meeting *meeting, struct chance *chance)
{
    rs_reply *reply;
    switch (below(chance, 7)) {
    case 0:
        CHECK_ONE_OF(rs_set(meeting->session, "shared", 6, "1", 1, 0), RS_ERR_BUSY, RS_ERR_CLOSED);
        break;
    case 1:
        reply = rs_command(meeting->session, "INCR shared");
        CHECK(reply != NULL || rs_last_status() == RS_ERR_BUSY);
        rs_reply_free(reply);
        break;
    case 2:
        CHECK_STATUS(RS_OK, rs_session_interrupt(meeting->session));
        break;
    case 3:
        CHECK_STATUS(RS_OK, rs_loop_stop(meeting->loop));
        break;
    case 4:
        CHECK_STATUS(RS_OK, rs_pool_queue(meeting->pool, count_task, &meeting->tasks));
        break;
    case 5:
        CHECK_ONE_OF(rs_server_wait(meeting->server, (int64_t)below(chance, 2)), RS_ERR_TIMEOUT);
        CHECK(rs_server_port(meeting->server) != 0);
        break;
    default:
        reply = NULL;
        CHECK_ONE_OF(rs_session_next_push(meeting->session, 0, &reply), RS_ERR_TIMEOUT, RS_ERR_BUSY, RS_ERR_CLOSED);
        rs_reply_free(reply);
    }
}

static void begin_world(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof *world);
    world->chance.state = seed;
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        world->clients[i].fd = -1;
    world->parts = open_parts();
}

static void *work(void *of)
{
    struct worker *worker = of;
    struct world world;
    struct view views[STORES_MAX];
    memset(views, 0, sizeof views);
    is_host_thread = true;
    running_seed = worker->seed;
    begin_world(&world, worker->seed + worker->number);
    world.is_shared = true;
    for (unsigned i = 0; i < STORES_MAX; i++) {
        views[i].store = worker->meeting->stores[i];
        views[i].prefix = (char)('m' + 1 + worker->number);
        world.views[i] = &views[i];
    }
    for (running_step = 0; running_step < worker->steps; running_step++) {
        step(&world);
        if (one_in(&world.chance, 5))
            meet(worker->meeting, &world.chance);
    }
    end_world(&world);
    close_parts(world.parts);
    return NULL;
}

/* One round: stores are opened, threads work with them and are joined, stores are closed. */
static void run_threads(uint64_t seed, unsigned steps)
{
    struct chance chance = { seed };
    struct meeting meeting;
    struct worker workers[THREADS];
    struct view *views[STORES_MAX];
    memset(&meeting, 0, sizeof meeting);
    for (unsigned i = 0; i < STORES_MAX; i++) {
        views[i] = open_store(&chance, true);
        meeting.stores[i] = views[i]->store;
    }
    CHECK_STATUS(RS_OK, rs_session_open(meeting.stores[0]->engine, &meeting.session));
    CHECK_STATUS(RS_OK, rs_server_start(meeting.stores[1]->engine, &meeting.server));
    meeting.loop = rs_loop_new();
    meeting.pool = rs_pool_new(2);
    CHECK(meeting.loop != NULL && meeting.pool != NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ 0 };
        workers[i].meeting = &meeting;
        workers[i].seed = seed;
        workers[i].number = i;
        workers[i].steps = steps;
        CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    rs_pool_free(meeting.pool);
    rs_loop_free(meeting.loop);
    CHECK_STATUS(RS_OK, rs_server_stop(meeting.server));
    rs_session_close(meeting.session);
    for (unsigned i = 0; i < STORES_MAX; i++) {
        close_engine(views[i]->store);
        forget_store(&views[i]);
    }
}

#endif
