/* The parts that need no engine: readers, loop, pool, hash map, tree, sorted set, heap; each beside a naive one. */
#ifndef SEQUENCES_PARTS_H
#define SEQUENCES_PARTS_H

#include "sequences_world.h"
#include <unistd.h>

enum { NODES = 96, WAITING = 6 };

struct hash_node {
    rs_hnode node;
    unsigned key;
    bool is_in;
};

struct tree_node {
    rs_avl_node node;
    unsigned key;
    bool is_in;
};

struct parts {
    rs_reader *reader;
    rs_request_reader *requests;
    uint64_t sent[2], taken[2]; /* Replies and requests are numbered. */
    char stream[2][4096]; /* Bytes that are not fed yet. */
    size_t waiting[2];
    rs_loop *loop;
    int pipe[2];
    unsigned in_pipe;
    uint64_t timer[WAITING];
    bool is_set[WAITING];
    rs_pool *pool;
    unsigned queued, ran; /* The second is atomic. */
    rs_hmap map;
    struct hash_node hash_nodes[NODES];
    rs_avl_node *root;
    struct tree_node tree_nodes[NODES];
    rs_zset zset;
    bool is_member[NODES];
    double score[NODES];
    rs_heap_item heap[NODES];
    size_t place[NODES];
    size_t heap_len;
};

/* ---- readers ---- */

static size_t encode_reply(struct chance *chance, char *out, uint64_t number)
{
    char digits[24];
    int len = sprintf(digits, "%llu", (unsigned long long)number);
    switch (below(chance, 5)) {
    case 0:
        return (size_t)sprintf(out, ":%s\r\n", digits);
    case 1:
        return (size_t)sprintf(out, "$%d\r\n%s\r\n", len, digits);
    case 2:
        return (size_t)sprintf(out, "*2\r\n*0\r\n+%s\r\n", digits);
    case 3:
        return (size_t)sprintf(out, "|1\r\n+a\r\n+b\r\n-%s\r\n", digits);
    default:
        return (size_t)sprintf(out, "%%1\r\n,1.5\r\n=%d\r\ntxt:%s\r\n", len + 4, digits);
    }
}

static uint64_t decode_reply(const rs_reply *reply)
{
    if (reply->elements > 0)
        return decode_reply(reply->element[reply->elements - 1]);
    return reply->str != NULL ? strtoull(reply->str, NULL, 10) : (uint64_t)reply->integer;
}

/* Bytes arrive in pieces of any size; what comes out is what went in. */
static void reader_step(struct parts *parts, struct chance *chance)
{
    unsigned which = below(chance, 2);
    char *stream = parts->stream[which];
    size_t *waiting = &parts->waiting[which];
    rs_reply *out = NULL;
    while (*waiting + 200 < sizeof parts->stream[which]) {
        uint64_t number = parts->sent[which]++;
        char digits[24];
        int len = sprintf(digits, "%llu", (unsigned long long)number);
        if (which == 0)
            *waiting += encode_reply(chance, stream + *waiting, number);
        else if (one_in(chance, 4))
            *waiting += (size_t)sprintf(stream + *waiting, "ECHO '%s'\r\n", digits);
        else
            *waiting += (size_t)sprintf(stream + *waiting, "*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n", len, digits);
    }
    size_t n = below(chance, one_in(chance, 2) ? 12 : *waiting + 1);
    refuse(chance);
    rs_status fed = which == 0 ? rs_reader_feed(parts->reader, stream, n) : rs_request_reader_feed(parts->requests, stream, n);
    CHECK_ONE_OF(fed, RS_OK);
    if (fed == RS_OK) {
        memmove(stream, stream + n, *waiting - n);
        *waiting -= n;
    }
    for (;;) {
        rs_status next = which == 0 ? rs_reader_next(parts->reader, &out) : rs_request_reader_next(parts->requests, &out);
        CHECK_ONE_OF(next, RS_NIL);
        if (next != RS_OK)
            break;
        CHECK(decode_reply(out) == parts->taken[which]++);
        rs_reply_free(out);
    }
    grant();
}

/* ---- the loop ---- */

static void on_readable(rs_loop *loop, int fd, int mask, void *ud)
{
    struct parts *parts = ud;
    char byte;
    CHECK(loop == parts->loop && fd == parts->pipe[0] && mask == RS_LOOP_READ && parts->in_pipe > 0);
    CHECK(read(fd, &byte, 1) == 1);
    parts->in_pipe--;
    CHECK_STATUS(RS_ERR_BUSY, rs_loop_run_once(loop, 0));
    rs_loop_free(loop); /* Does nothing here. */
}

static int64_t on_timer(rs_loop *loop, uint64_t id, void *ud)
{
    struct parts *parts = ud;
    for (unsigned i = 0; i < WAITING; i++)
        if (parts->is_set[i] && parts->timer[i] == id) {
            parts->is_set[i] = id % 3 == 0;
            if (id % 5 == 0)
                CHECK_STATUS(RS_OK, rs_loop_stop(loop));
            return id % 3 == 0 ? (int64_t)(id % 4) : -1;
        }
    CHECK(!"a timer that was deleted");
    return -1;
}

static void loop_step(struct parts *parts, struct chance *chance)
{
    unsigned i = below(chance, WAITING);
    rs_status status;
    refuse(chance);
    switch (below(chance, 8)) {
    case 0:
        if (parts->in_pipe < 100 && write(parts->pipe[1], "x", 1) == 1)
            parts->in_pipe++;
        break;
    case 1:
        CHECK_ONE_OF(rs_loop_add_fd(parts->loop, parts->pipe[0], RS_LOOP_READ, on_readable, parts), RS_OK);
        break;
    case 2:
        CHECK_ONE_OF(rs_loop_del_fd(parts->loop, parts->pipe[0]), RS_ERR_NOT_FOUND);
        CHECK_STATUS(RS_ERR_NOT_FOUND, rs_loop_del_fd(parts->loop, parts->pipe[0]));
        break;
    case 3:
        status = parts->is_set[i] ? RS_ERR_BUSY : rs_loop_add_timer(parts->loop, below(chance, 3), on_timer, parts, &parts->timer[i]);
        CHECK_ONE_OF(status, RS_ERR_BUSY);
        parts->is_set[i] = parts->is_set[i] || status == RS_OK;
        break;
    case 4:
        status = rs_loop_del_timer(parts->loop, parts->timer[i]);
        CHECK(status == (parts->is_set[i] ? RS_OK : RS_ERR_NOT_FOUND));
        parts->is_set[i] = false;
        break;
    case 5:
        CHECK_ONE_OF(rs_loop_stop(parts->loop), RS_OK);
        break;
    default:
        CHECK_ONE_OF(rs_loop_run_once(parts->loop, (int64_t)below(chance, 2)), RS_OK);
    }
    grant();
}

/* ---- the pool ---- */

static void count_run(void *arg)
{
    __atomic_fetch_add(&((struct parts *)arg)->ran, 1, __ATOMIC_SEQ_CST);
}

static void pool_step(struct parts *parts, struct chance *chance)
{
    if (parts->pool == NULL) {
        refuse(chance);
        parts->pool = rs_pool_new(1 + below(chance, 3));
        grant();
        CHECK(parts->pool != NULL || is_lack_of_memory(rs_last_status()));
    } else if (one_in(chance, 20)) {
        rs_pool_free(parts->pool);
        parts->pool = NULL;
        CHECK(__atomic_load_n(&parts->ran, __ATOMIC_SEQ_CST) == parts->queued);
    } else {
        refuse(chance);
        rs_status status = rs_pool_queue(parts->pool, count_run, parts);
        grant();
        CHECK_ONE_OF(status, RS_OK);
        parts->queued += status == RS_OK;
    }
}

/* ---- hash map ---- */

static bool is_same_key(rs_hnode *node, rs_hnode *key)
{
    return ((struct hash_node *)(void *)node)->key == ((struct hash_node *)(void *)key)->key;
}

static bool count_node(rs_hnode *node, void *arg)
{
    (void)node;
    ++*(size_t *)arg;
    return true;
}

static void map_step(struct parts *parts, struct chance *chance)
{
    unsigned key = below(chance, NODES);
    struct hash_node *node = &parts->hash_nodes[key], probe = { { NULL, key % 7 }, key, false };
    size_t in = 0, seen = 0;
    refuse(chance);
    if (one_in(chance, 300)) {
        rs_hm_clear(&parts->map);
        for (unsigned i = 0; i < NODES; i++)
            parts->hash_nodes[i].is_in = false;
    } else if (!node->is_in) {
        CHECK(rs_hm_delete(&parts->map, &probe.node, is_same_key) == NULL);
        node->node.hcode = key % 7;
        node->key = key;
        rs_status status = rs_hm_insert(&parts->map, &node->node);
        CHECK_ONE_OF(status, RS_OK);
        node->is_in = status == RS_OK;
    } else if (one_in(chance, 2)) {
        CHECK(rs_hm_delete(&parts->map, &probe.node, is_same_key) == &node->node);
        node->is_in = false;
    }
    grant();
    for (unsigned i = 0; i < NODES; i++)
        in += parts->hash_nodes[i].is_in;
    rs_hm_foreach(&parts->map, count_node, &seen);
    CHECK(rs_hm_size(&parts->map) == in && seen == in);
    CHECK(rs_hm_lookup(&parts->map, &probe.node, is_same_key) == (node->is_in ? &node->node : NULL));
}

/* ---- tree ---- */

static void tree_step(struct parts *parts, struct chance *chance)
{
    struct tree_node *node = &parts->tree_nodes[below(chance, NODES)], *nodes = parts->tree_nodes;
    node->key = (unsigned)(node - nodes);
    if (node->is_in) {
        parts->root = rs_avl_del(&node->node);
    } else {
        rs_avl_node *parent = NULL, **link = &parts->root;
        while (*link != NULL) {
            parent = *link;
            link = node->key < ((struct tree_node *)(void *)parent)->key ? &parent->left : &parent->right;
        }
        rs_avl_init(&node->node);
        node->node.parent = parent;
        *link = &node->node;
        parts->root = rs_avl_fix(&node->node);
    }
    node->is_in = !node->is_in;
    int64_t rank = 0, before = -1;
    for (unsigned i = 0; i < NODES; i++)
        if (nodes[i].is_in) {
            CHECK(before < 0 || rs_avl_offset(&nodes[before].node, 1) == &nodes[i].node);
            CHECK(rs_avl_rank(&nodes[i].node) == rank++);
            before = i;
        }
    CHECK(rs_avl_cnt(parts->root) == (uint32_t)rank);
    CHECK(before < 0 || rs_avl_offset(&nodes[before].node, -rank) == NULL);
}

/* ---- sorted set ---- */

static void zset_step(struct parts *parts, struct chance *chance)
{
    unsigned member = below(chance, NODES);
    char name[8];
    size_t len = (size_t)sprintf(name, "%u", member);
    double score = (double)below(chance, 9);
    rs_znode *found = rs_zset_lookup(&parts->zset, name, len);
    CHECK((found != NULL) == parts->is_member[member]);
    if (found != NULL && one_in(chance, 3)) {
        rs_zset_delete(&parts->zset, found);
        parts->is_member[member] = false;
    } else {
        refuse(chance);
        int added = rs_zset_insert(&parts->zset, name, len, score);
        grant();
        CHECK(is_lack_of_memory(added) || added == !parts->is_member[member]);
        if (added >= 0) {
            parts->is_member[member] = true;
            parts->score[member] = score;
        }
    }
    int64_t lower = 0, all = 0;
    for (unsigned i = 0; i < NODES; i++) {
        all += parts->is_member[i];
        lower += parts->is_member[i] && parts->score[i] < score;
    }
    rs_znode *first = rs_zset_seekge(&parts->zset, score, "", 0);
    CHECK((first == NULL) == (lower == all));
    CHECK(first == NULL || rs_avl_rank(&first->tree) == lower);
    CHECK(rs_zset_count(&parts->zset, -1, "", 0, 100, "", 0) == all);
    CHECK(rs_zset_count(&parts->zset, score, "", 0, 100, "", 0) == all - lower);
    if (one_in(chance, 300)) {
        rs_zset_clear(&parts->zset);
        memset(parts->is_member, 0, sizeof parts->is_member);
    }
}

/* ---- heap ---- */

static void heap_step(struct parts *parts, struct chance *chance)
{
    rs_heap_item *heap = parts->heap;
    if (parts->heap_len < NODES && !one_in(chance, 3)) {
        /* A reference that no item in the heap has. */
        bool is_used[NODES] = { false };
        unsigned free_place = 0;
        for (size_t i = 0; i < parts->heap_len; i++)
            is_used[heap[i].ref - parts->place] = true;
        while (is_used[free_place])
            free_place++;
        heap[parts->heap_len] = (rs_heap_item){ below(chance, 50), &parts->place[free_place] };
        parts->heap_len++;
        CHECK_STATUS(RS_OK, rs_heap_update(heap, parts->heap_len - 1, parts->heap_len));
    } else if (parts->heap_len > 0) {
        size_t at = below(chance, parts->heap_len);
        heap[at] = heap[--parts->heap_len];
        CHECK_STATUS(at < parts->heap_len ? RS_OK : RS_ERR_ARGUMENT, rs_heap_update(heap, at, parts->heap_len));
    }
    for (size_t i = 0; i < parts->heap_len; i++) {
        CHECK(*heap[i].ref == i);
        CHECK(i == 0 || heap[rs_heap_parent(i)].val <= heap[i].val);
    }
}

/* ---- all of them ---- */

static struct parts *open_parts(void)
{
    struct parts *parts = calloc(1, sizeof *parts);
    CHECK(parts != NULL);
    parts->reader = rs_reader_new();
    parts->requests = rs_request_reader_new();
    parts->loop = rs_loop_new();
    CHECK(parts->reader != NULL && parts->requests != NULL && parts->loop != NULL && pipe(parts->pipe) == 0);
    return parts;
}

static void parts_step(struct parts *parts, struct chance *chance)
{
    static void (*const steps[])(struct parts *, struct chance *) = { reader_step, loop_step, pool_step, map_step, tree_step, zset_step, heap_step };
    unsigned which = below(chance, sizeof steps / sizeof *steps);
    RUNNING("part %u", which);
    steps[which](parts, chance);
}

static void close_parts(struct parts *parts)
{
    rs_pool_free(parts->pool);
    CHECK(parts->ran == parts->queued);
    rs_reader_free(parts->reader);
    rs_request_reader_free(parts->requests);
    rs_loop_free(parts->loop);
    close(parts->pipe[0]);
    close(parts->pipe[1]);
    rs_hm_clear(&parts->map);
    rs_zset_clear(&parts->zset);
    free(parts);
}

#endif
