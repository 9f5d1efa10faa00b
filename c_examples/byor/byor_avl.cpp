// The AVL tree under every insertion and deletion that a tree of each size allows, compared with a std::multiset.
//
//     byor_avl [SIZE_MAX]
#include "avl.cpp" // As the book does; it has `max`.
#include "common.h"
#include "harness.h"

#include <set>

struct Data {
    AVLNode node;
    uint32_t val = 0;
};

struct Tree {
    AVLNode *root = NULL;
    std::multiset<uint32_t> model;

    void add(uint32_t val) {
        Data *data = new Data();
        avl_init(&data->node);
        data->val = val;
        AVLNode *parent = NULL;
        AVLNode **from = &root;
        while (*from) {
            parent = *from;
            from = val < container_of(parent, Data, node)->val ? &parent->left : &parent->right;
        }
        *from = &data->node;
        data->node.parent = parent;
        root = avl_fix(&data->node);
        model.insert(val);
    }

    bool del(uint32_t val) {
        AVLNode *cur = root;
        while (cur && container_of(cur, Data, node)->val != val) {
            cur = val < container_of(cur, Data, node)->val ? cur->left : cur->right;
        }
        if (!cur) {
            return false;
        }
        root = avl_del(cur);
        delete container_of(cur, Data, node);
        model.erase(model.find(val));
        return true;
    }

    void verify() {
        std::multiset<uint32_t>::iterator expected = model.begin();
        verify(NULL, root, expected);
        CHECK(expected == model.end());
        CHECK(avl_cnt(root) == model.size());
    }

    ~Tree() {
        while (root) {
            del(container_of(root, Data, node)->val);
        }
        CHECK(model.empty());
    }

private:
    static void verify(AVLNode *parent, AVLNode *node, std::multiset<uint32_t>::iterator &expected) {
        if (!node) {
            return;
        }
        CHECK(node->parent == parent);
        verify(node, node->left, expected);
        CHECK(container_of(node, Data, node)->val == *expected);
        ++expected;
        verify(node, node->right, expected);
        uint32_t l = avl_height(node->left), r = avl_height(node->right);
        CHECK(l == r || l + 1 == r || l == r + 1);
        CHECK(node->height == 1 + max(l, r));
        CHECK(node->cnt == 1 + avl_cnt(node->left) + avl_cnt(node->right));
    }
};

// A tree of `size` values but the one at `gap`, which is inserted last.
static void test_insert(uint32_t size, uint32_t gap) {
    Tree tree;
    for (uint32_t i = 0; i < size; i++) {
        if (i != gap) {
            tree.add(i);
        }
    }
    tree.add(gap);
    tree.verify();
    tree.add(gap); // once more
    tree.verify();
}

static void test_remove(uint32_t size, uint32_t val) {
    Tree tree;
    for (uint32_t i = 0; i < size; i++) {
        tree.add(i);
    }
    CHECK(!tree.del(size));
    CHECK(tree.del(val));
    tree.verify();
}

int main(int argc, char **argv) {
    const uint32_t most = size_max(argc, argv, 200);
    for (uint32_t size = 1; size <= most; size++) {
        for (uint32_t val = 0; val < size; val++) {
            test_insert(size, val);
            test_remove(size, val);
        }
    }
    {
        Tree tree;
        for (uint32_t i = 0; i < 10 * most; i++) {
            uint32_t val = draw(most);
            if (draw(2)) {
                tree.add(val);
            } else {
                bool there = tree.model.count(val) > 0;
                CHECK(tree.del(val) == there);
            }
            tree.verify();
        }
    }
    printf("avl: trees of up to %u nodes hold\n", most);
    return 0;
}
