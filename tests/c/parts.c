/* The parts by themselves, from C: what each does, together with an engine where that is allowed, and what it does with
 * nonsense. */
#include "check.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- protocol ---- */

static void test_readers(void)
{
    const char *argv[] = { "SET", "key", "a\r\n" };
    char buf[64];
    size_t len = 0;
    rs_reply *reply = NULL;
    CHECK_STATUS(RS_ERR_BUFFER_TOO_SMALL, rs_format_argv(3, argv, NULL, buf, 5, &len));
    CHECK_STATUS(RS_OK, rs_format_argv(3, argv, NULL, buf, len, &len));
    CHECK(len == 31 && memcmp(buf, "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$3\r\na\r\n\r\n", len) == 0);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_format_argv(0, argv, NULL, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_format_argv(3, NULL, NULL, buf, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_format_argv(3, argv, NULL, NULL, sizeof buf, &len));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_format_argv(3, argv, NULL, buf, sizeof buf, NULL));

    /* What was written is read back, byte by byte. */
    rs_request_reader *requests = rs_request_reader_new();
    for (size_t i = 0; i + 1 < len; i++) {
        CHECK_STATUS(RS_OK, rs_request_reader_feed(requests, buf + i, 1));
        CHECK_STATUS(RS_NIL, rs_request_reader_next(requests, &reply));
    }
    CHECK_STATUS(RS_OK, rs_request_reader_feed(requests, buf + len - 1, 1));
    CHECK_STATUS(RS_OK, rs_request_reader_next(requests, &reply));
    CHECK(reply->type == RS_REPLY_ARRAY && reply->elements == 3 && reply->element[2]->type == RS_REPLY_STRING);
    CHECK(reply->element[2]->len == 3 && strcmp(reply->element[2]->str, "a\r\n") == 0);

    /* A request runs as it is. */
    rs_engine *engine;
    rs_session *session;
    CHECK_STATUS(RS_OK, rs_engine_open(NULL, &engine));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &session));
    size_t lengths[3];
    const char *words[3];
    for (size_t i = 0; i < 3; i++) {
        words[i] = reply->element[i]->str;
        lengths[i] = reply->element[i]->len;
    }
    rs_reply *answer = rs_command_argv(session, 3, words, lengths);
    CHECK(answer->type == RS_REPLY_STATUS);
    rs_reply_free(answer);
    rs_session_close(session);
    rs_engine_close(engine);
    rs_reply_free(reply);

    CHECK_STATUS(RS_OK, rs_request_reader_feed(requests, "*1\r\nGET\r\n", 9));
    CHECK_STATUS(RS_ERR_PROTOCOL, rs_request_reader_next(requests, &reply));
    CHECK(strcmp(rs_last_error(), "ERR Protocol error: expected '$', got 'G'") == 0);
    CHECK_STATUS(RS_OK, rs_request_reader_feed(requests, "PING\r\n", 6));
    CHECK_STATUS(RS_ERR_PROTOCOL, rs_request_reader_next(requests, &reply));
    rs_request_reader_free(requests);

    rs_reader *reader = rs_reader_new();
    const char bytes[] = "+OK\r\n%1\r\n$1\r\na\r\n,1.5\r\n>2\r\n+m\r\n_\r\n-ERR no\r\n*1\r\n";
    CHECK_STATUS(RS_OK, rs_reader_feed(reader, bytes, sizeof bytes - 1));
    static const int types[] = { RS_REPLY_STATUS, RS_REPLY_MAP, RS_REPLY_PUSH, RS_REPLY_ERROR };
    for (size_t i = 0; i < 4; i++) {
        CHECK_STATUS(RS_OK, rs_reader_next(reader, &reply));
        CHECK(reply->type == types[i]);
        rs_reply_free(reply);
    }
    CHECK_STATUS(RS_NIL, rs_reader_next(reader, &reply));
    CHECK_STATUS(RS_OK, rs_reader_feed(reader, NULL, 0));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_reader_feed(reader, NULL, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_reader_next(reader, NULL));
    CHECK_STATUS(RS_OK, rs_reader_feed(reader, "hello", 5));
    CHECK_STATUS(RS_ERR_PROTOCOL, rs_reader_next(reader, &reply));
    rs_reader_free(reader);

    rs_reader_free(NULL);
    rs_request_reader_free(NULL);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_reader_feed(NULL, "x", 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_request_reader_feed(NULL, "x", 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_reader_next(NULL, &reply));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_request_reader_next(NULL, &reply));
}

/* ---- event loop ---- */

struct scene {
    int ends[2];
    rs_session *session;
    uint64_t ticker;
    int ticks, bytes;
};

static void on_input(rs_loop *loop, int fd, int mask, void *ud)
{
    struct scene *scene = ud;
    char byte;
    CHECK(fd == scene->ends[0] && mask == RS_LOOP_READ);
    CHECK(read(fd, &byte, 1) == 1); /* The others are reported again. */
    if (++scene->bytes == 3) {
        CHECK_STATUS(RS_OK, rs_loop_del_fd(loop, fd));
        CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, fd, RS_LOOP_READ | RS_LOOP_WRITE, on_input, ud));
        CHECK_STATUS(RS_OK, rs_loop_del_fd(loop, fd));
        CHECK_STATUS(RS_OK, rs_loop_stop(loop));
    }
}

static int64_t on_tick(rs_loop *loop, uint64_t id, void *ud)
{
    struct scene *scene = ud;
    int64_t count = 0;
    CHECK(id == scene->ticker);
    /* A function of the loop uses an engine like any other code. */
    CHECK_STATUS(RS_OK, rs_incr_by(scene->session, "ticks", 5, 1, &count));
    CHECK(count == ++scene->ticks);
    CHECK_STATUS(RS_ERR_BUSY, rs_loop_run_once(loop, 0));
    rs_loop_free(loop); /* refused */
    CHECK(write(scene->ends[1], "x", 1) == 1);
    return scene->ticks < 3 ? 2 : -1;
}

static int64_t never(rs_loop *loop, uint64_t id, void *ud)
{
    (void)loop, (void)id, (void)ud;
    CHECK(0);
    return 0;
}

static void *stop(void *loop)
{
    CHECK_STATUS(RS_OK, rs_loop_stop(loop));
    return NULL;
}

static void test_loop(void)
{
    struct scene scene = { { 0, 0 }, NULL, 0, 0, 0 };
    rs_loop *loop = rs_loop_new();
    rs_engine *engine;
    uint64_t id = 0;
    pthread_t thread;
    CHECK(loop != NULL && socketpair(AF_UNIX, SOCK_STREAM, 0, scene.ends) == 0);
    CHECK_STATUS(RS_OK, rs_engine_open(NULL, &engine));
    CHECK_STATUS(RS_OK, rs_session_open(engine, &scene.session));
    CHECK_STATUS(RS_OK, rs_loop_add_fd(loop, scene.ends[0], RS_LOOP_READ, on_input, &scene));
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, 1, on_tick, &scene, &scene.ticker));
    CHECK_STATUS(RS_OK, rs_loop_add_timer(loop, INT64_MAX, never, NULL, &id));
    CHECK(id != 0 && id != scene.ticker);
    CHECK_STATUS(RS_OK, rs_loop_run(loop));
    CHECK(scene.ticks == 3 && scene.bytes == 3);
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_timer(loop, scene.ticker));

    /* Only the timer that never comes is left, so another thread has to end the wait, or to come before it. */
    for (int i = 0; i < 50; i++) {
        CHECK(pthread_create(&thread, NULL, stop, loop) == 0);
        CHECK_STATUS(RS_OK, rs_loop_run(loop));
        CHECK(pthread_join(thread, NULL) == 0);
    }
    CHECK_STATUS(RS_OK, rs_loop_del_timer(loop, id));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_timer(loop, id));
    CHECK_STATUS(RS_OK, rs_loop_run(loop)); /* nothing left */
    CHECK_STATUS(RS_OK, rs_loop_run_once(loop, 1));

    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_fd(loop, scene.ends[0], 8, on_input, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_fd(loop, -1, RS_LOOP_READ, on_input, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_fd(loop, scene.ends[0], RS_LOOP_READ, NULL, NULL));
    CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_fd(loop, scene.ends[0]));
    close(scene.ends[0]);
    CHECK_STATUS(RS_ERR_IO, rs_loop_add_fd(loop, scene.ends[0], RS_LOOP_READ, on_input, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_timer(loop, -1, never, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_timer(loop, 1, NULL, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_timer(NULL, 1, never, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_add_fd(NULL, 0, RS_LOOP_READ, on_input, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_del_fd(NULL, 0));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_del_timer(NULL, 0));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_run(NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_run_once(NULL, 0));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_loop_stop(NULL));
    rs_loop_free(NULL);
    close(scene.ends[1]);
    rs_session_close(scene.session);
    rs_engine_close(engine);
    rs_loop_free(loop);
}

/* ---- thread pool ---- */

static rs_engine *shared;

static void add_one(void *pool)
{
    rs_session *session;
    int64_t sum;
    CHECK_STATUS(RS_OK, rs_session_open(shared, &session));
    CHECK_STATUS(RS_OK, rs_incr_by(session, "sum", 3, 1, &sum));
    rs_session_close(session);
    rs_pool_free(pool); /* refused */
}

static void test_pool(void)
{
    rs_pool *pool = rs_pool_new(3);
    rs_session *session;
    char buf[8];
    size_t len = 0;
    CHECK_STATUS(RS_OK, rs_engine_open(NULL, &shared));
    CHECK(pool != NULL && rs_pool_new(0) == NULL && rs_pool_new((size_t)-1) == NULL);
    for (int i = 0; i < 100; i++)
        CHECK_STATUS(RS_OK, rs_pool_queue(pool, add_one, pool));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_pool_queue(pool, NULL, NULL));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_pool_queue(NULL, add_one, NULL));
    rs_pool_free(pool);
    rs_pool_free(NULL);
    CHECK_STATUS(RS_OK, rs_session_open(shared, &session));
    CHECK_STATUS(RS_OK, rs_get(session, "sum", 3, buf, sizeof buf, &len));
    CHECK(len == 3 && memcmp(buf, "100", 3) == 0);
    rs_session_close(session);
    rs_engine_close(shared);
}

/* ---- structures ---- */

struct item {
    rs_hnode by_key;
    rs_avl_node by_order;
    size_t heap_pos;
    int key;
};

#define ITEM_OF(node, member) ((struct item *)(void *)((char *)(node)-offsetof(struct item, member)))

static bool same_key(rs_hnode *node, rs_hnode *key)
{
    return ITEM_OF(node, by_key)->key == ITEM_OF(key, by_key)->key;
}

static bool count_node(rs_hnode *node, void *count)
{
    (void)node;
    return ++*(int *)count < 50;
}

static void test_structures(void)
{
    enum { ITEMS = 500 };
    static struct item items[ITEMS];
    static rs_heap_item heap[ITEMS];
    rs_hmap map = { { NULL, 0, 0 }, { NULL, 0, 0 }, 0 };
    rs_avl_node *root = NULL, *last = NULL;
    int count = 0;
    for (int i = 0; i < ITEMS; i++) {
        struct item *item = &items[i];
        item->key = i;
        item->by_key.hcode = (uint64_t)i % 100;
        CHECK_STATUS(RS_OK, rs_hm_insert(&map, &item->by_key));
        rs_avl_init(&item->by_order);
        item->by_order.parent = last;
        if (last != NULL)
            last->right = &item->by_order;
        last = &item->by_order;
        root = rs_avl_fix(last);
        heap[i].val = (uint64_t)((i * 7) % ITEMS);
        heap[i].ref = &item->heap_pos;
        CHECK_STATUS(RS_OK, rs_heap_update(heap, (size_t)i, (size_t)i + 1));
    }
    CHECK(rs_hm_size(&map) == ITEMS && rs_avl_cnt(root) == ITEMS && rs_avl_height(root) == 9 && heap[0].val == 0);
    for (int i = 0; i < ITEMS; i++) {
        CHECK(rs_hm_lookup(&map, &items[i].by_key, same_key) == &items[i].by_key);
        CHECK(rs_avl_rank(&items[i].by_order) == i && rs_avl_offset(&items[0].by_order, i) == &items[i].by_order);
        CHECK(heap[items[i].heap_pos].val == (uint64_t)((i * 7) % ITEMS));
    }
    rs_hm_foreach(&map, count_node, &count);
    CHECK(count == 50);
    for (int i = 0; i < ITEMS; i += 2) {
        CHECK(rs_hm_delete(&map, &items[i].by_key, same_key) == &items[i].by_key);
        CHECK(rs_hm_delete(&map, &items[i].by_key, same_key) == NULL);
        root = rs_avl_del(&items[i].by_order);
    }
    CHECK(rs_hm_size(&map) == ITEMS / 2 && rs_avl_cnt(root) == ITEMS / 2 && rs_avl_rank(&items[3].by_order) == 1);
    rs_hm_clear(&map);
    CHECK(rs_hm_size(&map) == 0);
    CHECK(rs_heap_left(3) == 7 && rs_heap_right(3) == 8 && rs_heap_parent(7) == 3 && rs_heap_parent(8) == 3);

    rs_zset zset;
    memset(&zset, 0, sizeof zset);
    CHECK(rs_zset_insert(&zset, "ann", 3, 2) == 1 && rs_zset_insert(&zset, "bob", 3, 1) == 1);
    CHECK(rs_zset_insert(&zset, "ann", 3, 0.5) == 0 && rs_zset_insert(&zset, NULL, 0, 3) == 1);
    rs_znode *node = rs_zset_seekge(&zset, 0.5, "b", 1);
    CHECK(node != NULL && node->len == 3 && memcmp(rs_znode_name(node), "bob", 3) == 0 && node->score == 1);
    CHECK(rs_znode_offset(node, -1) == rs_zset_lookup(&zset, "ann", 3));
    CHECK(rs_znode_offset(node, 1) == rs_zset_seekle(&zset, 9, "", 0) && rs_znode_offset(node, 2) == NULL);
    CHECK(rs_zset_count(&zset, 0.5, "ann", 3, 1, "bob", 3) == 2 && rs_avl_rank(&node->tree) == 1);
    rs_zset_delete(&zset, node);
    CHECK(rs_zset_lookup(&zset, "bob", 3) == NULL && rs_hm_size(&zset.hmap) == 2);
    rs_zset_clear(&zset);
    CHECK(zset.root == NULL && rs_zset_seekge(&zset, 0, "", 0) == NULL);

    double nan = strtod("nan", NULL);
    CHECK(rs_zset_insert(&zset, "x", 1, nan) == RS_ERR_ARGUMENT && rs_zset_insert(NULL, "x", 1, 1) == RS_ERR_ARGUMENT);
    CHECK(rs_zset_insert(&zset, NULL, 1, 1) == RS_ERR_ARGUMENT && rs_zset_insert(&zset, "x", (size_t)-1, 1) < 0);
    CHECK(rs_zset_lookup(NULL, "x", 1) == NULL && rs_zset_lookup(&zset, NULL, 1) == NULL);
    CHECK(rs_zset_seekge(NULL, 1, "x", 1) == NULL && rs_zset_seekle(&zset, nan, "x", 1) == NULL);
    CHECK(rs_zset_count(NULL, 1, "x", 1, 1, "x", 1) == 0 && rs_znode_offset(NULL, 1) == NULL && rs_znode_name(NULL) == NULL);
    rs_zset_delete(NULL, NULL);
    rs_zset_delete(&zset, NULL);
    rs_zset_clear(NULL);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hm_insert(NULL, &items[0].by_key));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_hm_insert(&map, NULL));
    CHECK(rs_hm_lookup(NULL, &items[0].by_key, same_key) == NULL && rs_hm_lookup(&map, NULL, same_key) == NULL);
    CHECK(rs_hm_lookup(&map, &items[0].by_key, NULL) == NULL && rs_hm_delete(&map, NULL, NULL) == NULL);
    rs_hm_foreach(NULL, count_node, &count);
    rs_hm_foreach(&map, NULL, NULL);
    rs_hm_clear(NULL);
    CHECK(rs_hm_size(NULL) == 0 && rs_avl_fix(NULL) == NULL && rs_avl_del(NULL) == NULL && rs_avl_offset(NULL, 1) == NULL);
    CHECK(rs_avl_rank(NULL) == -1 && rs_avl_cnt(NULL) == 0 && rs_avl_height(NULL) == 0);
    rs_avl_init(NULL);
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_heap_update(NULL, 0, 1));
    CHECK_STATUS(RS_ERR_ARGUMENT, rs_heap_update(heap, 1, 1));
    CHECK(strcmp(rs_last_error(), "there is no item at this position") == 0);
}

int main(void)
{
    test_readers();
    test_loop();
    test_pool();
    test_structures();
    printf("%d checks\n", checks);
    return 0;
}
