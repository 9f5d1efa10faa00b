// The hash table with many hash codes, with few, and with all nodes in one slot; while it grows, too.
//
//     byor_hashtable [NODES]
#include "common.h"
#include "harness.h"
#include "hashtable.cpp"

#include <set>

struct Entry {
    HNode node;
    uint32_t key = 0;
};

static bool entry_eq(HNode *node, HNode *key) {
    CHECK(node->hcode == key->hcode);
    return container_of(node, Entry, node)->key == container_of(key, Entry, node)->key;
}

struct Table {
    HMap map;
    std::set<uint32_t> model;
    uint64_t (*hash)(uint32_t);

    explicit Table(uint64_t (*function)(uint32_t)) : hash(function) {}

    Entry *lookup(uint32_t key) {
        Entry probe;
        probe.key = key;
        probe.node.hcode = hash(key);
        HNode *node = hm_lookup(&map, &probe.node, &entry_eq);
        return node ? container_of(node, Entry, node) : NULL;
    }

    void insert(uint32_t key) {
        Entry *entry = new Entry();
        entry->key = key;
        entry->node.hcode = hash(key);
        hm_insert(&map, &entry->node);
        model.insert(key);
    }

    bool del(uint32_t key) {
        Entry probe;
        probe.key = key;
        probe.node.hcode = hash(key);
        HNode *node = hm_delete(&map, &probe.node, &entry_eq);
        if (!node) {
            return false;
        }
        delete container_of(node, Entry, node);
        model.erase(key);
        return true;
    }

    bool is_growing() const { return map.older.tab != NULL; }

    // Every node is seen once, wherever it is.
    void verify() {
        std::set<uint32_t> seen;
        hm_foreach(&map, &see, &seen);
        CHECK(seen == model);
        CHECK(hm_size(&map) == model.size());
    }

    ~Table() {
        hm_foreach(&map, &dispose, NULL);
        hm_clear(&map);
        CHECK(hm_size(&map) == 0 && map.newer.tab == NULL && map.older.tab == NULL);
    }

private:
    static bool see(HNode *node, void *seen) {
        CHECK(((std::set<uint32_t> *)seen)->insert(container_of(node, Entry, node)->key).second);
        return true;
    }

    static bool dispose(HNode *node, void *) {
        delete container_of(node, Entry, node);
        return true;
    }
};

static uint64_t spread(uint32_t key) { return str_hash((const uint8_t *)&key, sizeof key); }
static uint64_t collide(uint32_t key) { return key % 7; }
static uint64_t same_slot(uint32_t key) { return (uint64_t)key << 32; }

// Looks at the table whenever it has begun to grow: everything in it must be found, and what is deleted must not.
static void test_growth(uint64_t (*hash)(uint32_t), uint32_t nodes) {
    Table table(hash);
    uint32_t growths = 0;
    bool was_growing = false;
    for (uint32_t key = 0; key < nodes; key++) {
        table.insert(key);
        if (table.is_growing() && !was_growing) {
            growths++;
            size_t before = table.map.older.size;
            table.verify();
            CHECK(table.is_growing() && table.map.older.size == before); // foreach moves nothing
            CHECK(table.lookup(key)->key == key);
            CHECK(before - table.map.older.size <= 128);
            CHECK(table.lookup(nodes) == NULL);
            CHECK(table.del(key / 2) && !table.del(key / 2) && !table.lookup(key / 2));
            table.verify();
            table.insert(key / 2);
        }
        was_growing = table.is_growing();
    }
    CHECK(nodes < 300 || growths > 0); // Smaller tables grow within one call.
    for (uint32_t key = 0; key < nodes; key++) {
        CHECK(table.lookup(key)->key == key);
    }
    table.verify();
    for (uint32_t key = 0; key < nodes; key++) {
        CHECK(table.del(key));
    }
    CHECK(hm_size(&table.map) == 0);
}

static void test_random(uint64_t (*hash)(uint32_t), uint32_t nodes) {
    Table table(hash);
    for (uint32_t i = 0; i < 20 * nodes; i++) {
        uint32_t key = draw(nodes);
        bool there = table.model.count(key) > 0;
        if (there && draw(3) == 0) {
            CHECK(table.del(key));
        } else if (!there) {
            CHECK(!table.del(key));
            table.insert(key);
        }
        CHECK((table.lookup(key) != NULL) == (table.model.count(key) > 0));
    }
    table.verify();
}

static bool stop_at_three(HNode *, void *count) { return ++*(int *)count < 3; }

int main(int argc, char **argv) {
    const uint32_t nodes = size_max(argc, argv, 20000);
    test_growth(&spread, nodes);
    test_growth(&collide, nodes / 10);
    test_growth(&same_slot, nodes / 10);
    test_random(&spread, nodes / 10);
    test_random(&collide, nodes / 100);
    {
        Table table(&spread);
        int count = 0;
        hm_foreach(&table.map, &stop_at_three, &count);
        CHECK(count == 0 && table.lookup(1) == NULL && !table.del(1));
        for (uint32_t key = 0; key < 10; key++) {
            table.insert(key);
        }
        hm_foreach(&table.map, &stop_at_three, &count);
        CHECK(count == 3);
    }
    printf("hashtable: %u nodes, also in one chain, found while the table grows\n", nodes);
    return 0;
}
