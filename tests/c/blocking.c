/* Commands that wait, in threads of the host: served by other sessions, out of time, interrupted, killed. */
#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static rs_engine *engine;
static rs_session *session;

static rs_session *open_session(void)
{
    rs_session *opened;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &opened));
    return opened;
}

/* One thread in one blocking call. */
struct call {
    rs_session *session;
    const char *command;
    pthread_t thread;
    rs_reply *reply;
    char error[256];
};

static void *run(void *of)
{
    struct call *call = of;
    call->reply = rs_command(call->session, call->command);
    snprintf(call->error, sizeof call->error, "%s", call->reply == NULL ? rs_last_error() : "");
    return NULL;
}

static void start(struct call *call, const char *command)
{
    call->command = command;
    CHECK(pthread_create(&call->thread, NULL, run, call) == 0);
}

/* Until so many clients are blocked. */
static void until_blocked(int count)
{
    char field[64];
    int met = 0;
    snprintf(field, sizeof field, "blocked_clients:%d\r", count);
    while (!met) {
        rs_reply *info = rs_command(session, "INFO clients");
        met = strstr(info->str, field) != NULL;
        rs_reply_free(info);
    }
}

static void expect_integer(long long expected, const char *command)
{
    rs_reply *reply = rs_command(session, command);
    CHECK(reply != NULL && reply->type == RS_REPLY_INTEGER && reply->integer == expected);
    rs_reply_free(reply);
}

/* What BLPOP replies. */
static void expect_element(rs_reply *reply, const char *key, const char *element)
{
    CHECK(reply != NULL && reply->type == RS_REPLY_ARRAY && reply->elements == 2);
    CHECK(strcmp(reply->element[0]->str, key) == 0 && strcmp(reply->element[1]->str, element) == 0);
    rs_reply_free(reply);
}

static void test_served_in_order(void)
{
    struct call calls[4];
    char text[2] = "0";
    for (int i = 0; i < 4; i++) {
        calls[i].session = open_session();
        start(&calls[i], "BLPOP none queue 0");
        until_blocked(i + 1);
    }
    expect_integer(4, "RPUSH queue 0 1 2 3");
    expect_integer(0, "EXISTS queue");
    for (int i = 0; i < 4; i++) {
        pthread_join(calls[i].thread, NULL);
        text[0] = (char)('0' + i);
        expect_element(calls[i].reply, "queue", text);
        rs_session_close(calls[i].session);
    }
}

static void test_timeout(void)
{
    rs_reply *reply = rs_command(session, "BLPOP none 0.02");
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);
    reply = rs_command(session, "BLMOVE none none LEFT LEFT 0.001");
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);
    reply = rs_command(session, "BZPOPMAX none 0.001");
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);
    reply = rs_command(session, "BLPOP none -1");
    CHECK(reply != NULL && reply->type == RS_REPLY_ERROR && strcmp(reply->str, "ERR timeout is negative") == 0);
    rs_reply_free(reply);
}

static void expect_interrupted(rs_reply *reply)
{
    CHECK(reply != NULL && reply->type == RS_REPLY_ERROR && strncmp(reply->str, "RS_ERR_CLOSED ", 14) == 0);
    rs_reply_free(reply);
}

static void test_interrupt(void)
{
    struct call call = {open_session(), NULL, 0, NULL, ""};
    start(&call, "BRPOP queue 0");
    until_blocked(1);
    /* Another call is refused while one waits; an interrupt is not. */
    CHECK(rs_command(call.session, "PING") == NULL);
    CHECK_STATUS(RS_OK, rs_session_interrupt(call.session));
    pthread_join(call.thread, NULL);
    expect_interrupted(call.reply);
    until_blocked(0);
    expect_integer(1, "RPUSH queue x");
    expect_element(rs_command(call.session, "BRPOP queue 0"), "queue", "x");
    /* It comes before the wait, and ends the next one; a command that need not wait is not its business. */
    CHECK_STATUS(RS_OK, rs_session_interrupt(call.session));
    expect_integer(1, "RPUSH queue y");
    expect_element(rs_command(call.session, "BLPOP queue 0"), "queue", "y");
    expect_interrupted(rs_command(call.session, "BLPOP queue 0"));
    rs_session_close(call.session);
}

static void test_unblock_and_kill(void)
{
    struct call call = {open_session(), NULL, 0, NULL, ""};
    rs_reply *id = rs_command(call.session, "CLIENT ID");
    rs_reply *reply;
    start(&call, "BLPOP queue 0");
    until_blocked(1);
    reply = rs_command(session, "CLIENT UNBLOCK %lld ERROR", id->integer);
    CHECK(reply->integer == 1);
    rs_reply_free(reply);
    pthread_join(call.thread, NULL);
    CHECK(call.reply->type == RS_REPLY_ERROR && strncmp(call.reply->str, "UNBLOCKED ", 10) == 0);
    rs_reply_free(call.reply);

    start(&call, "BLPOP queue 0");
    until_blocked(1);
    reply = rs_command(session, "CLIENT KILL ID %lld", id->integer);
    CHECK(reply->integer == 1);
    rs_reply_free(reply);
    expect_integer(1, "RPUSH queue z");
    pthread_join(call.thread, NULL);
    CHECK(call.reply == NULL && strstr(call.error, "closed") != NULL);
    expect_element(rs_command(session, "BLPOP queue 0"), "queue", "z");
    rs_reply_free(id);
    rs_session_close(call.session);
}

/* A batch waits in the middle and goes on. */
static void *push_when_blocked(void *unused)
{
    rs_session *own = open_session();
    int blocked = 0;
    while (!blocked) {
        rs_reply *info = rs_command(own, "INFO clients");
        blocked = strstr(info->str, "blocked_clients:1\r") != NULL;
        rs_reply_free(info);
    }
    rs_reply_free(rs_command(own, "RPUSH queue b"));
    rs_session_close(own);
    return unused;
}

static void test_batch(void)
{
    const char *set[] = {"SET", "k", "1"}, *pop[] = {"BLPOP", "queue", "0"}, *incr[] = {"INCR", "k"};
    const char **argv[] = {set, pop, incr};
    const int argc[] = {3, 3, 2};
    rs_reply *replies[3];
    pthread_t pusher;
    CHECK(pthread_create(&pusher, NULL, push_when_blocked, NULL) == 0);
    CHECK_STATUS(RS_OK, rs_command_batch(session, 3, argc, argv, NULL, replies));
    pthread_join(pusher, NULL);
    CHECK(replies[0]->type == RS_REPLY_STATUS && replies[2]->integer == 2);
    expect_element(replies[1], "queue", "b");
    rs_reply_free(replies[0]);
    rs_reply_free(replies[2]);
}

/* Members of a sorted set go to the threads that wait for them, each to one, while others interrupt them. */
enum { TAKERS = 4, ADDERS = 2, MEMBERS_PER_ADDER = 200 };

struct worker {
    rs_session *session;
    pthread_t thread;
    int first;
    /* What a thread has done; checked when it has ended. */
    long long sum, done, interrupted, failed;
};

static void *take_members(void *of)
{
    struct worker *taker = of;
    for (;;) {
        rs_reply *reply = rs_command(taker->session, "BZPOPMIN jobs 0");
        if (reply == NULL)
            break;
        if (reply->type == RS_REPLY_ERROR && strncmp(reply->str, "RS_ERR_CLOSED ", 14) == 0) {
            __atomic_add_fetch(&taker->interrupted, 1, __ATOMIC_RELAXED);
        } else if (reply->type == RS_REPLY_ARRAY && reply->elements == 3) {
            long long member = atoll(reply->element[1]->str);
            if (member < 0) {
                rs_reply_free(reply);
                return NULL;
            }
            taker->sum += member;
            taker->done++;
        } else {
            taker->failed++;
        }
        rs_reply_free(reply);
    }
    taker->failed++;
    return NULL;
}

static void *add_members(void *of)
{
    struct worker *adder = of;
    for (int i = 0; i < MEMBERS_PER_ADDER; i++) {
        rs_reply *reply = rs_command(adder->session, "ZADD jobs %d %d", i, adder->first + i);
        adder->done += reply != NULL && reply->type == RS_REPLY_INTEGER && reply->integer == 1;
        rs_reply_free(reply);
    }
    return NULL;
}

static void start_worker(struct worker *worker, void *(*work)(void *), int first)
{
    memset(worker, 0, sizeof *worker);
    worker->session = open_session();
    worker->first = first;
    CHECK(pthread_create(&worker->thread, NULL, work, worker) == 0);
}

static void test_sorted_sets_in_threads(void)
{
    const long long count = ADDERS * MEMBERS_PER_ADDER;
    struct worker takers[TAKERS], adders[ADDERS];
    long long sum = 0, taken = 0, interrupted = 0;
    for (int i = 0; i < TAKERS; i++)
        start_worker(&takers[i], take_members, 0);
    until_blocked(TAKERS);
    CHECK_STATUS(RS_OK, rs_session_interrupt(takers[0].session));
    /* Once there is work it may be served instead, and never wait again. */
    while (__atomic_load_n(&takers[0].interrupted, __ATOMIC_RELAXED) == 0)
        sched_yield();
    for (int i = 0; i < ADDERS; i++)
        start_worker(&adders[i], add_members, i * MEMBERS_PER_ADDER);
    for (int i = 0; i < 50; i++)
        CHECK_STATUS(RS_OK, rs_session_interrupt(takers[i % TAKERS].session));
    for (int i = 0; i < ADDERS; i++) {
        pthread_join(adders[i].thread, NULL);
        CHECK(adders[i].done == MEMBERS_PER_ADDER);
        rs_session_close(adders[i].session);
    }
    /* Behind all others by their scores: one to end each thread. */
    for (int i = 0; i < TAKERS; i++)
        rs_reply_free(rs_command(session, "ZADD jobs 1000000 -%d", i + 1));
    for (int i = 0; i < TAKERS; i++) {
        pthread_join(takers[i].thread, NULL);
        CHECK(takers[i].failed == 0);
        sum += takers[i].sum;
        taken += takers[i].done;
        interrupted += takers[i].interrupted;
        rs_session_close(takers[i].session);
    }
    CHECK(taken == count && sum == count * (count - 1) / 2);
    CHECK(interrupted >= 1 && interrupted <= 51);
    expect_integer(0, "EXISTS jobs");
    until_blocked(0);
}

/* An engine whose clock the host moves. */
static int64_t host_ms = 1000000;

static int64_t host_clock(void *unused)
{
    (void)unused;
    return __atomic_load_n(&host_ms, __ATOMIC_SEQ_CST);
}

static void test_host_clock(void)
{
    rs_config *config = rs_config_new();
    rs_engine *outer_engine = engine;
    rs_session *outer_session = session;
    CHECK_STATUS(RS_OK, rs_config_set_clock(config, host_clock, NULL));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &engine));
    rs_config_free(config);
    session = open_session();
    struct call call = {open_session(), NULL, 0, NULL, ""};
    start(&call, "BLPOP queue 3600");
    until_blocked(1);
    __atomic_add_fetch(&host_ms, 3600 * 1000, __ATOMIC_SEQ_CST);
    pthread_join(call.thread, NULL);
    CHECK(call.reply->type == RS_REPLY_NIL);
    rs_reply_free(call.reply);
    rs_session_close(call.session);
    rs_session_close(session);
    rs_engine_close(engine);
    engine = outer_engine;
    session = outer_session;
}

int main(void)
{
    CHECK_STATUS(RS_OK, rs_engine_open(NULL, &engine));
    session = open_session();
    test_served_in_order();
    test_timeout();
    test_interrupt();
    test_unblock_and_kill();
    test_batch();
    test_sorted_sets_in_threads();
    test_host_clock();
    rs_session_close(session);
    rs_engine_close(engine);
    printf("%d checks\n", checks);
    return 0;
}
