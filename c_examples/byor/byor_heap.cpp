// The heap: every value added to, changed in and removed from heaps of each size, whose items must know where they are.
//
//     byor_heap [SIZE_MAX]
#include "heap.cpp"
#include "harness.h"

#include <vector>

struct Heap {
    std::vector<HeapItem> items;
    std::vector<size_t> positions; // of each owner

    explicit Heap(size_t owners) : positions(owners, (size_t)-1) {}

    void set(size_t owner, uint64_t val) {
        size_t pos = positions[owner];
        if (pos == (size_t)-1) {
            HeapItem item;
            item.ref = &positions[owner];
            pos = items.size();
            items.push_back(item);
        }
        items[pos].val = val;
        heap_update(items.data(), pos, items.size());
    }

    void del(size_t owner) {
        size_t pos = positions[owner];
        items[pos] = items.back();
        items.pop_back();
        if (pos < items.size()) {
            heap_update(items.data(), pos, items.size());
        }
        positions[owner] = (size_t)-1;
    }

    void verify() {
        for (size_t i = 0; i < items.size(); i++) {
            CHECK(*items[i].ref == i);
            CHECK(heap_left(i) >= items.size() || items[heap_left(i)].val >= items[i].val);
            CHECK(heap_right(i) >= items.size() || items[heap_right(i)].val >= items[i].val);
            CHECK(i == 0 || items[heap_parent(i)].val <= items[i].val);
        }
    }
};

static void test_case(size_t size) {
    for (uint64_t val = 0; val < 2 * size + 2; val++) {
        Heap heap(size + 1);
        for (size_t i = 0; i < size; i++) {
            heap.set(i, 1 + 2 * i);
        }
        heap.set(size, val); // in every place there is
        heap.verify();
        heap.set(size, 2 * size + 1 - val); // and from there to every other
        heap.verify();
    }
    for (size_t owner = 0; owner < size; owner++) {
        Heap heap(size);
        for (size_t i = 0; i < size; i++) {
            heap.set(i, size - i);
        }
        heap.del(owner);
        heap.verify();
        // What is left comes out in order.
        uint64_t least = 0;
        while (!heap.items.empty()) {
            CHECK(heap.items[0].val > least);
            least = heap.items[0].val;
            heap.del((size_t)(heap.items[0].ref - heap.positions.data()));
        }
    }
}

int main(int argc, char **argv) {
    const uint32_t most = size_max(argc, argv, 200);
    for (size_t size = 0; size <= most; size += 1 + size / 8) {
        test_case(size);
    }
    printf("heap: items of heaps of up to %u know their places\n", most);
    return 0;
}
