// The hash table of the book "Build Your Own Redis", over redisrs: include this, link libredisrs, leave hashtable.cpp out.
//
// A chained table of the caller's nodes that grows by moving 128 of them with every operation. redisrs.h, "Hash map", says
// what each function does with what it should not get.
#pragma once

#ifndef __cplusplus
#error "This header is C++, as the book's is. In C include redisrs.h and use rs_hm_*."
#endif

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../redisrs.h"

// To be embedded in the payload.
struct HNode {
    HNode *next = NULL;
    uint64_t hcode = 0;
};

struct HTab {
    HNode **tab = NULL; // mask + 1 slots
    size_t mask = 0;
    size_t size = 0;
};

// Two tables while it grows. The second names are those of the book's first edition.
struct HMap {
    union {
        HTab newer;
        HTab ht1;
    };
    union {
        HTab older;
        HTab ht2;
    };
    union {
        size_t migrate_pos;
        size_t resizing_pos;
    };

    constexpr HMap() : newer(), older(), migrate_pos(0) {}
};

static_assert(sizeof(HNode) == sizeof(rs_hnode) && offsetof(HNode, hcode) == offsetof(rs_hnode, hcode), "HNode");
static_assert(sizeof(HTab) == sizeof(rs_htab) && offsetof(HTab, size) == offsetof(rs_htab, size), "HTab");
static_assert(sizeof(HMap) == sizeof(rs_hmap) && offsetof(HMap, older) == offsetof(rs_hmap, older), "HMap");

namespace byor {
inline rs_hmap *of(HMap *hmap) { return reinterpret_cast<rs_hmap *>(hmap); }
inline rs_hnode *of(HNode *node) { return reinterpret_cast<rs_hnode *>(node); }
} // namespace byor

// eq(node, key) tells whether a node of the table is the one that is looked for; their hash codes are equal.
inline HNode *hm_lookup(HMap *hmap, HNode *key, bool (*eq)(HNode *, HNode *)) {
    rs_hnode_eq_fn same = reinterpret_cast<rs_hnode_eq_fn>(eq);
    return reinterpret_cast<HNode *>(rs_hm_lookup(byor::of(hmap), byor::of(key), same));
}

inline void hm_insert(HMap *hmap, HNode *node) {
    if (rs_hm_insert(byor::of(hmap), byor::of(node)) == RS_ERR_NO_MEMORY) {
        abort(); // The book has no way to say so.
    }
}

// Detaches the node and returns it; NULL if there is none.
inline HNode *hm_delete(HMap *hmap, HNode *key, bool (*eq)(HNode *, HNode *)) {
    rs_hnode_eq_fn same = reinterpret_cast<rs_hnode_eq_fn>(eq);
    return reinterpret_cast<HNode *>(rs_hm_delete(byor::of(hmap), byor::of(key), same));
}

// Frees the slots, not the nodes.
inline void hm_clear(HMap *hmap) { rs_hm_clear(byor::of(hmap)); }

inline size_t hm_size(HMap *hmap) { return rs_hm_size(byor::of(hmap)); }

// Calls f with each node until it returns false.
inline void hm_foreach(HMap *hmap, bool (*f)(HNode *, void *), void *arg) {
    rs_hm_foreach(byor::of(hmap), reinterpret_cast<rs_hnode_fn>(f), arg);
}

// As the first edition of the book calls them; templates, so that a program's own functions of these names take precedence.
template <class = void> inline HNode *hm_pop(HMap *hmap, HNode *key, bool (*eq)(HNode *, HNode *)) {
    return hm_delete(hmap, key, eq);
}
template <class = void> inline void hm_destroy(HMap *hmap) { hm_clear(hmap); }
