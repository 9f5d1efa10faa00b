// For programs that include "avl.cpp": the code is in libredisrs.
#ifndef BYOR_AVL_CPP
#define BYOR_AVL_CPP

#include "avl.h"

// The book's file has a function of this name, and its tests use it. A conversion makes this the worst candidate, so it does
// not get in the way of any other.
#ifndef max
namespace byor {
struct U32 {
    uint32_t value;
    U32(uint32_t from) : value(from) {}
};
} // namespace byor

inline uint32_t max(byor::U32 lhs, byor::U32 rhs) { return lhs.value < rhs.value ? rhs.value : lhs.value; }
#endif

#endif
