/* A client of a server under test, without a client library. */
#ifndef SOCKET_H
#define SOCKET_H

#include "check.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

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

#endif
