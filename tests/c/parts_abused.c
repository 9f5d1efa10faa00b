/* The parts by themselves in bad company: bytes that are no protocol, functions that pull the rug from under the loop that
 * calls them, tasks that queue tasks, pointers to nowhere, sizes beyond everything. */
#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* A pointer that no object of a type can have. */
static unsigned char ground[256];
#define MISALIGNED(type) ((type *)(void *)(ground + 1))

/* ---- protocol ---- */

/* Feeds a reader piece by piece; how many replies come out before what `last` tells. */
static int replies_of(const char *bytes, size_t len, size_t piece, rs_status *last)
{
    rs_reader *reader = rs_reader_new();
    rs_reply *reply;
    int count = 0;
    *last = RS_NIL;
    for (size_t at = 0; at < len; at += piece) {
        CHECK_STATUS(RS_OK, rs_reader_feed(reader, bytes + at, len - at < piece ? len - at : piece));
        while ((*last = rs_reader_next(reader, &reply)) == RS_OK) {
            rs_reply_free(reply);
            count++;
        }
    }
    rs_reader_free(reader);
    return count;
}

static int requests_of(const char *bytes, size_t len, size_t piece, rs_status *last)
{
    rs_request_reader *reader = rs_request_reader_new();
    rs_reply *request;
    int count = 0;
    *last = RS_NIL;
    for (size_t at = 0; at < len; at += piece) {
        CHECK_STATUS(RS_OK, rs_request_reader_feed(reader, bytes + at, len - at < piece ? len - at : piece));
        while ((*last = rs_request_reader_next(reader, &request)) == RS_OK) {
            CHECK(request->type == RS_REPLY_ARRAY && request->elements > 0);
            rs_reply_free(request);
            count++;
        }
    }
    rs_request_reader_free(reader);
    return count;
}

static const size_t pieces[] = { 1, 2, 3, 7, 64, 100000 };
enum { PIECES = sizeof pieces / sizeof *pieces };

static void test_protocol_in_pieces(void)
{
    static const char replies[] =
        "+OK\r\n-ERR no\r\n:-42\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n*1\r\n:1\r\n$0\r\n\r\n_\r\n#t\r\n,1.5e3\r\n,-inf\r\n(123456789012345678901\r\n"
        "=7\r\ntxt:abc\r\n%1\r\n+k\r\n~1\r\n:1\r\n>2\r\n+message\r\n+m\r\n|1\r\n+a\r\n+b\r\n:7\r\n!5\r\nERR x\r\n";
    static const char requests[] = "*1\r\n$4\r\nPING\r\nGET k\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\n\r\n*1\r\r\nset a \"b c\\x41\" 'd e'\r\n\r\n\n*0\r\nx\n";
    rs_status last;
    int whole = replies_of(replies, sizeof replies - 1, sizeof replies, &last);
    CHECK(last == RS_NIL && whole == 18);
    for (int i = 0; i < PIECES; i++) {
        CHECK(replies_of(replies, sizeof replies - 1, pieces[i], &last) == whole && last == RS_NIL);
        CHECK(requests_of(requests, sizeof requests - 1, pieces[i], &last) == 5 && last == RS_NIL);
    }
}

static void test_protocol_errors(void)
{
    static const char *const no_replies[] = {
        "x\r\n", "\r\n", ":\r\n", ":1x\r\n", ":99999999999999999999\r\n", "$x\r\n", "$-2\r\n", "$99999999999999999999\r\n", "$1\r\nabc",
        "*x\r\n", "*-2\r\n", "*99999999999999999999\r\n", "%-2\r\n", "#x\r\n", ",x\r\n", "_x\r\n", "(1x\r\n", "*1\r\n?\r\n",
    };
    static const char *const no_requests[] = {
        "*x\r\n", "*99999999999999999999\r\n", "*2147483648\r\n", "*1\r\n:1\r\n", "*1\r\n$x\r\n", "*1\r\n$-1\r\n", "*1\r\n$99999999999999999999\r\n", "*1\r\n$536870913\r\n",
        "get \"a\r\n", "get \"a\"b\r\n", "get 'a\r\n",
    };
    rs_status last;
    for (int p = 0; p < PIECES; p++) {
        for (size_t i = 0; i < sizeof no_replies / sizeof *no_replies; i++) {
            CHECK(replies_of(no_replies[i], strlen(no_replies[i]), pieces[p], &last) == 0);
            if (last != RS_ERR_PROTOCOL)
                fprintf(stderr, "reply %s", no_replies[i]);
            CHECK_STATUS(RS_ERR_PROTOCOL, last);
        }
        for (size_t i = 0; i < sizeof no_requests / sizeof *no_requests; i++) {
            CHECK(requests_of(no_requests[i], strlen(no_requests[i]), pieces[p], &last) == 0);
            if (last != RS_ERR_PROTOCOL)
                fprintf(stderr, "request %s", no_requests[i]);
            CHECK_STATUS(RS_ERR_PROTOCOL, last);
        }
    }
    /* What only announces much costs nothing and is waited for. */
    static const char *const large[] = { "*1000000000\r\n", "$2000000000\r\n", "%1000000000\r\n+k\r\n" };
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        CHECK(replies_of(large[i], strlen(large[i]), 1, &last) == 0 && last == RS_NIL);
    CHECK(requests_of("*1000000\r\n$500000000\r\n", 22, 1, &last) == 0 && last == RS_NIL);

    /* Depth is limited, however it arrives: the stack is the host's. */
    enum { DEPTH = 100000 };
    char *deep = malloc(4 * DEPTH);
    for (size_t i = 0; i < DEPTH; i++)
        memcpy(deep + 4 * i, "*1\r\n", 4);
    CHECK(replies_of(deep, 4 * DEPTH, 4096, &last) == 0 && last == RS_ERR_PROTOCOL);
    /* And so is a line without an end. */
    memset(deep, 'x', 4 * DEPTH);
    CHECK(requests_of(deep, 4 * DEPTH, 4096, &last) == 0 && last == RS_ERR_PROTOCOL);
    free(deep);
}

static void test_format(void)
{
    static const char *words[] = { "SET", "k", NULL };
    static const size_t lengths[] = { 3, 1, 0 }, huge[] = { 3, 1, SIZE_MAX }, much[] = { SIZE_MAX / 4, SIZE_MAX / 4, 0 };
    char buf[64];
    size_t len = 7;
    CHECK_STATUS(RS_OK, rs_format_argv(3, words, lengths, buf, SIZE_MAX, &len)); /* writes as much as it has to say */
    CHECK(len == 26 && memcmp(buf, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", len) == 0);
    CHECK_STATUS(RS_ERR_BUFFER_TOO_SMALL, rs_format_argv(3, words, lengths, NULL, 0, &len));
    CHECK(len == 26);
    len = 7;
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_format_argv(3, words, NULL, buf, sizeof buf, &len)); /* a NULL word */
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_format_argv(3, words, huge, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_format_argv(-1, words, lengths, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_format_argv(INT_MIN, words, lengths, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_format_argv(3, words, lengths, buf, sizeof buf, MISALIGNED(size_t)));
    CHECK(len == 7);
    /* A length that only an address space of another world holds is refused, one way or another, without a look. */
    CHECK(rs_format_argv(2, words, much, buf, sizeof buf, &len) < 0);
}

/* ---- event loop ---- */

struct pair {
    int ends[2], other, calls, is_deleting;
};

static void on_ready(rs_loop *loop, int fd, int mask, void *ud)
{
    struct pair *pair = ud;
    pair->calls++;
    CHECK(mask == RS_LOOP_READ);
    if (pair->is_deleting) { /* Both are ready: the other one must not be called any more, and neither must this one. */
        CHECK_STATUS(RS_OK, rs_loop_del_fd(loop, pair->other));
        CHECK_STATUS(RS_OK, rs_loop_del_fd(loop, fd));
        CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_fd(loop, fd));
        CHECK(close(fd) == 0);
    }
}

static void on_writable(rs_loop *loop, int fd, int mask, void *ud)
{
    CHECK(mask == RS_LOOP_WRITE);
    ++*(int *)ud;
    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, fd, RS_LOOP_READ, on_ready, NULL)); /* replaces this one */
    CHECK_STATUS(RS_OK, rs_loop_stop(loop));
}

static void test_descriptors(void)
{
    rs_loop *loop = rs_loop_new();
    struct pair a = { { 0, 0 }, 0, 0, 0 }, b = { { 0, 0 }, 0, 0, 0 };
    int writable = 0, file;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, a.ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, b.ends) == 0);
    a.other = b.ends[0];
    b.other = a.ends[0];
    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, a.ends[0], RS_LOOP_READ, on_ready, &a));
    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, b.ends[0], RS_LOOP_READ, on_ready, &b));
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, 0));
    CHECK(a.calls == 0 && b.calls == 0);
    CHECK(write(a.ends[1], "x", 1) == 1 && write(b.ends[1], "x", 1) == 1);
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, -1));
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, INT64_MIN)); /* as -1; what was not read is reported again */
    CHECK(a.calls == 2 && b.calls == 2);
    a.is_deleting = b.is_deleting = 1;
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, INT64_MAX));
    CHECK(a.calls + b.calls == 5);
    CHECK_STATUS(RS_OK, rs_loop_run(loop)); /* nothing is left */
    close(a.calls == 3 ? b.ends[0] : a.ends[0]);

    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, a.ends[1], RS_LOOP_WRITE, on_writable, &writable));
    close(b.ends[1]);
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    CHECK(writable == 1);
    CHECK_STATUS(RS_OK, rs_loop_del_fd(loop, a.ends[1]));
    /* Closed without being deleted: the number is given out anew, and works. */
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, b.ends) == 0);
    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, b.ends[0], RS_LOOP_READ, on_ready, &b));
    close(b.ends[0]);
    close(b.ends[1]);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, b.ends) == 0);
    b.calls = b.is_deleting = 0;
    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, b.ends[0], RS_LOOP_READ, on_ready, &b));
    CHECK(write(b.ends[1], "x", 1) == 1);
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, -1));
    CHECK(b.calls == 1);

    file = fileno(tmpfile());
    CHECK_STATUS(RS_ERR_IO, rs_loop_add_fd(loop, file, RS_LOOP_READ, on_ready, &a));
    CHECK_STATUS(RS_ERR_IO, rs_loop_add_fd(loop, INT_MAX, RS_LOOP_READ, on_ready, &a));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_fd(loop, INT_MIN, RS_LOOP_READ, on_ready, &a));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_fd(loop, a.ends[1], 0, on_ready, &a));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_fd(loop, a.ends[1], -1, on_ready, &a));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_fd(loop, INT_MIN));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_fd(loop, INT_MAX));
    rs_loop_free(loop); /* with a descriptor in it, which stays open */
    CHECK(write(b.ends[0], "x", 1) == 1);
    close(a.ends[1]);
    close(b.ends[0]);
    close(b.ends[1]);
}

struct clockwork {
    uint64_t own, other;
    int calls, added;
};

static int64_t on_again(rs_loop *loop, uint64_t id, void *ud)
{
    struct clockwork *work = ud;
    (void)loop, (void)id;
    work->calls++;
    return 0; /* at once, but in the next turn */
}

static int64_t on_deleting(rs_loop *loop, uint64_t id, void *ud)
{
    struct clockwork *work = ud;
    CHECK(id == work->own);
    work->calls++;
    CHECK_STATUS(RS_OK, rs_loop_del_timer(loop, id));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_timer(loop, id));
    CHECK_STATUS(RS_OK, rs_loop_del_timer(loop, work->other)); /* which is due, too */
    return 0; /* does not matter */
}

static int64_t on_adding(rs_loop *loop, uint64_t id, void *ud)
{
    struct clockwork *work = ud;
    work->calls++;
    if (work->added < 1000) {
        work->added++;
        CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, on_adding, ud, &work->other));
        CHECK(work->other > id);
    }
    return INT64_MIN;
}

static void test_timers(void)
{
    rs_loop *loop = rs_loop_new();
    struct clockwork work = { 0, 0, 0, 0 };
    uint64_t id = 7;
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, on_deleting, &work, &work.own));
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, on_again, &work, &work.other));
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    CHECK(work.calls == 1);
    /* A timer that is always due does not keep a turn from ending, nor others from their turn. */
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, on_again, &work, &id));
    for (int i = 0; i < 10; i++)
        CHECK_STATUS(RS_OK, rs_loop_run_once(loop, -1));
    CHECK(work.calls == 11);
    CHECK_STATUS(RS_OK, rs_loop_del_timer(loop, id));
    work.calls = 0;
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 0, on_adding, &work, NULL));
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    CHECK(work.calls == 1001);

    id = 7;
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_timer(loop, INT64_MIN, on_again, &work, &id));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_timer(loop, 0, on_again, &work, MISALIGNED(uint64_t)));
    CHECK(id == 7);
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_timer(loop, UINT64_MAX));
    CHECK_STATUS(RS_OK, rs_loop_run(loop)); /* None of these is in it. */
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, INT64_MAX, on_again, &work, NULL));
    /* A stop that comes before the loop runs counts, once. */
    CHECK_STATUS(RS_OK, rs_loop_stop(loop));
    CHECK_STATUS(RS_OK, rs_loop_stop(loop));
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    CHECK_STATUS(RS_OK, rs_loop_stop(loop));
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, -1));
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, 0));
    rs_loop_free(loop); /* with a timer in it */
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_stop(MISALIGNED(rs_loop)));
}

/* ---- thread pool ---- */

enum { CHAINS = 8, LINKS = 500 };

struct chain {
    rs_pool *pool;
    rs_loop *loop;
    int links;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int ended;

static int64_t check_end(rs_loop *loop, uint64_t id, void *ud)
{
    (void)loop, (void)id, (void)ud;
    CHECK(0); /* The loop is stopped long before. */
    return -1;
}

static void next_link(void *arg)
{
    struct chain *chain = arg;
    if (--chain->links > 0) {
        if (rs_pool_queue(chain->pool, next_link, chain) != RS_OK)
            abort();
        return;
    }
    pthread_mutex_lock(&mutex);
    ended++;
    if (ended == CHAINS && chain->loop != NULL)
        rs_loop_stop(chain->loop);
    pthread_mutex_unlock(&mutex);
}

static void *feed_pool(void *arg)
{
    struct chain *chain = arg;
    if (rs_pool_queue(chain->pool, next_link, chain) != RS_OK)
        abort();
    return NULL;
}

/* Tasks are queued by several threads and by tasks; the last one wakes a loop, or rs_pool_free waits for it. */
static void test_pool(int with_loop)
{
    struct chain chains[CHAINS];
    pthread_t threads[CHAINS];
    rs_pool *pool = rs_pool_new(4);
    rs_loop *loop = with_loop ? rs_loop_new() : NULL;
    ended = 0;
    for (int i = 0; i < CHAINS; i++) {
        chains[i].pool = pool;
        chains[i].loop = loop;
        chains[i].links = LINKS;
        CHECK(pthread_create(&threads[i], NULL, feed_pool, &chains[i]) == 0);
    }
    for (int i = 0; i < CHAINS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    if (with_loop) {
        CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, INT64_MAX, check_end, NULL, NULL));
        CHECK_STATUS(RS_OK, rs_loop_run(loop));
    }
    rs_pool_free(pool); /* runs everything that tasks queue meanwhile, too */
    CHECK(ended == CHAINS);
    rs_loop_free(loop);
}

static void test_pool_arguments(void)
{
    CHECK(rs_pool_new(0) == NULL && rs_pool_new(1025) == NULL && rs_pool_new(SIZE_MAX) == NULL);
    CHECK(strncmp(rs_last_error(), "a pool has 1 to 1024 threads", 28) == 0);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_pool_queue(MISALIGNED(rs_pool), next_link, NULL));
    for (int i = 0; i < 50; i++)
        rs_pool_free(rs_pool_new(2)); /* before its threads have begun, perhaps */
}

/* ---- structures ---- */

static bool same(rs_hnode *node, rs_hnode *key) { return node == key; }

static bool visit(rs_hnode *node, void *count)
{
    (void)node;
    ++*(int *)count;
    return true;
}

static bool free_node(rs_hnode *node, void *count)
{
    ++*(int *)count;
    free(node);
    return true;
}

/* The worst hash: all nodes in one chain, and the table grows all the same. */
static void test_one_chain(void)
{
    enum { NODES = 3000 };
    rs_hmap map;
    int count = 0, seen_growing = 0;
    memset(&map, 0, sizeof map);
    for (int i = 0; i < NODES; i++) {
        rs_hnode *node = calloc(1, sizeof *node);
        size_t older = map.older.size;
        node->hcode = UINT64_MAX;
        CHECK_STATUS(RS_OK, rs_hm_insert(&map, node));
        CHECK(older - map.older.size <= 128 || map.older.size > older);
        if (map.older.tab != NULL && !seen_growing) {
            seen_growing = 1;
            count = 0;
            rs_hm_foreach(&map, visit, &count);
            CHECK(count == i + 1 && map.older.tab != NULL);
        }
        CHECK(rs_hm_lookup(&map, node, same) == node && rs_hm_size(&map) == (size_t)i + 1);
    }
    CHECK(seen_growing);
    count = 0;
    rs_hm_foreach(&map, free_node, &count);
    rs_hm_clear(&map);
    CHECK(count == NODES);
    rs_hm_foreach(&map, visit, &count);
    CHECK(count == NODES);
}

static void test_structures_refuse(void)
{
    static const char name[] = "x";
    int count = 0;
    size_t at = 5;
    rs_hnode node = { NULL, 1 };
    rs_heap_item item = { 1, &at };
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hm_insert(MISALIGNED(rs_hmap), &node));
    CHECK(rs_hm_lookup(MISALIGNED(rs_hmap), &node, same) == NULL && rs_hm_delete(MISALIGNED(rs_hmap), &node, same) == NULL);
    CHECK(rs_hm_size(MISALIGNED(rs_hmap)) == 0);
    rs_hm_clear(MISALIGNED(rs_hmap));
    rs_hm_foreach(MISALIGNED(rs_hmap), visit, &count);
    CHECK(count == 0);
    CHECK(rs_avl_fix(MISALIGNED(rs_avl_node)) == NULL && rs_avl_del(MISALIGNED(rs_avl_node)) == NULL);
    CHECK(rs_avl_offset(MISALIGNED(rs_avl_node), INT64_MIN) == NULL && rs_avl_rank(MISALIGNED(rs_avl_node)) == -1);
    CHECK(rs_zset_insert(MISALIGNED(rs_zset), name, 1, 1) == RS_ERR_ARGUMENT);
    CHECK(rs_zset_lookup(MISALIGNED(rs_zset), name, 1) == NULL && rs_zset_seekge(MISALIGNED(rs_zset), 1, name, 1) == NULL);
    CHECK(rs_zset_seekle(MISALIGNED(rs_zset), 1, name, 1) == NULL && rs_znode_offset(MISALIGNED(rs_znode), 1) == NULL);
    CHECK(rs_zset_count(MISALIGNED(rs_zset), 1, name, 1, 1, name, 1) == 0);
    rs_zset_delete(MISALIGNED(rs_zset), MISALIGNED(rs_znode));
    rs_zset_clear(MISALIGNED(rs_zset));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_heap_update(MISALIGNED(rs_heap_item), 0, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_heap_update(&item, 0, SIZE_MAX));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_heap_update(&item, SIZE_MAX, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_heap_update(&item, 0, 0));
    CHECK(at == 5);
    CHECK_STATUS(RS_OK, rs_heap_update(&item, 0, 1));
    CHECK(at == 0);
    rs_zset zset;
    memset(&zset, 0, sizeof zset);
    CHECK(rs_zset_insert(&zset, name, SIZE_MAX, 1) == RS_ERR_ARGUMENT);
    CHECK(zset.root == NULL && rs_hm_size(&zset.hmap) == 0);
    rs_zset_clear(&zset);
}

int main(void)
{
    test_protocol_in_pieces();
    test_protocol_errors();
    test_format();
    test_descriptors();
    test_timers();
    test_pool(1);
    test_pool(0);
    test_pool_arguments();
    test_one_chain();
    test_structures_refuse();
    printf("%d checks\n", checks);
    return 0;
}
