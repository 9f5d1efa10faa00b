/* Load for memcached: what redis-benchmark is for the other servers, in memcached's text protocol.
 *
 *     memcached_load PORT set|get DEPTH REQUESTS KEYS
 *
 * Connections take turns: each sends DEPTH requests for random keys, then all replies are awaited. Prints a line as
 * redis-benchmark --csv does. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define VALUE_BYTES 64
#define CONNECTIONS 50
#define REQUEST_BYTES_MAX 128

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int open_connection(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: memcached_load PORT set|get DEPTH REQUESTS KEYS\n");
        return 2;
    }
    const int is_set = strcmp(argv[2], "set") == 0, depth = atoi(argv[3]);
    const long requests = atol(argv[4]);
    const uint64_t keys = strtoull(argv[5], NULL, 10);
    /* Every reply has a known size, since every key is there. */
    char value[VALUE_BYTES + 1], request[REQUEST_BYTES_MAX * 2];
    size_t reply_bytes = strlen("STORED\r\n");
    if (!is_set)
        reply_bytes = (size_t)snprintf(request, sizeof request, "VALUE key:%012d 0 %d\r\n", 0, VALUE_BYTES) + VALUE_BYTES +
                      strlen("\r\nEND\r\n");
    memset(value, 'x', VALUE_BYTES);
    value[VALUE_BYTES] = 0;

    char *out = malloc((size_t)depth * sizeof request), *in = malloc(1 << 16);
    int fds[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++)
        fds[i] = open_connection(atoi(argv[1]));
    uint64_t state = 1;
    long done = 0;
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (done < requests) {
        int sent = 0;
        for (; sent < CONNECTIONS && done < requests; sent++, done += depth) {
            size_t len = 0;
            for (int i = 0; i < depth; i++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                unsigned long key = (unsigned long)(((state >> 32) * keys) >> 32);
                if (is_set)
                    len += (size_t)sprintf(out + len, "set key:%012lu 0 0 %d\r\n%s\r\n", key, VALUE_BYTES, value);
                else
                    len += (size_t)sprintf(out + len, "get key:%012lu\r\n", key);
            }
            if (write(fds[sent], out, len) != (ssize_t)len)
                fail("write");
        }
        for (int i = 0; i < sent; i++)
            for (size_t due = (size_t)depth * reply_bytes; due > 0;) {
                ssize_t got = read(fds[i], in, due < (1 << 16) ? due : 1 << 16);
                if (got <= 0)
                    fail("read");
                due -= (size_t)got;
            }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("\"%s\",\"%.2f\"\n", argv[2], (double)done / seconds);
    return 0;
}
