// What hm_* and zset_* cost through the C ABI, beside the same algorithms in plain C++ (byor_plain.cpp), both at -O2.
//
//     byor [--rounds N] [--side ours|plain] [--case NAME]
//     byor --list      the names of the cases
//
// Every round runs every case once on each side, the two taking turns to be first, so that a disturbance of the machine meets
// both; medians of the rounds and their ratio are printed. The same random sequence drives both sides, and what they find
// is compared. Tables of 1,000 nodes fit into the caches, those of 1,000,000 (200,000 members) do not.
//
// With --side one side is run alone, for `make -C benches byor-instructions`, which counts instead of timing.
#include "byor_plain.h"
#include "common.h"
#include "hashtable.h"
#include "zset.h"

#include <algorithm>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <time.h>
#include <vector>

// The two sides, in one shape.
struct Ours {
    typedef ::HNode HNode;
    typedef ::HMap HMap;
    typedef ::ZSet ZSet;
    typedef ::ZNode ZNode;
    static HNode *lookup(HMap *map, HNode *key, bool (*eq)(HNode *, HNode *)) { return ::hm_lookup(map, key, eq); }
    static HNode *remove(HMap *map, HNode *key, bool (*eq)(HNode *, HNode *)) { return ::hm_delete(map, key, eq); }
    static void insert(HMap *map, HNode *node) { ::hm_insert(map, node); }
    static void foreach(HMap *map, bool (*f)(HNode *, void *), void *arg) { ::hm_foreach(map, f, arg); }
    static void clear(HMap *map) { ::hm_clear(map); }
    static bool zinsert(ZSet *set, const char *name, size_t len, double score) { return ::zset_insert(set, name, len, score); }
    static ZNode *zlookup(ZSet *set, const char *name, size_t len) { return ::zset_lookup(set, name, len); }
    static void zremove(ZSet *set, ZNode *node) { ::zset_delete(set, node); }
    static ZNode *seek(ZSet *set, double score, const char *name, size_t len) { return ::zset_seekge(set, score, name, len); }
    static ZNode *offset(ZNode *node, int64_t by) { return ::znode_offset(node, by); }
    static void zclear(ZSet *set) { ::zset_clear(set); }
};

struct Plain {
    typedef plain::HNode HNode;
    typedef plain::HMap HMap;
    typedef plain::ZSet ZSet;
    typedef plain::ZNode ZNode;
    static HNode *lookup(HMap *map, HNode *key, bool (*eq)(HNode *, HNode *)) { return plain::hm_lookup(map, key, eq); }
    static HNode *remove(HMap *map, HNode *key, bool (*eq)(HNode *, HNode *)) { return plain::hm_delete(map, key, eq); }
    static void insert(HMap *map, HNode *node) { plain::hm_insert(map, node); }
    static void foreach(HMap *map, bool (*f)(HNode *, void *), void *arg) { plain::hm_foreach(map, f, arg); }
    static void clear(HMap *map) { plain::hm_clear(map); }
    static bool zinsert(ZSet *set, const char *name, size_t len, double score) { return plain::zset_insert(set, name, len, score); }
    static ZNode *zlookup(ZSet *set, const char *name, size_t len) { return plain::zset_lookup(set, name, len); }
    static void zremove(ZSet *set, ZNode *node) { plain::zset_delete(set, node); }
    static ZNode *seek(ZSet *set, double score, const char *name, size_t len) { return plain::zset_seekge(set, score, name, len); }
    static ZNode *offset(ZNode *node, int64_t by) { return plain::znode_offset(node, by); }
    static void zclear(ZSet *set) { plain::zset_clear(set); }
};

static uint64_t now_ns() {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t next(uint64_t &state) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}

static uint64_t scramble(uint64_t key) {
    key ^= key >> 32;
    key *= 0x9e3779b97f4a7c15u;
    return key ^ key >> 29;
}

// What a case found, to be the same on both sides, and its time.
struct Outcome {
    uint64_t sum = 0;
    uint64_t ns = 0;
    uint64_t ops = 0;
};

enum Case { HM_INSERT, HM_HIT, HM_MISS, HM_FOREACH, HM_CHURN, Z_INSERT, Z_LOOKUP, Z_UPDATE, Z_SEEK, Z_RANGE, Z_OFFSET, Z_DELETE, CASES };

static const char *const k_names[CASES] = {
    "hm_insert", "hm_lookup (there)", "hm_lookup (not there)", "hm_foreach",       "hm_delete, hm_insert", "zset_insert (new)",
    "zset_lookup", "zset_insert (score)", "zset_seekge",       "znode_offset by 1", "znode_offset, far",   "zset_delete",
};

template <class Side> struct Bench {
    struct Entry {
        typename Side::HNode node;
        uint64_t key = 0;
    };
    typedef typename Side::HNode HNode;
    typedef typename Side::ZNode ZNode;

    static bool same_key(HNode *node, HNode *key) {
        return container_of(node, Entry, node)->key == container_of(key, Entry, node)->key;
    }

    static bool add_key(HNode *node, void *sum) {
        *(uint64_t *)sum += container_of(node, Entry, node)->key;
        return true;
    }

    static Entry probe(uint64_t key) {
        Entry entry;
        entry.key = key;
        entry.node.hcode = scramble(key);
        return entry;
    }

    static size_t hm_insert(typename Side::HMap *map, std::vector<Entry> &entries) {
        for (Entry &entry : entries) {
            Side::insert(map, &entry.node);
        }
        return entries.size();
    }

    static size_t hm_lookup(typename Side::HMap *map, size_t ops, uint64_t from, uint64_t range, Outcome &out) {
        uint64_t state = 1;
        for (size_t i = 0; i < ops; i++) {
            Entry key = probe(from + next(state) % range);
            HNode *node = Side::lookup(map, &key.node, &same_key);
            out.sum += node ? container_of(node, Entry, node)->key : 1;
        }
        return ops;
    }

    static size_t hm_foreach(typename Side::HMap *map, size_t nodes, Outcome &out) {
        Side::foreach(map, &add_key, &out.sum);
        return nodes;
    }

    static size_t hm_churn(typename Side::HMap *map, size_t ops, uint64_t range, Outcome &out) {
        uint64_t state = 2;
        for (size_t i = 0; i < ops; i++) {
            Entry key = probe(next(state) % range);
            HNode *node = Side::remove(map, &key.node, &same_key);
            out.sum += container_of(node, Entry, node)->key;
            Side::insert(map, node);
        }
        return ops;
    }

    static size_t z_insert(typename Side::ZSet *set, const std::vector<std::string> &names, uint64_t seed, Outcome &out) {
        uint64_t state = seed;
        for (const std::string &name : names) {
            out.sum += Side::zinsert(set, name.data(), name.size(), (double)(next(state) % 1000000));
        }
        return names.size();
    }

    static size_t z_lookup(typename Side::ZSet *set, const std::vector<std::string> &names, size_t ops, Outcome &out) {
        uint64_t state = 3;
        for (size_t i = 0; i < ops; i++) {
            const std::string &name = names[next(state) % names.size()];
            out.sum += (uint64_t)Side::zlookup(set, name.data(), name.size())->score;
        }
        return ops;
    }

    static size_t z_seek(typename Side::ZSet *set, size_t ops, Outcome &out) {
        uint64_t state = 4;
        for (size_t i = 0; i < ops; i++) {
            ZNode *node = Side::seek(set, (double)(next(state) % 1000000), "name", 4);
            out.sum += node ? (uint64_t)node->score : 1;
        }
        return ops;
    }

    static size_t z_range(typename Side::ZSet *set, size_t members, Outcome &out) {
        for (ZNode *node = Side::seek(set, -1, "", 0); node; node = Side::offset(node, 1)) {
            out.sum += (uint64_t)node->score;
        }
        return members;
    }

    static size_t z_offset(typename Side::ZSet *set, size_t members, size_t ops, Outcome &out) {
        uint64_t state = 5;
        ZNode *first = Side::seek(set, -1, "", 0);
        for (size_t i = 0; i < ops; i++) {
            out.sum += (uint64_t)Side::offset(first, (int64_t)(next(state) % members))->score;
        }
        return ops;
    }

    static size_t z_delete(typename Side::ZSet *set, const std::vector<std::string> &names, Outcome &out) {
        for (const std::string &name : names) {
            ZNode *node = Side::zlookup(set, name.data(), name.size());
            out.sum += (uint64_t)node->score;
            Side::zremove(set, node);
        }
        return names.size();
    }

    // What is to be measured, and nothing else: callgrind counts in here.
    static __attribute__((noinline)) size_t measure(Case which, typename Side::HMap *map, typename Side::ZSet *set, std::vector<Entry> &entries,
                                                    const std::vector<std::string> &names, size_t ops, Outcome &out) {
        switch (which) {
        case HM_INSERT: return hm_insert(map, entries);
        case HM_HIT: return hm_lookup(map, ops, 0, entries.size(), out);
        case HM_MISS: return hm_lookup(map, ops, entries.size(), entries.size(), out);
        case HM_FOREACH: return hm_foreach(map, entries.size(), out);
        case HM_CHURN: return hm_churn(map, ops, entries.size(), out);
        case Z_INSERT: return z_insert(set, names, 1, out);
        case Z_LOOKUP: return z_lookup(set, names, ops, out);
        case Z_UPDATE: return z_insert(set, names, 2, out);
        case Z_SEEK: return z_seek(set, ops, out);
        case Z_RANGE: return z_range(set, names.size(), out);
        case Z_OFFSET: return z_offset(set, names.size(), ops, out);
        case Z_DELETE: return z_delete(set, names, out);
        case CASES: break;
        }
        return ops;
    }

    // One case of one size, with what must be there made before.
    static Outcome run(Case which, size_t size, size_t ops, const std::vector<std::string> &names) {
        Outcome out;
        typename Side::HMap map;
        typename Side::ZSet set;
        std::vector<Entry> entries;
        if (which <= HM_CHURN) {
            for (size_t i = 0; i < size; i++) {
                entries.push_back(probe(i));
            }
            if (which != HM_INSERT) {
                hm_insert(&map, entries);
            }
        } else if (which != Z_INSERT) {
            z_insert(&set, names, 1, out);
        }
        out = Outcome();
        uint64_t start = now_ns();
        out.ops = measure(which, &map, &set, entries, names, ops, out);
        out.ns = now_ns() - start;
        Side::clear(&map);
        Side::zclear(&set);
        return out;
    }
};

static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    size_t middle = values.size() / 2;
    return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

int main(int argc, char **argv) {
    int rounds = 9;
    std::string side, only;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (const char *name : k_names) {
            puts(name);
        }
        return 0;
    }
    for (int i = 1; i < argc; i += 2) {
        std::string option = argv[i];
        if (i + 1 == argc || (option != "--rounds" && option != "--side" && option != "--case")) {
            fprintf(stderr, "byor [--rounds N] [--side ours|plain] [--case NAME]\n");
            return 2;
        }
        if (option == "--rounds") {
            rounds = std::max(1, atoi(argv[i + 1]));
        } else {
            (option == "--side" ? side : only) = argv[i + 1];
        }
    }
    printf("%-24s %9s %12s %12s %7s\n", "", "size", "ours, ns", "plain, ns", "ratio");
    for (int large = 0; large < (side.empty() ? 2 : 1); large++) {
        std::vector<double> ns[2][CASES];
        for (int round = 0; round < rounds; round++) {
            for (int which = 0; which < CASES; which++) {
                if (!only.empty() && only != k_names[which]) {
                    continue;
                }
                bool is_set = which > HM_CHURN;
                size_t size = !side.empty() ? 10000 : !large ? 1000 : is_set ? 200000 : 1000000;
                size_t ops = side.empty() ? std::max(size, (size_t)200000) : size;
                std::vector<std::string> names;
                for (size_t i = 0; is_set && i < size; i++) {
                    names.push_back("member:" + std::to_string(scramble(i) % 1000) + ":" + std::to_string(i));
                }
                Outcome got[2];
                for (int turn = 0; turn < 2; turn++) {
                    int who = (turn + round) % 2;
                    if (side.empty() || side == (who == 0 ? "ours" : "plain")) {
                        got[who] = who == 0 ? Bench<Ours>::run((Case)which, size, ops, names)
                                            : Bench<Plain>::run((Case)which, size, ops, names);
                        ns[who][which].push_back((double)got[who].ns / (double)got[who].ops);
                    }
                }
                if (side.empty() && got[0].sum != got[1].sum) {
                    fprintf(stderr, "%s: the two sides found different things\n", k_names[which]);
                    return 1;
                }
            }
        }
        for (int which = 0; side.empty() && which < CASES; which++) {
            if (!ns[0][which].empty()) {
                double ours = median(ns[0][which]), other = median(ns[1][which]);
                int size = !large ? 1000 : which > HM_CHURN ? 200000 : 1000000;
                printf("%-24s %9d %12.1f %12.1f %7.2f\n", k_names[which], size, ours, other, ours / other);
            }
        }
    }
    return 0;
}
