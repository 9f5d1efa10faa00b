// The heap of the book "Build Your Own Redis", over redisrs: include this, link libredisrs, leave heap.cpp out.
//
// A binary min-heap in the caller's array whose items know where they are. redisrs.h, "Heap", says what the function does
// with what it should not get.
#pragma once

#ifndef __cplusplus
#error "This header is C++, as the book's is. In C include redisrs.h and use rs_heap_*."
#endif

#include <stddef.h>
#include <stdint.h>

#include "../redisrs.h"

struct HeapItem {
    uint64_t val = 0;
    size_t *ref = NULL; // where the position is kept, in the payload
};

static_assert(sizeof(HeapItem) == sizeof(rs_heap_item) && offsetof(HeapItem, ref) == offsetof(rs_heap_item, ref), "HeapItem");

inline size_t heap_parent(size_t i) { return (i + 1) / 2 - 1; }
inline size_t heap_left(size_t i) { return i * 2 + 1; }
inline size_t heap_right(size_t i) { return i * 2 + 2; }

// Moves the item at pos to where it belongs, after it was added or changed.
inline void heap_update(HeapItem *a, size_t pos, size_t len) {
    rs_heap_update(reinterpret_cast<rs_heap_item *>(a), pos, len);
}
