// The AVL tree of the book "Build Your Own Redis", over redisrs: include this, link libredisrs, leave avl.cpp out.
//
// An intrusive tree in which each node counts its subtree. redisrs.h, "AVL tree", says what each function does with what
// it should not get.
#pragma once

#ifndef __cplusplus
#error "This header is C++, as the book's is. In C include redisrs.h and use rs_avl_*."
#endif

#include <stddef.h>
#include <stdint.h>

#include "../redisrs.h"

// To be embedded in the payload.
struct AVLNode {
    AVLNode *parent = NULL;
    AVLNode *left = NULL;
    AVLNode *right = NULL;
    union {
        uint32_t height = 0; // of the subtree
        uint32_t depth;      // so in the first edition
    };
    uint32_t cnt = 0; // of the subtree
};

static_assert(sizeof(AVLNode) == sizeof(rs_avl_node) && offsetof(AVLNode, left) == offsetof(rs_avl_node, left), "AVLNode");
static_assert(offsetof(AVLNode, height) == offsetof(rs_avl_node, height), "AVLNode");

namespace byor {
inline rs_avl_node *of(AVLNode *node) { return reinterpret_cast<rs_avl_node *>(node); }
} // namespace byor

inline void avl_init(AVLNode *node) {
    node->parent = node->left = node->right = NULL;
    node->height = 1;
    node->cnt = 1;
}

inline uint32_t avl_height(AVLNode *node) { return node ? node->height : 0; }
inline uint32_t avl_cnt(AVLNode *node) { return node ? node->cnt : 0; }

// Repairs the tree from a node that was linked up to the root; returns the root.
inline AVLNode *avl_fix(AVLNode *node) { return reinterpret_cast<AVLNode *>(rs_avl_fix(byor::of(node))); }

// Takes a node out of the tree; returns the root.
inline AVLNode *avl_del(AVLNode *node) { return reinterpret_cast<AVLNode *>(rs_avl_del(byor::of(node))); }

// The node so many ranks away, NULL outside.
inline AVLNode *avl_offset(AVLNode *node, int64_t offset) {
    return reinterpret_cast<AVLNode *>(rs_avl_offset(byor::of(node), offset));
}

// The rank of a node, from 0.
inline int64_t avl_rank(AVLNode *node) { return rs_avl_rank(byor::of(node)); }

// As the first edition of the book calls it. A template, here and in the other headers, because a program that has a
// function of this name and type keeps its own.
template <class = void> inline uint32_t avl_depth(AVLNode *node) { return avl_height(node); }
