/* A client of a server under test, without a client library. */
#ifndef SOCKET_H
#define SOCKET_H

#include "check.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Settings of a server that only this machine reaches, at a port of the system's choice. */
static inline rs_config *loopback(const char *io_threads)
{
    rs_config *config = rs_config_new();
    CHECK_STATUS(RS_OK, rs_config_set(config, "port", "auto"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "bind", "127.0.0.1"));
    CHECK_STATUS(RS_OK, rs_config_set(config, "io-threads", io_threads));
    return config;
}

/* Connects, signals or not. */
static int connect_to(const rs_server *to)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(rs_server_port(to));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), result;
    do
        result = connect(fd, (struct sockaddr *)&address, sizeof address);
    while (result != 0 && errno == EINTR);
    CHECK(fd >= 0 && (result == 0 || errno == EISCONN));
    return fd;
}

/* Sends `text` and reads exactly what is expected, signals or not. */
static inline void ask(int fd, const char *text, const char *expected)
{
    char got[64];
    size_t want = strlen(expected), len = 0;
    CHECK(want <= sizeof got);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    while (len < want) {
        ssize_t n = read(fd, got + len, want - len);
        CHECK(n > 0 || (n < 0 && errno == EINTR));
        len += n > 0 ? (size_t)n : 0;
    }
    CHECK(memcmp(got, expected, want) == 0);
}

#endif
