/* Typed calls for hashes and sorted sets: values, absences, types, buffers, and that commands see the same. */
#include "check.h"
#include <math.h>

static rs_engine *engine;
static rs_session *session;

static void expect_text(const char *expected, const char *command)
{
    rs_reply *reply = rs_command(session, command);
    CHECK(reply != NULL && reply->str != NULL);
    if (strcmp(reply->str, expected) != 0) {
        fprintf(stderr, "%s: %s, expected %s\n", command, reply->str, expected);
        exit(1);
    }
    rs_reply_free(reply);
}

static void expect_integer(long long expected, const char *command)
{
    rs_reply *reply = rs_command(session, command);
    CHECK(reply != NULL && reply->type == RS_REPLY_INTEGER && reply->integer == expected);
    rs_reply_free(reply);
}

static void run(const char *command)
{
    rs_reply *reply = rs_command(session, command);
    CHECK(reply != NULL && reply->type != RS_REPLY_ERROR);
    rs_reply_free(reply);
}

static void test_hashes(void)
{
    char buf[32], *large = malloc(5000);
    size_t len = 77;
    memset(large, 'x', 5000);
    CHECK_STATUS(RS_NIL, rs_hget(session, "h", 1, "f", 1, buf, sizeof buf, &len));
    CHECK(len == 77);
    CHECK_STATUS(RS_OK, rs_hset(session, "h", 1, "f", 1, "a\0b", 3));
    CHECK_STATUS(RS_OK, rs_hget(session, "h", 1, "f", 1, buf, sizeof buf, &len));
    CHECK(len == 3 && memcmp(buf, "a\0b", 3) == 0);
    CHECK_STATUS(RS_NIL, rs_hget(session, "h", 1, "g", 1, buf, sizeof buf, &len));
    /* Over an old value; a number stays its text; nothing is something. */
    CHECK_STATUS(RS_OK, rs_hset(session, "h", 1, "f", 1, "-12", 3));
    CHECK_STATUS(RS_OK, rs_hget(session, "h", 1, "f", 1, buf, sizeof buf, &len));
    CHECK(len == 3 && memcmp(buf, "-12", 3) == 0);
    expect_integer(-11, "hincrby h f 1");
    CHECK_STATUS(RS_OK, rs_hset(session, NULL, 0, NULL, 0, NULL, 0));
    CHECK_STATUS(RS_OK, rs_hget(session, NULL, 0, NULL, 0, NULL, 0, &len));
    CHECK(len == 0);
    /* Too small a buffer. */
    CHECK_STATUS(RS_OK, rs_hset(session, "h", 1, "large", 5, large, 5000));
    expect_text("hashtable", "object encoding h");
    CHECK_STATUS(RS_ERR_BUFFER_TOO_SMALL, rs_hget(session, "h", 1, "large", 5, buf, sizeof buf, &len));
    CHECK(len == 5000);
    CHECK_STATUS(RS_ERR_BUFFER_TOO_SMALL, rs_hget(session, "h", 1, "f", 1, NULL, 0, &len));
    CHECK(len == 3);
    CHECK_STATUS(RS_OK, rs_hget(session, "h", 1, "large", 5, large, 5000, &len));
    expect_integer(2, "hlen h");
    /* A field's time to live ends with a new value, the key's does not. */
    run("hpexpire h 100000 fields 1 f");
    run("pexpire h 100000");
    CHECK_STATUS(RS_OK, rs_hset(session, "h", 1, "f", 1, "v", 1));
    {
        rs_reply *reply = rs_command(session, "hpttl h fields 1 f");
        CHECK(reply != NULL && reply->element[0]->integer == -1);
        rs_reply_free(reply);
        reply = rs_command(session, "pttl h");
        CHECK(reply->integer > 0);
        rs_reply_free(reply);
    }
    free(large);
}

static void test_sorted_sets(void)
{
    static const double scores[] = { 0, -0.0, 1, -1.5, 1e300, 5e-324, INFINITY, -INFINITY, 0.1, 3 };
    double score = 77;
    char member[8];
    size_t i;
    CHECK_STATUS(RS_NIL, rs_zscore(session, "z", 1, "m", 1, &score));
    CHECK(score == 77);
    for (i = 0; i < sizeof scores / sizeof *scores; i++) {
        CHECK_STATUS(RS_OK, rs_zadd(session, "z", 1, scores[i], "m", 1));
        CHECK_STATUS(RS_OK, rs_zscore(session, "z", 1, "m", 1, &score));
        CHECK(score == scores[i]);
    }
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_zadd(session, "z", 1, NAN, "m", 1));
    expect_text("3", "zscore z m");
    CHECK_STATUS(RS_NIL, rs_zscore(session, "z", 1, "n", 1, &score));
    CHECK_STATUS(RS_OK, rs_zadd(session, "z", 1, 2, NULL, 0));
    CHECK_STATUS(RS_OK, rs_zscore(session, "z", 1, NULL, 0, &score));
    for (i = 0; i < 300; i++) {
        int len = snprintf(member, sizeof member, "m%03u", (unsigned)i);
        CHECK_STATUS(RS_OK, rs_zadd(session, "z", 1, (double)i, member, (size_t)len));
    }
    expect_text("skiplist", "object encoding z");
    expect_integer(302, "zcard z");
    CHECK_STATUS(RS_OK, rs_zscore(session, "z", 1, "m250", 4, &score));
    CHECK(score == 250);
}

static void test_refusals(void)
{
    char buf[8];
    size_t len;
    double score;
    CHECK_STATUS(RS_OK, rs_set(session, "s", 1, "v", 1, 0));
    CHECK_STATUS(RS_ERR_WRONG_TYPE, rs_hget(session, "s", 1, "f", 1, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_WRONG_TYPE, rs_hset(session, "s", 1, "f", 1, "v", 1));
    CHECK_STATUS(RS_ERR_WRONG_TYPE, rs_zadd(session, "s", 1, 1, "m", 1));
    CHECK_STATUS(RS_ERR_WRONG_TYPE, rs_zscore(session, "s", 1, "m", 1, &score));
    CHECK_STATUS(RS_ERR_WRONG_TYPE, rs_zscore(session, "h", 1, "m", 1, &score));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hget(NULL, "s", 1, "f", 1, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hget(session, NULL, 1, "f", 1, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hget(session, "h", 1, NULL, 1, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hget(session, "h", 1, "f", 1, NULL, 1, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hget(session, "h", 1, "f", 1, buf, sizeof buf, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hset(NULL, "h", 1, "f", 1, "v", 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hset(session, "h", 1, "f", 1, NULL, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hset(session, "h", (size_t)-1, "f", 1, "v", 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_zadd(NULL, "z", 1, 1, "m", 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_zadd(session, "z", 1, 1, NULL, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_zscore(session, "z", 1, "m", 1, NULL));
    run("MULTI");
    CHECK_STATUS(RS_ERR_BUSY, rs_hget(session, "h", 1, "f", 1, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_BUSY, rs_hset(session, "h", 1, "f", 1, "v", 1));
    CHECK_STATUS(RS_ERR_BUSY, rs_zadd(session, "z", 1, 1, "m", 1));
    CHECK_STATUS(RS_ERR_BUSY, rs_zscore(session, "z", 1, "m", 1, &score));
    run("DISCARD");
    run("CONFIG SET maxmemory 1");
    CHECK_STATUS(RS_ERR_NO_MEMORY, rs_hset(session, "h", 1, "f", 1, "v", 1));
    CHECK_STATUS(RS_ERR_NO_MEMORY, rs_zadd(session, "z", 1, 1, "m", 1));
    CHECK_STATUS(RS_OK, rs_zscore(session, "z", 1, "m", 1, &score));
    run("CONFIG SET maxmemory 0");
}

/* What was told of changes. */
static char events[256];

static void on_event(const char *event, const void *key, size_t klen, int db, void *ud)
{
    size_t used = strlen(events);
    CHECK(db == 0 && ud == NULL);
    snprintf(events + used, sizeof events - used, "%s %.*s;", event, (int)klen, (const char *)key);
}

static void test_events(void)
{
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_ALL | RS_EVENT_NEW, on_event, NULL));
    CHECK_STATUS(RS_OK, rs_hset(session, "eh", 2, "f", 1, "v", 1));
    CHECK_STATUS(RS_OK, rs_zadd(session, "ez", 2, 1, "m", 1));
    CHECK_STATUS(RS_OK, rs_zadd(session, "ez", 2, 1, "m", 1));
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, on_event, NULL));
    if (strcmp(events, "new eh;hset eh;new ez;zadd ez;") != 0) {
        fprintf(stderr, "events: %s\n", events);
        exit(1);
    }
    checks++;
}

/* Others see what happens here: WATCH, MONITOR, statistics. */
static void test_witnesses(void)
{
    rs_session *other;
    rs_reply *reply;
    static const char *const seen[] = { "\"hset\" \"h\" \"f\" \"w\"", "\"hget\" \"h\" \"f\"",
                                        "\"zadd\" \"z\" \"0.5\" \"m\"", "\"zscore\" \"z\" \"m\"" };
    char buf[8];
    size_t len, i;
    double score;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &other));
    rs_reply_free(rs_command(other, "WATCH h z"));
    CHECK_STATUS(RS_OK, rs_zadd(session, "z", 1, 9, "m", 1));
    rs_reply_free(rs_command(other, "MULTI"));
    reply = rs_command(other, "EXEC");
    CHECK(reply != NULL && reply->type == RS_REPLY_NIL);
    rs_reply_free(reply);
    /* The same score again is no change. */
    rs_reply_free(rs_command(other, "WATCH z"));
    CHECK_STATUS(RS_OK, rs_zadd(session, "z", 1, 9, "m", 1));
    rs_reply_free(rs_command(other, "MULTI"));
    reply = rs_command(other, "EXEC");
    CHECK(reply != NULL && reply->type == RS_REPLY_ARRAY);
    rs_reply_free(reply);
    rs_reply_free(rs_command(other, "MONITOR"));
    CHECK_STATUS(RS_OK, rs_hset(session, "h", 1, "f", 1, "w", 1));
    CHECK_STATUS(RS_OK, rs_hget(session, "h", 1, "f", 1, buf, sizeof buf, &len));
    CHECK_STATUS(RS_OK, rs_zadd(session, "z", 1, 0.5, "m", 1));
    CHECK_STATUS(RS_OK, rs_zscore(session, "z", 1, "m", 1, &score));
    for (i = 0; i < 4; i++) {
        CHECK_STATUS(RS_OK, rs_session_next_push(other, 5000, &reply));
        CHECK(strstr(reply->str, seen[i]) != NULL);
        rs_reply_free(reply);
    }
    rs_session_close(other);
    reply = rs_command(session, "INFO commandstats");
    CHECK(strstr(reply->str, "cmdstat_hset:") != NULL && strstr(reply->str, "cmdstat_zscore:") != NULL);
    rs_reply_free(reply);
}

int main(void)
{
    CHECK_STATUS(RS_OK, rs_engine_open(NULL, &engine));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    test_hashes();
    test_sorted_sets();
    test_refusals();
    test_witnesses();
    test_events();
    rs_session_close(session);
    rs_engine_close(engine);
    printf("%d checks\n", checks);
    return 0;
}
