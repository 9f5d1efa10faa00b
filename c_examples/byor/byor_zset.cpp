// The sorted set beside a std::map and a std::set: members, order, seek in both directions, count, ranks.
//
//     byor_zset [STEPS]
#include "harness.h"
#include "zset.h"

#include <map>
#include <set>
#include <string>
#include <utility>

typedef std::pair<double, std::string> Key; // ordered as a ZSet is

struct Set {
    ZSet zset;
    std::map<std::string, double> scores;
    std::set<Key> order;

    void insert(const std::string &name, double score) {
        bool is_new = scores.count(name) == 0;
        CHECK(zset_insert(&zset, name.data(), name.size(), score) == is_new);
        if (!is_new) {
            order.erase(Key(scores[name], name));
        }
        scores[name] = score;
        order.insert(Key(score, name));
    }

    void del(const std::string &name) {
        ZNode *node = zset_lookup(&zset, name.data(), name.size());
        CHECK((node != NULL) == (scores.count(name) > 0));
        if (node) {
            zset_delete(&zset, node);
            order.erase(Key(scores[name], name));
            scores.erase(name);
        }
        CHECK(zset_lookup(&zset, name.data(), name.size()) == NULL);
    }

    // A place in the order, from both sides.
    void seek(const Key &key) {
        std::set<Key>::iterator it = order.lower_bound(key);
        expect(zset_seekge(&zset, key.first, key.second.data(), key.second.size()), it);
        it = order.upper_bound(key);
        ZNode *node = zset_seekle(&zset, key.first, key.second.data(), key.second.size());
        expect(node, it == order.begin() ? order.end() : --it);
    }

    void count(const Key &lo, const Key &hi) {
        long expected = 0;
        for (std::set<Key>::iterator it = order.lower_bound(lo); it != order.end() && *it <= hi; ++it) {
            expected++;
        }
        CHECK(zset_count(&zset, lo.first, lo.second.data(), lo.second.size(), hi.first, hi.second.data(), hi.second.size()) == expected);
    }

    // From the first to the last, and the ranks on the way.
    void walk() {
        CHECK(hm_size(&zset.hmap) == order.size() && avl_cnt(zset.root) == order.size());
        ZNode *first = zset_seekge(&zset, -1e300, "", 0), *node = first;
        int64_t rank = 0;
        for (std::set<Key>::iterator it = order.begin(); it != order.end(); ++it, ++rank) {
            expect(node, it);
            CHECK(avl_rank(&node->tree) == rank && znode_offset(first, rank) == node && znode_offset(node, -rank) == first);
            node = znode_offset(node, +1);
        }
        CHECK(node == NULL && znode_offset(first, rank) == NULL && znode_offset(first, -1) == NULL);
    }

    ~Set() {
        zset_clear(&zset);
        CHECK(zset.root == NULL && hm_size(&zset.hmap) == 0);
    }

private:
    void expect(ZNode *node, std::set<Key>::iterator it) {
        CHECK((node == NULL) == (it == order.end()));
        if (node) {
            CHECK(node->score == it->first && std::string(node->name, node->len) == it->second);
        }
    }
};

static const ZSet k_empty_zset; // As the server of the book has one.

static std::string random_name() {
    std::string name(draw(12), (char)('a' + draw(3)));
    return draw(4) ? name + std::to_string(draw(200)) : name + std::string(1, '\0');
}

static double random_score() { return draw(10) ? (double)draw(20) / 4 - 2 : (draw(2) ? 1e300 : -0.0); }

static void test_random(uint32_t steps) {
    Set set;
    for (uint32_t i = 0; i < steps; i++) {
        if (draw(3)) {
            set.insert(random_name(), random_score());
        } else {
            set.del(random_name());
        }
        Key a(random_score(), random_name()), b(random_score(), random_name());
        set.seek(a);
        set.count(a, b);
        if (i % 64 == 0) {
            set.walk();
        }
    }
}

// What the book's server does for `zquery`.
static void test_query() {
    Set set;
    set.insert("n1", 1);
    set.insert("n2", 2);
    set.insert("n1", 1.1);
    ZNode *node = znode_offset(zset_seekge(&set.zset, 1.1, "", 0), 1);
    CHECK(node && std::string(node->name, node->len) == "n2" && node->score == 2);
    CHECK(znode_offset(node, 1) == NULL && znode_offset(NULL, 1) == NULL);
    set.count(Key(1.1, "n1"), Key(2, "n2"));
    set.count(Key(2, "n2"), Key(1.1, "n1"));
}

int main(int argc, char **argv) {
    const uint32_t steps = size_max(argc, argv, 20000);
    ZSet *empty = (ZSet *)&k_empty_zset;
    CHECK(zset_lookup(empty, "x", 1) == NULL && zset_seekge(empty, 0, "", 0) == NULL && zset_seekle(empty, 0, "", 0) == NULL);
    CHECK(zset_count(empty, 0, "", 0, 1, "", 0) == 0);
    test_query();
    test_random(steps);
    printf("zset: %u steps, found by name, score and rank\n", steps);
    return 0;
}
