// The sorted set of the book "Build Your Own Redis", over redisrs: include this, link libredisrs, leave zset.cpp out.
//
// Members are found by name in a hash table and by score in an AVL tree, ordered by score, then by name. redisrs.h, "Sorted
// set", says what each function does with what it should not get.
#pragma once

#include "avl.h"
#include "hashtable.h"

struct ZSet {
    AVLNode *root = NULL; // by (score, name)
    HMap hmap;            // by name
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
