/* One store, two ways in: this program uses it directly while clients of any kind use it through a socket. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, rs_last_error());
    exit(1);
}

/* What any Redis client does: sends a command, reads the answer. */
static void ask(int fd, const char *command, char *answer, size_t room)
{
    size_t len = 0;
    if (write(fd, command, strlen(command)) != (ssize_t)strlen(command))
        die("write");
    do {
        ssize_t n = read(fd, answer + len, room - 1 - len);
        if (n <= 0)
            die("read");
        len += (size_t)n;
    } while (len < 2 || memcmp(answer + len - 2, "\r\n", 2) != 0);
    answer[len] = '\0';
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    return fd;
}

int main(void)
{
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_session *session = NULL;
    rs_server *server;
    if (rs_config_set(config, "port", "auto") != RS_OK || rs_config_set(config, "bind", "127.0.0.1") != RS_OK)
        die("rs_config_set");
    if (rs_engine_open(config, &engine) != RS_OK || rs_session_open(engine, &session) != RS_OK)
        die("rs_engine_open");
    rs_config_free(config);
    if (rs_server_start(engine, &server) != RS_OK)
        die("rs_server_start");

    char answer[256];
    int fd = connect_to(rs_server_port(server));

    /* In through the socket, out through the process. */
    ask(fd, "SET color blue\r\n", answer, sizeof answer);
    size_t len;
    if (rs_get(session, "color", 5, answer, sizeof answer, &len) != RS_OK)
        die("rs_get");
    printf("in process: %.*s\n", (int)len, answer);

    /* And the other way round. */
    if (rs_set(session, "color", 5, "green", 5, 0) != RS_OK)
        die("rs_set");
    ask(fd, "GET color\r\n", answer, sizeof answer);
    printf("through the socket: %.*s\n", 5, strstr(answer, "\r\n") + 2);

    close(fd);
    if (rs_server_stop(server) != RS_OK)
        die("rs_server_stop");
    rs_session_close(session);
    rs_engine_close(engine);
    return 0;
}
