// Offsets and ranks: from every node of a tree to others, in larger ones not to all, and just outside of it.
//
//     byor_offset [SIZE_MAX]
#include "avl.h"
#include "common.h"
#include "harness.h"

#include <vector>

struct Data {
    AVLNode node;
    uint32_t val = 0;
};

static void test_case(uint32_t size) {
    std::vector<Data> data(size);
    AVLNode *root = NULL, *last = NULL;
    for (uint32_t i = 0; i < size; i++) {
        AVLNode *node = &data[i].node;
        avl_init(node);
        data[i].val = i;
        node->parent = last; // The greatest so far has nothing to its right.
        if (last) {
            last->right = node;
        }
        root = avl_fix(node);
        last = node;
    }
    CHECK(avl_cnt(root) == size);
    for (uint32_t i = 0; i < size; i++) {
        AVLNode *from = &data[i].node;
        CHECK(avl_rank(from) == i);
        for (uint32_t j = size > 100 ? i % 29 : 0; j < size; j += size > 100 ? 29 : 1) {
            CHECK(avl_offset(from, (int64_t)j - i) == &data[j].node);
        }
        CHECK(avl_offset(from, -(int64_t)i - 1) == NULL);
        CHECK(avl_offset(from, (int64_t)size - i) == NULL);
        CHECK(avl_offset(from, INT64_MIN) == NULL);
        CHECK(avl_offset(from, INT64_MAX) == NULL);
    }
}

int main(int argc, char **argv) {
    const uint32_t most = size_max(argc, argv, 500);
    for (uint32_t size = 1; size <= most; size++) {
        test_case(size);
    }
    CHECK(avl_offset(NULL, 0) == NULL);
    printf("offset: every way in trees of up to %u nodes\n", most);
    return 0;
}
