// A key-value server in the shape of the book "Build Your Own Redis": one thread, poll(), buffers per connection, and all data in
// the intrusive structures of include/byor/: keys in an HMap, sorted sets in ZSets, TTLs in a heap of HeapItems, idle
// connections in a DList, the freeing of large values in a thread pool.
//
//     byor_server [PORT [IDLE_MS]]     the port is printed; 0 takes a free one; SIGTERM ends it
//
// It speaks the length-prefixed protocol with typed replies (docs: the header of original_client.c):
//
//     get k · set k v · del k · keys · pexpire k ms · pttl k · zadd z score name · zrem z name · zscore z name · zrank z name
//     zquery z score name offset limit · zqueryr ... descending · zcount z score name score name
//
// For a store that does more and waits for less, see server.c: that one is redisrs itself.
#include "common.h"
#include "hashtable.h"
#include "heap.h"
#include "list.h"
#include "thread_pool.h"
#include "zset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <string>

const size_t k_message_max = 32 << 20;
const size_t k_strings_max = 200 * 1000;
const size_t k_large_zset = 1000;
const size_t k_expired_per_turn = 2000;

typedef std::vector<std::string> Command;
typedef std::string Buffer;

struct Conn {
    int fd = -1;
    bool want_close = false;
    Buffer incoming;
    Buffer outgoing;
    uint64_t active_ms = 0;
    DList idle_node;
};

enum Type { T_STR, T_ZSET };

struct Entry {
    HNode node;
    std::string key;
    size_t heap_idx = (size_t)-1; // its TTL in g_data.heap, or none
    Type type = T_STR;
    std::string str;
    ZSet zset;
};

static struct {
    HMap db;
    std::vector<HeapItem> heap; // TTLs; the val is a time in ms
    DList idle_list;            // all connections, least recently active first
    TheadPool pool;
    uint64_t idle_ms; // how long a connection may say nothing
} g_data;

static volatile sig_atomic_t g_stop;

static uint64_t now_ms() {
    struct timespec tv;
    clock_gettime(CLOCK_MONOTONIC, &tv);
    return (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_nsec / 1000000;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

// ---- replies ----

enum { TAG_NIL, TAG_ERR, TAG_STR, TAG_INT, TAG_DBL, TAG_ARR };
enum { ERR_UNKNOWN = 1, ERR_TOO_BIG, ERR_BAD_TYPE, ERR_BAD_ARG };

template <class T> static void out_raw(Buffer &out, T value) { out.append((const char *)&value, sizeof value); }

static void out_nil(Buffer &out) { out.push_back(TAG_NIL); }

static void out_str(Buffer &out, const char *s, size_t len) {
    out.push_back(TAG_STR);
    out_raw(out, (uint32_t)len);
    out.append(s, len);
}

static void out_int(Buffer &out, int64_t value) {
    out.push_back(TAG_INT);
    out_raw(out, value);
}

static void out_dbl(Buffer &out, double value) {
    out.push_back(TAG_DBL);
    out_raw(out, value);
}

static void out_err(Buffer &out, uint32_t code, const std::string &text) {
    out.push_back(TAG_ERR);
    out_raw(out, code);
    out_raw(out, (uint32_t)text.size());
    out += text;
}

static void out_arr(Buffer &out, uint32_t n) {
    out.push_back(TAG_ARR);
    out_raw(out, n);
}

// ---- entries ----

static bool entry_eq(HNode *node, HNode *key) {
    return container_of(node, Entry, node)->key == container_of(key, Entry, node)->key;
}

// An entry to look one up with.
static void probe(Entry &entry, std::string &key) {
    entry.key.swap(key);
    entry.node.hcode = str_hash((const uint8_t *)entry.key.data(), entry.key.size());
}

static Entry *entry_find(std::string &key) {
    Entry wanted;
    probe(wanted, key);
    HNode *node = hm_lookup(&g_data.db, &wanted.node, &entry_eq);
    wanted.key.swap(key);
    return node ? container_of(node, Entry, node) : NULL;
}

static Entry *entry_new(std::string &key, Type type) {
    Entry *entry = new Entry();
    entry->type = type;
    probe(*entry, key);
    hm_insert(&g_data.db, &entry->node);
    return entry;
}

static void entry_free(void *arg) {
    Entry *entry = (Entry *)arg;
    zset_clear(&entry->zset);
    delete entry;
}

// Sets the time to live, or removes it if negative.
static void entry_set_ttl(Entry *entry, int64_t ttl_ms) {
    std::vector<HeapItem> &heap = g_data.heap;
    size_t pos = entry->heap_idx;
    if (ttl_ms >= 0) {
        if (pos == (size_t)-1) {
            pos = heap.size();
            heap.push_back(HeapItem());
            heap[pos].ref = &entry->heap_idx;
        }
        heap[pos].val = now_ms() + (uint64_t)ttl_ms;
        heap_update(heap.data(), pos, heap.size());
    } else if (pos != (size_t)-1) {
        heap[pos] = heap.back();
        heap.pop_back();
        if (pos < heap.size()) {
            heap_update(heap.data(), pos, heap.size());
        }
        entry->heap_idx = (size_t)-1;
    }
}

// An entry that is out of the table; a large one is freed elsewhere.
static void entry_dispose(Entry *entry) {
    entry_set_ttl(entry, -1);
    if (hm_size(&entry->zset.hmap) > k_large_zset) {
        thread_pool_queue(&g_data.pool, &entry_free, entry);
    } else {
        entry_free(entry);
    }
}

// ---- commands ----

static bool to_int(const std::string &s, int64_t &out) {
    char *end = NULL;
    errno = 0;
    out = strtoll(s.c_str(), &end, 10);
    return !s.empty() && errno == 0 && end == s.c_str() + s.size();
}

static bool to_dbl(const std::string &s, double &out) {
    char *end = NULL;
    out = strtod(s.c_str(), &end);
    return !s.empty() && end == s.c_str() + s.size() && !isnan(out);
}

// The sorted set of a key: an empty one if there is no such key, NULL if the key holds something else.
static ZSet *expect_zset(std::string &key) {
    static ZSet none;
    Entry *entry = entry_find(key);
    return !entry ? &none : entry->type == T_ZSET ? &entry->zset : NULL;
}

static void do_get(Command &cmd, Buffer &out) {
    Entry *entry = entry_find(cmd[1]);
    if (!entry) {
        return out_nil(out);
    }
    if (entry->type != T_STR) {
        return out_err(out, ERR_BAD_TYPE, "not a string");
    }
    out_str(out, entry->str.data(), entry->str.size());
}

static void do_set(Command &cmd, Buffer &out) {
    Entry *entry = entry_find(cmd[1]);
    if (entry && entry->type != T_STR) {
        return out_err(out, ERR_BAD_TYPE, "not a string");
    }
    if (!entry) {
        entry = entry_new(cmd[1], T_STR);
    }
    entry->str.swap(cmd[2]);
    out_nil(out);
}

static void do_del(Command &cmd, Buffer &out) {
    Entry wanted;
    probe(wanted, cmd[1]);
    HNode *node = hm_delete(&g_data.db, &wanted.node, &entry_eq);
    if (node) {
        entry_dispose(container_of(node, Entry, node));
    }
    out_int(out, node ? 1 : 0);
}

static bool out_key(HNode *node, void *out) {
    const std::string &key = container_of(node, Entry, node)->key;
    out_str(*(Buffer *)out, key.data(), key.size());
    return true;
}

static void do_keys(Command &, Buffer &out) {
    out_arr(out, (uint32_t)hm_size(&g_data.db));
    hm_foreach(&g_data.db, &out_key, &out);
}

static void do_pexpire(Command &cmd, Buffer &out) {
    int64_t ttl_ms = 0;
    if (!to_int(cmd[2], ttl_ms)) {
        return out_err(out, ERR_BAD_ARG, "expect int");
    }
    Entry *entry = entry_find(cmd[1]);
    if (entry) {
        entry_set_ttl(entry, ttl_ms);
    }
    out_int(out, entry ? 1 : 0);
}

static void do_pttl(Command &cmd, Buffer &out) {
    Entry *entry = entry_find(cmd[1]);
    if (!entry) {
        return out_int(out, -2);
    }
    if (entry->heap_idx == (size_t)-1) {
        return out_int(out, -1);
    }
    uint64_t deadline = g_data.heap[entry->heap_idx].val, now = now_ms();
    out_int(out, deadline > now ? (int64_t)(deadline - now) : 0);
}

static void do_zadd(Command &cmd, Buffer &out) {
    double score = 0;
    if (!to_dbl(cmd[2], score)) {
        return out_err(out, ERR_BAD_ARG, "expect float");
    }
    Entry *entry = entry_find(cmd[1]);
    if (entry && entry->type != T_ZSET) {
        return out_err(out, ERR_BAD_TYPE, "expect zset");
    }
    if (!entry) {
        entry = entry_new(cmd[1], T_ZSET);
    }
    out_int(out, zset_insert(&entry->zset, cmd[3].data(), cmd[3].size(), score));
}

static void do_zrem(Command &cmd, Buffer &out) {
    ZSet *zset = expect_zset(cmd[1]);
    if (!zset) {
        return out_err(out, ERR_BAD_TYPE, "expect zset");
    }
    ZNode *znode = zset_lookup(zset, cmd[2].data(), cmd[2].size());
    if (znode) {
        zset_delete(zset, znode);
    }
    out_int(out, znode ? 1 : 0);
}

static void do_zscore(Command &cmd, Buffer &out) {
    ZSet *zset = expect_zset(cmd[1]);
    if (!zset) {
        return out_err(out, ERR_BAD_TYPE, "expect zset");
    }
    ZNode *znode = zset_lookup(zset, cmd[2].data(), cmd[2].size());
    znode ? out_dbl(out, znode->score) : out_nil(out);
}

static void do_zrank(Command &cmd, Buffer &out) {
    ZSet *zset = expect_zset(cmd[1]);
    if (!zset) {
        return out_err(out, ERR_BAD_TYPE, "expect zset");
    }
    ZNode *znode = zset_lookup(zset, cmd[2].data(), cmd[2].size());
    znode ? out_int(out, avl_rank(&znode->tree)) : out_nil(out);
}

// In either direction.
static void query(Command &cmd, Buffer &out, int step) {
    double score = 0;
    int64_t offset = 0, limit = 0;
    if (!to_dbl(cmd[2], score)) {
        return out_err(out, ERR_BAD_ARG, "expect float");
    }
    if (!to_int(cmd[4], offset) || !to_int(cmd[5], limit)) {
        return out_err(out, ERR_BAD_ARG, "expect int");
    }
    ZSet *zset = expect_zset(cmd[1]);
    if (!zset) {
        return out_err(out, ERR_BAD_TYPE, "expect zset");
    }
    const std::string &name = cmd[3];
    ZNode *znode = step > 0 ? zset_seekge(zset, score, name.data(), name.size())
                            : zset_seekle(zset, score, name.data(), name.size());
    znode = offset == LLONG_MIN ? NULL : znode_offset(znode, step * offset);
    const size_t header = out.size();
    out_arr(out, 0);
    uint32_t n = 0;
    for (; znode && n < limit && out.size() <= k_message_max; n += 2) {
        out_str(out, znode->name, znode->len);
        out_dbl(out, znode->score);
        znode = znode_offset(znode, step);
    }
    memcpy(&out[header + 1], &n, sizeof n);
}

static void do_zquery(Command &cmd, Buffer &out) { query(cmd, out, +1); }
static void do_zqueryr(Command &cmd, Buffer &out) { query(cmd, out, -1); }

static void do_zcount(Command &cmd, Buffer &out) {
    double lo = 0, hi = 0;
    if (!to_dbl(cmd[2], lo) || !to_dbl(cmd[4], hi)) {
        return out_err(out, ERR_BAD_ARG, "expect float");
    }
    ZSet *zset = expect_zset(cmd[1]);
    if (!zset) {
        return out_err(out, ERR_BAD_TYPE, "expect zset");
    }
    out_int(out, zset_count(zset, lo, cmd[3].data(), cmd[3].size(), hi, cmd[5].data(), cmd[5].size()));
}

static const struct {
    const char *name;
    size_t words;
    void (*run)(Command &cmd, Buffer &out);
} k_commands[] = {
    {"get", 2, do_get},         {"set", 3, do_set},       {"del", 2, do_del},       {"keys", 1, do_keys},
    {"pexpire", 3, do_pexpire}, {"pttl", 2, do_pttl},     {"zadd", 4, do_zadd},     {"zrem", 3, do_zrem},
    {"zscore", 3, do_zscore},   {"zrank", 3, do_zrank},   {"zquery", 6, do_zquery}, {"zqueryr", 6, do_zqueryr},
    {"zcount", 6, do_zcount},
};

static void run(Command &cmd, Buffer &out) {
    for (const auto &command : k_commands) {
        if (cmd.size() == command.words && cmd[0] == command.name) {
            return command.run(cmd, out);
        }
    }
    out_err(out, ERR_UNKNOWN, "unknown command");
}

// ---- requests ----

static bool take_u32(const char *&at, const char *end, uint32_t &out) {
    if (end - at < 4) {
        return false;
    }
    memcpy(&out, at, 4);
    at += 4;
    return true;
}

static bool parse(const char *at, size_t len, Command &cmd) {
    const char *end = at + len;
    uint32_t strings = 0, n = 0;
    if (!take_u32(at, end, strings) || strings > k_strings_max) {
        return false;
    }
    for (uint32_t i = 0; i < strings; i++) {
        if (!take_u32(at, end, n) || (size_t)(end - at) < n) {
            return false;
        }
        cmd.push_back(std::string(at, n));
        at += n;
    }
    return at == end;
}

// Answers all requests that are complete.
static void handle_requests(Conn *conn) {
    size_t used = 0;
    while (!conn->want_close && conn->incoming.size() - used >= 4) {
        uint32_t len = 0;
        memcpy(&len, &conn->incoming[used], 4);
        if (len > k_message_max) {
            conn->want_close = true;
            break;
        }
        if (conn->incoming.size() - used - 4 < len) {
            break;
        }
        Command cmd;
        if (!parse(conn->incoming.data() + used + 4, len, cmd)) {
            conn->want_close = true;
            break;
        }
        used += 4 + len;
        Buffer &out = conn->outgoing;
        const size_t header = out.size();
        out_raw(out, (uint32_t)0);
        run(cmd, out);
        if (out.size() - header - 4 > k_message_max) {
            out.resize(header + 4);
            out_err(out, ERR_TOO_BIG, "the reply is too big");
        }
        len = (uint32_t)(out.size() - header - 4);
        memcpy(&out[header], &len, 4);
    }
    conn->incoming.erase(0, used);
}

// ---- connections ----

static void handle_write(Conn *conn) {
    ssize_t n = send(conn->fd, conn->outgoing.data(), conn->outgoing.size(), MSG_NOSIGNAL);
    if (n > 0) {
        conn->outgoing.erase(0, (size_t)n);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        conn->outgoing.clear();
        conn->want_close = true;
    }
}

static void handle_read(Conn *conn) {
    static char buf[64 * 1024];
    ssize_t n = read(conn->fd, buf, sizeof buf);
    if (n > 0) {
        conn->incoming.append(buf, (size_t)n);
        handle_requests(conn);
        if (!conn->outgoing.empty()) {
            handle_write(conn);
        }
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        conn->want_close = true;
    }
}

static void set_nonblocking(int fd) {
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK) < 0) {
        die("fcntl");
    }
}

static void touch(Conn *conn) {
    conn->active_ms = now_ms();
    dlist_insert_before(&g_data.idle_list, &conn->idle_node);
}

static void handle_accept(int listener) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) {
        return;
    }
    set_nonblocking(fd);
    Conn *conn = new Conn();
    conn->fd = fd;
    touch(conn);
}

static void conn_destroy(Conn *conn) {
    close(conn->fd);
    dlist_detach(&conn->idle_node);
    delete conn;
}

// ---- timers ----

static int next_timer_ms() {
    uint64_t now = now_ms(), next = now + 1000; // SIGTERM may come between two looks
    if (!dlist_empty(&g_data.idle_list)) {
        uint64_t idle = container_of(g_data.idle_list.next, Conn, idle_node)->active_ms + g_data.idle_ms;
        next = idle < next ? idle : next;
    }
    if (!g_data.heap.empty() && g_data.heap[0].val < next) {
        next = g_data.heap[0].val;
    }
    return next > now ? (int)(next - now) : 0;
}

static bool same_node(HNode *node, HNode *key) { return node == key; }

static void process_timers() {
    uint64_t now = now_ms();
    while (!dlist_empty(&g_data.idle_list)) {
        Conn *conn = container_of(g_data.idle_list.next, Conn, idle_node);
        if (conn->active_ms + g_data.idle_ms > now) {
            break;
        }
        conn_destroy(conn);
    }
    for (size_t i = 0; i < k_expired_per_turn && !g_data.heap.empty() && g_data.heap[0].val <= now; i++) {
        Entry *entry = container_of(g_data.heap[0].ref, Entry, heap_idx);
        hm_delete(&g_data.db, &entry->node, &same_node);
        entry_dispose(entry);
    }
}

// ---- the loop ----

static int open_listener(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in addr = {};
    socklen_t len = sizeof addr;
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) {
        die("socket");
    }
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, SOMAXCONN) < 0) {
        die("bind");
    }
    if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0) {
        die("getsockname");
    }
    set_nonblocking(fd);
    printf("port %u\n", ntohs(addr.sin_port));
    fflush(stdout);
    return fd;
}

static void serve(int listener) {
    std::vector<struct pollfd> fds;
    std::vector<Conn *> conns;
    while (!g_stop) {
        fds.assign(1, {listener, POLLIN, 0});
        conns.assign(1, (Conn *)NULL);
        for (DList *it = g_data.idle_list.next; it != &g_data.idle_list; it = it->next) {
            Conn *conn = container_of(it, Conn, idle_node);
            // Who does not read its replies is not read from.
            short wanted = conn->outgoing.empty() ? POLLIN : POLLOUT;
            fds.push_back({conn->fd, wanted, 0});
            conns.push_back(conn);
        }
        if (poll(fds.data(), (nfds_t)fds.size(), next_timer_ms()) < 0 && errno != EINTR) {
            die("poll");
        }
        for (size_t i = 1; i < fds.size(); i++) {
            if (fds[i].revents == 0) {
                continue;
            }
            Conn *conn = conns[i];
            dlist_detach(&conn->idle_node);
            touch(conn);
            conn->outgoing.empty() ? handle_read(conn) : handle_write(conn);
            if (conn->want_close && conn->outgoing.empty()) {
                conn_destroy(conn);
            }
        }
        if (fds[0].revents) {
            handle_accept(listener);
        }
        process_timers();
    }
}

static bool free_one(HNode *node, void *) {
    entry_free(container_of(node, Entry, node));
    return true;
}

static void on_signal(int) { g_stop = 1; }

int main(int argc, char **argv) {
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    dlist_init(&g_data.idle_list);
    thread_pool_init(&g_data.pool, 2);
    g_data.idle_ms = argc > 2 ? (uint64_t)atoi(argv[2]) : 5000;
    int listener = open_listener((uint16_t)(argc > 1 ? atoi(argv[1]) : 1234));
    serve(listener);

    close(listener);
    while (!dlist_empty(&g_data.idle_list)) {
        conn_destroy(container_of(g_data.idle_list.next, Conn, idle_node));
    }
    thread_pool_destroy(&g_data.pool);
    hm_foreach(&g_data.db, &free_one, NULL);
    hm_clear(&g_data.db);
    return 0;
}
