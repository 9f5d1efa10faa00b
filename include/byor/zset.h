// The sorted set of the book "Build Your Own Redis", over redisrs: include this, link libredisrs, leave zset.cpp out.
//
// Members are found by name in a hash table and by score in an AVL tree, ordered by score, then by name. redisrs.h, "Sorted
// set", says what each function does with what it should not get.
#pragma once

#ifndef __cplusplus
#error "This header is C++, as the book's is. In C include redisrs.h and use rs_zset_*."
#endif

#include "avl.h"
#include "hashtable.h"

struct ZSet {
    union {
        AVLNode *root; // by (score, name)
        AVLNode *tree; // so in the first edition
    };
    HMap hmap; // by name

    constexpr ZSet() : root(NULL), hmap() {}
};

// A member: made by zset_insert, freed by zset_delete and zset_clear, never by the program.
struct ZNode {
    AVLNode tree;
    HNode hmap;
    double score = 0;
    size_t len = 0;
    __extension__ char name[0]; // len bytes, not terminated
};

static_assert(sizeof(ZSet) == sizeof(rs_zset) && offsetof(ZSet, hmap) == offsetof(rs_zset, hmap), "ZSet");
static_assert(sizeof(ZNode) == sizeof(rs_znode) && offsetof(ZNode, hmap) == offsetof(rs_znode, hmap), "ZNode");
static_assert(offsetof(ZNode, score) == offsetof(rs_znode, score) && offsetof(ZNode, name) == sizeof(rs_znode), "ZNode");

namespace byor {
inline rs_zset *of(ZSet *zset) { return reinterpret_cast<rs_zset *>(zset); }
inline rs_znode *of(ZNode *node) { return reinterpret_cast<rs_znode *>(node); }
inline ZNode *back(rs_znode *node) { return reinterpret_cast<ZNode *>(node); }
} // namespace byor

// True if the name is new; else its score is changed. A score that is not a number is refused.
inline bool zset_insert(ZSet *zset, const char *name, size_t len, double score) {
    int added = rs_zset_insert(byor::of(zset), name, len, score);
    if (added == RS_ERR_NO_MEMORY) {
        abort(); // The book has no way to say so.
    }
    return added == 1;
}

inline ZNode *zset_lookup(ZSet *zset, const char *name, size_t len) {
    return byor::back(rs_zset_lookup(byor::of(zset), name, len));
}

// Removes the member and frees it.
inline void zset_delete(ZSet *zset, ZNode *node) { rs_zset_delete(byor::of(zset), byor::of(node)); }

// The first member >= (score, name).
inline ZNode *zset_seekge(ZSet *zset, double score, const char *name, size_t len) {
    return byor::back(rs_zset_seekge(byor::of(zset), score, name, len));
}

// The last member <= (score, name).
inline ZNode *zset_seekle(ZSet *zset, double score, const char *name, size_t len) {
    return byor::back(rs_zset_seekle(byor::of(zset), score, name, len));
}

// How many members lie between two places, both included.
inline int64_t zset_count(ZSet *zset, double lo_score, const char *lo_name, size_t lo_len, double hi_score,
                          const char *hi_name, size_t hi_len) {
    return rs_zset_count(byor::of(zset), lo_score, lo_name, lo_len, hi_score, hi_name, hi_len);
}

// Removes and frees all members.
inline void zset_clear(ZSet *zset) { rs_zset_clear(byor::of(zset)); }

// The member so many ranks away; NULL outside, and for NULL.
inline ZNode *znode_offset(ZNode *node, int64_t offset) {
    return byor::back(rs_znode_offset(byor::of(node), offset));
}

// As the first edition of the book calls them; templates, so that a program's own functions of these names take precedence.
template <class = void> inline bool zset_add(ZSet *zset, const char *name, size_t len, double score) {
    return zset_insert(zset, name, len, score);
}
template <class = void>
inline ZNode *zset_query(ZSet *zset, double score, const char *name, size_t len, int64_t offset = 0) {
    return znode_offset(zset_seekge(zset, score, name, len), offset);
}
template <class = void> inline void zset_dispose(ZSet *zset) { zset_clear(zset); }

namespace byor {
inline bool is_same(HNode *node, HNode *key) { return node == key; }
} // namespace byor

// Takes the member out of the set and returns it; the program frees it with znode_del.
template <class = void> inline ZNode *zset_pop(ZSet *zset, const char *name, size_t len) {
    ZNode *node = zset_lookup(zset, name, len);
    if (node) {
        hm_delete(&zset->hmap, &node->hmap, &byor::is_same);
        zset->root = avl_del(&node->tree);
    }
    return node;
}
template <class = void> inline void znode_del(ZNode *node) { free(node); }
