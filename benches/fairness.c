/* What one client with deep pipelines does to the latency of others.
 *
 *     fairness PORT [--shallow 100] [--deep 10000] [--seconds 5]
 *
 * 100 connections send one GET each and wait for its reply before they send the next; the time between is recorded. First
 * alone, then beside one connection that keeps 10,000 GETs under way, and alone again. Prints the median and the 99th
 * percentile of each phase in microseconds, and the ratio of the 99th percentiles. The server fills first with 100,000
 * keys. Pin server and this program to different processors: `taskset -c 1 ./fairness 6379`. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEYS 100000
#define VALUE_BYTES 64
#define REPLY_BYTES (5 + VALUE_BYTES + 2) /* $64\r\n ... \r\n */
#define SAMPLES_MAX 4000000

struct conn {
    int fd;
    uint64_t sent_ns, received;
    uint64_t out_at, out_len; /* the deep one: bytes of its pipeline sent */
};

static uint64_t random_state = 88172645463325252u;
static float *samples;
static size_t samples_len;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static unsigned draw(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % KEYS);
}

static int request(char *to, const char *verb, unsigned key, const char *value) {
    if (value) {
        return sprintf(to, "*3\r\n$3\r\n%s\r\n$10\r\nkey:%06u\r\n$%d\r\n%s\r\n", verb, key, VALUE_BYTES, value);
    }
    return sprintf(to, "*2\r\n$3\r\n%s\r\n$10\r\nkey:%06u\r\n", verb, key);
}

static int dial(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void write_all(int fd, const char *bytes, size_t len) {
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0) die("write");
        bytes += n;
        len -= (size_t)n;
    }
}

static void fill(int port) {
    int fd = dial(port);
    char value[VALUE_BYTES + 1], line[256], replies[65536];
    memset(value, 'v', VALUE_BYTES);
    value[VALUE_BYTES] = 0;
    for (unsigned from = 0; from < KEYS; from += 500) {
        size_t want = 0;
        for (unsigned key = from; key < from + 500; key++) {
            write_all(fd, line, (size_t)request(line, "SET", key, value));
            want += 5;
        }
        while (want) {
            ssize_t n = read(fd, replies, want < sizeof replies ? want : sizeof replies);
            if (n <= 0) die("read");
            want -= (size_t)n;
        }
    }
    close(fd);
}

static void ask(struct conn *conn) {
    char line[64];
    int len = request(line, "GET", draw(), NULL);
    conn->sent_ns = now_ns();
    conn->received = 0;
    if (write(conn->fd, line, (size_t)len) != len) die("write");
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Runs the shallow clients for a while, the deep one too if `pipeline` is given; returns the 99th percentile. */
static double phase(const char *name, struct conn *conns, int shallow, struct conn *deep, const char *pipeline,
                    size_t pipeline_len, uint64_t depth, double seconds) {
    int epoll = epoll_create1(0);
    struct epoll_event events[256];
    static char sink[1 << 20];
    for (int i = 0; i < shallow; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &conns[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, conns[i].fd, &event);
    }
    if (pipeline) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = deep};
        epoll_ctl(epoll, EPOLL_CTL_ADD, deep->fd, &event);
        deep->out_at = 0;
        deep->received = 0;
    }
    samples_len = 0;
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9), deep_requests = 0;
    for (int i = 0; i < shallow; i++) ask(&conns[i]);
    int waiting = shallow;
    while (waiting > 0) {
        int count = epoll_wait(epoll, events, 256, 1000);
        for (int i = 0; i < count; i++) {
            struct conn *conn = events[i].data.ptr;
            if (conn == deep) {
                ssize_t n;
                while (deep->out_at < pipeline_len &&
                       (n = write(deep->fd, pipeline + deep->out_at, pipeline_len - deep->out_at)) > 0) {
                    deep->out_at += (uint64_t)n;
                }
                while ((n = read(deep->fd, sink, sizeof sink)) > 0) deep->received += (uint64_t)n;
                if (deep->received == depth * REPLY_BYTES && now_ns() < end) {
                    deep_requests += depth;
                    deep->out_at = deep->received = 0;
                    n = write(deep->fd, pipeline, pipeline_len);
                    if (n > 0) deep->out_at = (uint64_t)n;
                }
                continue;
            }
            ssize_t n = read(conn->fd, sink, sizeof sink);
            if (n <= 0) die("read");
            conn->received += (uint64_t)n;
            if (conn->received < REPLY_BYTES) continue;
            uint64_t now = now_ns();
            if (samples_len < SAMPLES_MAX) samples[samples_len++] = (float)(now - conn->sent_ns) / 1000;
            if (now < end) {
                ask(conn);
            } else {
                waiting--;
            }
        }
    }
    /* The deep one gets the rest of its replies, so that the next phase starts clean. */
    while (pipeline && deep->received < depth * REPLY_BYTES) {
        ssize_t n = write(deep->fd, pipeline + deep->out_at, pipeline_len - deep->out_at);
        if (n > 0) deep->out_at += (uint64_t)n;
        n = read(deep->fd, sink, sizeof sink);
        if (n > 0) deep->received += (uint64_t)n;
        if (n <= 0 && errno != EAGAIN) die("read");
    }
    close(epoll);
    qsort(samples, samples_len, sizeof *samples, by_value);
    double p99 = samples[samples_len * 99 / 100];
    printf("%-22s p50 %8.1f us   p99 %8.1f us   %9.0f shallow/s   %9.0f deep/s\n", name, samples[samples_len / 2], p99,
           (double)samples_len / seconds, (double)deep_requests / seconds);
    return p99;
}

int main(int argc, char **argv) {
    int port = argc > 1 ? atoi(argv[1]) : 0, shallow = 100;
    uint64_t depth = 10000;
    double seconds = 5;
    for (int i = 2; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--shallow")) shallow = atoi(argv[i + 1]);
        if (!strcmp(argv[i], "--deep")) depth = (uint64_t)atol(argv[i + 1]);
        if (!strcmp(argv[i], "--seconds")) seconds = atof(argv[i + 1]);
    }
    if (port <= 0 || shallow <= 0 || depth == 0) {
        fprintf(stderr, "usage: fairness PORT [--shallow N] [--deep N] [--seconds S]\n");
        return 2;
    }
    fill(port);
    samples = malloc(SAMPLES_MAX * sizeof *samples);
    struct conn *conns = calloc((size_t)shallow, sizeof *conns), deep = {0};
    char *pipeline = malloc(depth * 48);
    if (!samples || !conns || !pipeline) die("malloc");
    for (int i = 0; i < shallow; i++) conns[i].fd = dial(port);
    deep.fd = dial(port);
    fcntl(deep.fd, F_SETFL, O_NONBLOCK);
    size_t pipeline_len = 0;
    for (uint64_t i = 0; i < depth; i++) pipeline_len += (size_t)request(pipeline + pipeline_len, "GET", draw(), NULL);
    double before = phase("alone", conns, shallow, NULL, NULL, 0, 0, seconds);
    double beside = phase("beside the deep one", conns, shallow, &deep, pipeline, pipeline_len, depth, seconds);
    double after = phase("alone again", conns, shallow, NULL, NULL, 0, 0, seconds);
    printf("p99 beside / alone: %.2f\n", beside / ((before + after) / 2));
    return 0;
}
