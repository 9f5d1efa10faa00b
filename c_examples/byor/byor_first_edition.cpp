// What programs of the book's first edition do with other names: they walk the tables by themselves, look at the `depth` of a
// node, pop members instead of deleting them, and find the tags of the protocol in common.h.
#include "avl.cpp"
#include "common.h"
#include "harness.h"
#include "hashtable.cpp"
#include "zset.cpp"

#include <string>

struct Entry {
    HNode node;
    uint32_t key = 0;
};

static bool entry_eq(HNode *lhs, HNode *rhs) {
    return lhs->hcode == rhs->hcode && container_of(lhs, Entry, node)->key == container_of(rhs, Entry, node)->key;
}

static void scan(HTab *tab, void (*f)(HNode *, void *), void *arg) {
    for (size_t i = 0; tab->size > 0 && i < tab->mask + 1; i++) {
        for (HNode *node = tab->tab[i]; node; node = node->next) {
            f(node, arg);
        }
    }
}

static void add_key(HNode *node, void *sum) { *(uint64_t *)sum += container_of(node, Entry, node)->key; }

static void test_hashtable(uint32_t nodes) {
    HMap db;
    Entry *entries = new Entry[nodes];
    uint64_t expected = 0;
    bool has_grown = false;
    for (uint32_t i = 0; i < nodes; i++) {
        entries[i].key = i;
        entries[i].node.hcode = str_hash((const uint8_t *)&i, sizeof i);
        hm_insert(&db, &entries[i].node);
        expected += i;
        has_grown = has_grown || (db.ht2.tab != NULL && db.resizing_pos > 0);
        if (i % 64 == 0) {
            uint64_t sum = 0;
            scan(&db.ht1, &add_key, &sum);
            scan(&db.ht2, &add_key, &sum);
            CHECK(sum == expected && hm_size(&db) == i + 1 && db.ht1.size + db.ht2.size == i + 1);
        }
    }
    CHECK(has_grown);
    for (uint32_t i = 0; i < nodes; i++) {
        CHECK(hm_pop(&db, &entries[i].node, &entry_eq) == &entries[i].node);
        CHECK(hm_pop(&db, &entries[i].node, &entry_eq) == NULL);
    }
    hm_destroy(&db);
    CHECK(db.ht1.tab == NULL && db.ht2.tab == NULL);
    delete[] entries;
}

static uint32_t verify(AVLNode *node) {
    if (!node) {
        return 0;
    }
    uint32_t l = verify(node->left), r = verify(node->right);
    CHECK(l == avl_depth(node->left) && r == avl_depth(node->right));
    CHECK(node->depth == 1 + max(l, r));
    return node->depth;
}

static void test_zset(int members) {
    ZSet zset;
    CHECK(zset.tree == NULL && !zset_pop(&zset, "none", 4));
    for (int i = 0; i < members; i++) {
        std::string name = "n" + std::to_string(i);
        CHECK(zset_add(&zset, name.data(), name.size(), i / 2));
        CHECK(!zset_add(&zset, name.data(), name.size(), i));
    }
    verify(zset.tree);
    ZNode *node = zset_query(&zset, 10, "", 0);
    CHECK(node && node->score == 10 && zset_query(&zset, 10, "", 0, 5) == znode_offset(node, 5));
    CHECK(zset_query(&zset, 10, "", 0, -11) == NULL && zset_query(&zset, members, "", 0, 0) == NULL);
    for (int i = 0; i < members; i += 2) {
        std::string name = "n" + std::to_string(i);
        node = zset_pop(&zset, name.data(), name.size());
        CHECK(node && node->score == i && std::string(node->name, node->len) == name);
        CHECK(zset_lookup(&zset, name.data(), name.size()) == NULL);
        znode_del(node);
    }
    CHECK(avl_cnt(zset.tree) == (uint32_t)members / 2 && hm_size(&zset.hmap) == (size_t)members / 2);
    verify(zset.tree);
    zset_dispose(&zset);
    CHECK(zset.tree == NULL);
}

static void test_tags() {
    std::string out;
    out.push_back(SER_STR);
    CHECK(out[0] == 2 && SER_NIL == 0 && SER_ERR == 1 && SER_INT == 3 && SER_DBL == 4 && SER_ARR == 5);
    uint64_t (*hash)(const uint8_t *, size_t) = &str_hash;
    CHECK(hash((const uint8_t *)"", 0) == 0x811C9DC5);
}

// A program's own functions come before those of the headers.
static int own_calls;
static uint64_t str_hash(const uint8_t *, size_t len) {
    own_calls++;
    return len;
}
static void hm_destroy(HMap *) { own_calls++; }
static uint32_t avl_depth(AVLNode *) {
    own_calls++;
    return 7;
}

int main(int argc, char **argv) {
    const uint32_t nodes = size_max(argc, argv, 5000);
    test_hashtable(nodes);
    test_zset(1000);
    test_tags();
    HMap db;
    hm_destroy(&db);
    CHECK(avl_depth(NULL) == 7 && str_hash((const uint8_t *)"x", 1) == 1 && own_calls == 3);
    printf("first_edition: %u nodes under their older names\n", nodes);
    return 0;
}
