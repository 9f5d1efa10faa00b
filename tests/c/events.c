/* Keyspace events: what is told, in which thread and order, and what a callback may do. */
#include "check.h"
#include <pthread.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS 300

static rs_engine *engine;
static rs_session *session;

static rs_session *open_session(void)
{
    rs_session *opened;
    CHECK_STATUS(RS_OK, rs_session_open(engine, &opened));
    return opened;
}

static void run(rs_session *in, const char *command)
{
    rs_reply *reply = rs_command(in, command);
    CHECK(reply != NULL && reply->type != RS_REPLY_ERROR);
    rs_reply_free(reply);
}

/* What was told, as text: "event key db, ...". Only one thread at a time writes to it. */
struct record {
    char text[1024];
    pthread_t thread;
};

static void note(const char *event, const void *key, size_t klen, int db, void *ud)
{
    struct record *record = ud;
    size_t len = strlen(record->text);
    snprintf(record->text + len, sizeof record->text - len, "%s %.*s %d, ", event, (int)klen, (const char *)key, db);
    record->thread = pthread_self();
}

static void expect(struct record *record, const char *text)
{
    __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);
    if (strcmp(record->text, text) != 0) {
        fprintf(stderr, "told:     %s\nexpected: %s\n", record->text, text);
        exit(1);
    }
    record->text[0] = '\0';
}

static void test_classes(void)
{
    struct record all = {"", 0}, lists = {"", 0}, news = {"", 0};
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_ALL, note, &all));
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_LIST | RS_EVENT_KEY_MISS, note, &lists));
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_NEW, note, &news));
    run(session, "SET k v EX 100");
    CHECK(pthread_equal(all.thread, pthread_self()));
    expect(&all, "set k 0, expire k 0, ");
    run(session, "MSET k 1 l 2");
    expect(&all, "set k 0, set l 0, ");
    run(session, "RENAME k l");
    expect(&all, "rename_from k 0, rename_to l 0, ");
    run(session, "GET k");
    run(session, "RPUSH q 1");
    run(session, "LPOP q");
    expect(&all, "rpush q 0, lpop q 0, del q 0, ");
    expect(&lists, "keymiss k 0, rpush q 0, lpop q 0, ");
    expect(&news, "new k 0, new l 0, new l 0, new q 0, ");

    /* The classes of a function that listens already are replaced. */
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_HASH, note, &all));
    run(session, "HSET h f v");
    run(session, "SET l 3");
    expect(&all, "hset h 0, ");

    /* Typed calls, batches and transactions. */
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_ALL, note, &all));
    CHECK_STATUS(RS_OK, rs_set(session, "t", 1, "1", 1, 5000));
    int64_t value;
    CHECK_STATUS(RS_OK, rs_incr_by(session, "t", 1, 1, &value));
    CHECK_STATUS(RS_OK, rs_expire(session, "t", 1, 9000));
    CHECK_STATUS(RS_OK, rs_expire(session, "t", 1, -1));
    expect(&all, "set t 0, expire t 0, incrby t 0, expire t 0, del t 0, ");
    CHECK_STATUS(RS_OK, rs_hset(session, "h", 1, "f", 1, "w", 1));
    CHECK_STATUS(RS_OK, rs_zadd(session, "z", 1, 1.5, "m", 1));
    rs_slice keys[2] = {{"m", 1}, {"n", 1}};
    CHECK_STATUS(RS_OK, rs_set_many(session, 2, keys, keys));
    expect(&all, "hset h 0, zadd z 0, set m 0, set n 0, ");
    run(session, "MULTI");
    run(session, "SET a 1");
    run(session, "DEL a");
    expect(&all, "");
    run(session, "EXEC");
    expect(&all, "set a 0, del a 0, ");
    run(session, "SELECT 3");
    run(session, "SADD s 1");
    run(session, "MOVE s 0");
    expect(&all, "sadd s 3, move_from s 3, move_to s 0, ");
    run(session, "SELECT 0");

    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, note, &all));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_engine_on_event(engine, 0, note, &all));
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, note, &lists));
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, note, &news));
    run(session, "FLUSHALL");
    run(session, "SET k v");
    expect(&all, "");
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_engine_on_event(NULL, RS_EVENT_ALL, note, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_engine_on_event(engine, RS_EVENT_ALL, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_engine_on_event(engine, 1, note, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_engine_on_event(engine, UINT32_MAX, note, NULL));
}

/* What a callback does with the library. */
struct caller {
    rs_session *other;
    struct record record;
};

static void call_back(const char *event, const void *key, size_t klen, int db, void *ud)
{
    struct caller *caller = ud;
    note(event, key, klen, db, &caller->record);
    if (strcmp(event, "set") != 0 || klen != 1 || *(const char *)key != 'k')
        return;
    /* Not the session of the command, and nothing that ends what is running. */
    CHECK(rs_command(session, "PING") == NULL);
    char buffer[8];
    size_t len;
    CHECK_STATUS(RS_ERR_BUSY, rs_get(session, "k", 1, buffer, sizeof buffer, &len));
    rs_session_close(session);
    rs_engine_close(engine);
    /* Any other session. What it changes is told afterwards. */
    CHECK_STATUS(RS_OK, rs_get(caller->other, "k", 1, buffer, sizeof buffer, &len));
    CHECK(len == 1 && buffer[0] == 'v');
    run(caller->other, "APPEND k w");
    rs_session *fresh = open_session();
    run(fresh, "SET copy v");
    rs_session_close(fresh);
    CHECK(strcmp(caller->record.text, "set k 0, ") == 0);
}

static void test_calling_back(void)
{
    struct caller caller = {open_session(), {"", 0}};
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_ALL, call_back, &caller));
    run(session, "MULTI");
    run(session, "SET k v");
    run(session, "SET l v");
    run(session, "EXEC");
    expect(&caller.record, "set k 0, set l 0, append k 0, set copy 0, ");
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, call_back, &caller));
    rs_session_close(caller.other);
}

static void only_once(const char *event, const void *key, size_t klen, int db, void *ud)
{
    note(event, key, klen, db, ud);
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, only_once, ud));
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_STRING, note, ud));
}

static void test_listeners_from_inside(void)
{
    struct record record = {"", 0};
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_STRING, only_once, &record));
    run(session, "MSET x 1 y 2 z 3");
    expect(&record, "set x 0, set y 0, set z 0, ");
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, note, &record));
}

static void refuse(const void *val, size_t len, void *ud)
{
    (void)val, (void)len;
    /* Here something is locked. */
    CHECK_STATUS(RS_ERR_BUSY, rs_engine_on_event(engine, RS_EVENT_ALL, note, ud));
}

static void test_from_inside_another_callback(void)
{
    run(session, "SET k v");
    CHECK_STATUS(RS_OK, rs_get_with(session, "k", 1, refuse, NULL));
}

/* A mirror of counters: it must see the changes of each in their order. */
static long long counters[3];
static int out_of_order;

static void follow(const char *event, const void *key, size_t klen, int db, void *ud)
{
    (void)event, (void)klen, (void)db;
    int which = *(const char *)key - 'a';
    /* The calls for one key do not overlap, so this needs no lock. */
    long long before = __atomic_load_n(&counters[which], __ATOMIC_SEQ_CST);
    for (int i = 0; i < 50; i++)
        if (__atomic_load_n(&counters[which], __ATOMIC_SEQ_CST) != before)
            __atomic_store_n(&out_of_order, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&counters[which], before + 1, __ATOMIC_SEQ_CST);
    (void)ud;
}

static void *count(void *ud)
{
    rs_session *own = open_session();
    for (int i = 0; i < ROUNDS; i++) {
        int64_t value;
        char key = (char)('a' + i % 3);
        CHECK_STATUS(RS_OK, rs_incr_by(own, &key, 1, 1, &value));
        /* This thread's own event has been told by now. */
        CHECK(__atomic_load_n(&counters[i % 3], __ATOMIC_SEQ_CST) >= value);
    }
    rs_session_close(own);
    return ud;
}

static void test_order_between_threads(void)
{
    pthread_t threads[THREADS];
    run(session, "FLUSHALL");
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_STRING, follow, NULL));
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, count, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, follow, NULL));
    CHECK(!__atomic_load_n(&out_of_order, __ATOMIC_SEQ_CST));
    for (int i = 0; i < 3; i++)
        CHECK(__atomic_load_n(&counters[i], __ATOMIC_SEQ_CST) == THREADS * ROUNDS / 3);
}

/* A callback that takes its time holds up its own thread. */
static int gate[2];

static void wait_for_gate(const char *event, const void *key, size_t klen, int db, void *ud)
{
    char byte;
    (void)event, (void)db, (void)ud;
    if (klen == 4 && memcmp(key, "slow", 4) == 0)
        CHECK(read(gate[0], &byte, 1) == 1);
}

static void *be_slow(void *ud)
{
    rs_session *own = open_session();
    run(own, "SET slow 1");
    rs_session_close(own);
    return ud;
}

static void test_blocking_callback(void)
{
    pthread_t slow;
    CHECK(pipe(gate) == 0);
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_STRING, wait_for_gate, NULL));
    CHECK(pthread_create(&slow, NULL, be_slow, NULL) == 0);
    for (int i = 0; i < 2000; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "quick%d", i);
        CHECK_STATUS(RS_OK, rs_set(session, key, (size_t)len, "v", 1, 0));
    }
    CHECK(write(gate[1], "x", 1) == 1);
    pthread_join(slow, NULL);
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, wait_for_gate, NULL));
    close(gate[0]);
    close(gate[1]);
}

/* Who waits is served by the thread that writes; that is where both events are told. */
static void *wait_in_line(void *ud)
{
    rs_session *own = open_session();
    run(own, "BLPOP line 0");
    rs_session_close(own);
    return ud;
}

static void test_served_clients(void)
{
    struct record record = {"", 0};
    pthread_t waiter;
    int blocked = 0;
    CHECK(pthread_create(&waiter, NULL, wait_in_line, NULL) == 0);
    while (!blocked) {
        rs_reply *info = rs_command(session, "INFO clients");
        blocked = strstr(info->str, "blocked_clients:1\r") != NULL;
        rs_reply_free(info);
    }
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_ALL, note, &record));
    run(session, "RPUSH line 1");
    expect(&record, "rpush line 0, lpop line 0, del line 0, ");
    CHECK(pthread_equal(record.thread, pthread_self()));
    pthread_join(waiter, NULL);
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, note, &record));
}

/* Expiry by itself, in another thread, and when a command finds the key expired. */
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;
static struct record expired;
static int expiries;

static void on_expired(const char *event, const void *key, size_t klen, int db, void *ud)
{
    (void)ud;
    pthread_mutex_lock(&told_lock);
    note(event, key, klen, db, &expired);
    expiries++;
    pthread_cond_broadcast(&told);
    pthread_mutex_unlock(&told_lock);
}

static void until_expired(int count)
{
    pthread_mutex_lock(&told_lock);
    while (expiries < count)
        pthread_cond_wait(&told, &told_lock);
    pthread_mutex_unlock(&told_lock);
}

static int64_t now_ms = 1000000;

static int64_t host_clock(void *ud)
{
    (void)ud;
    return __atomic_load_n(&now_ms, __ATOMIC_SEQ_CST);
}

static void test_expiry(void)
{
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, RS_EVENT_EXPIRED | RS_EVENT_HASH, on_expired, NULL));
    CHECK_STATUS(RS_OK, rs_set(session, "short", 5, "v", 1, 20));
    until_expired(1);
    CHECK(!pthread_equal(expired.thread, pthread_self()));
    expect(&expired, "expired short 0, ");
    run(session, "HSET fields f v g v");
    run(session, "HPEXPIRE fields 20 FIELDS 1 f");
    until_expired(4);
    expect(&expired, "hset fields 0, hexpire fields 0, hexpired fields 0, ");
    CHECK_STATUS(RS_OK, rs_engine_on_event(engine, 0, on_expired, NULL));

    rs_engine *own;
    rs_session *in_own;
    rs_config *config = rs_config_new();
    CHECK_STATUS(RS_OK, rs_config_set_clock(config, host_clock, NULL));
    CHECK_STATUS(RS_OK, rs_config_set(config, "enable-debug-command", "yes"));
    CHECK_STATUS(RS_OK, rs_engine_open(config, &own));
    rs_config_free(config);
    CHECK_STATUS(RS_OK, rs_session_open(own, &in_own));
    run(in_own, "DEBUG SET-ACTIVE-EXPIRE 0");
    CHECK_STATUS(RS_OK, rs_engine_on_event(own, RS_EVENT_EXPIRED | RS_EVENT_KEY_MISS, note, &expired));
    CHECK_STATUS(RS_OK, rs_set(in_own, "lazy", 4, "v", 1, 20));
    __atomic_fetch_add(&now_ms, 21, __ATOMIC_SEQ_CST);
    run(in_own, "GET lazy");
    CHECK(pthread_equal(expired.thread, pthread_self()));
    expect(&expired, "expired lazy 0, keymiss lazy 0, ");
    rs_session_close(in_own);
    rs_engine_close(own);
}

int main(void)
{
    CHECK_STATUS(RS_OK, rs_engine_open(NULL, &engine));
    session = open_session();
    test_classes();
    test_calling_back();
    test_listeners_from_inside();
    test_from_inside_another_callback();
    test_order_between_threads();
    test_blocking_callback();
    test_served_clients();
    test_expiry();
    rs_session_close(session);
    rs_engine_close(engine);
    printf("%d checks\n", checks);
    return 0;
}
