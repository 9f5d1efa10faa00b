// The circular list of the book "Build Your Own Redis".
#pragma once

#include <stddef.h>

// To be embedded in the payload; the head of a list is one too.
struct DList {
    DList *prev = NULL;
    DList *next = NULL;
};

inline void dlist_init(DList *node) { node->prev = node->next = node; }

inline bool dlist_empty(DList *node) { return node->next == node; }

inline void dlist_detach(DList *node) {
    DList *prev = node->prev;
    DList *next = node->next;
    prev->next = next;
    next->prev = prev;
}

inline void dlist_insert_before(DList *target, DList *rookie) {
    DList *prev = target->prev;
    prev->next = rookie;
    rookie->prev = prev;
    rookie->next = target;
    target->prev = rookie;
}
