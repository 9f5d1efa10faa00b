/* Runs a program that is a server, asks it a few things through a unix socket, and shuts it down:
 *
 *     run_server SOCKET PROGRAM ARGUMENT...
 *
 * Exits 0 if the answers were right and the program ended with 0. */
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(const char *text)
{
    fprintf(stderr, "run_server: %s\n", text);
    return 1;
}

static int ask(int fd, const char *command, const char *expected)
{
    char answer[256];
    size_t len = 0, want = strlen(expected);
    if (write(fd, command, strlen(command)) != (ssize_t)strlen(command))
        return failed(command);
    while (len < want) {
        ssize_t n = read(fd, answer + len, sizeof answer - len);
        if (n <= 0)
            return failed(command);
        len += (size_t)n;
    }
    return memcmp(answer, expected, want) == 0 ? 0 : failed(command);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path)
        return failed("usage");
    memcpy(address.sun_path, argv[1], strlen(argv[1]) + 1);
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(98);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), result = 1;
    for (int tries = 0; tries < 600 && result != 0; tries++) {
        result = connect(fd, (struct sockaddr *)&address, sizeof address);
        if (result != 0)
            usleep(50000);
    }
    if (result != 0)
        return failed("the server does not listen");
    result = ask(fd, "SET a 1\r\nINCR a\r\n", "+OK\r\n:2\r\n");
    if (write(fd, "SHUTDOWN NOSAVE\r\n", 17) != 17)
        result = failed("SHUTDOWN");
    int status = -1;
    waitpid(child, &status, 0);
    close(fd);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return failed("the server did not end with 0");
    return result;
}
