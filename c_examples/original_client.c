/* A client of the length-prefixed protocol of the original project and its book ("Build Your Own Redis").
 *
 *     original_client [-h HOST] [-p PORT] [-t] COMMAND ARGUMENT ...    one command
 *     original_client [-h HOST] [-p PORT] [-t]                         one command per line of standard input
 *
 * -t: the server answers with types (original-replies typed). It needs nothing of redisrs: it is here to show the wire.
 *
 *     request:  u32 length of what follows · u32 number of strings · for each: u32 length, bytes
 *     reply:    u32 length of what follows · u32 status · data        (original-replies status)
 *               u32 length of what follows · tag and value            (original-replies typed)
 *
 * All numbers are little-endian. */
#include <inttypes.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TAG_NIL = 0, TAG_ERR = 1, TAG_STR = 2, TAG_INT = 3, TAG_DBL = 4, TAG_ARR = 5 };
enum { MESSAGE_MAX = 32 << 20, STRINGS_MAX = 1024 };

static void die(const char *text)
{
    fprintf(stderr, "%s\n", text);
    exit(1);
}

static void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_le(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

static void write_all(int fd, const unsigned char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n <= 0)
            die("write() error");
        bytes += n;
        len -= (size_t)n;
    }
}

/* Reads exactly `len` bytes. */
static void read_all(int fd, unsigned char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, bytes, len);
        if (n <= 0)
            die(n == 0 ? "EOF" : "read() error");
        bytes += n;
        len -= (size_t)n;
    }
}

static void send_request(int fd, int count, char **strings)
{
    size_t len = 4;
    for (int i = 0; i < count; i++)
        len += 4 + strlen(strings[i]);
    if (len > MESSAGE_MAX)
        die("too long");
    unsigned char *message = malloc(4 + len);
    if (message == NULL)
        die("no memory");
    put_u32(message, (uint32_t)len);
    put_u32(message + 4, (uint32_t)count);
    unsigned char *at = message + 8;
    for (int i = 0; i < count; i++) {
        uint32_t n = (uint32_t)strlen(strings[i]);
        put_u32(at, n);
        memcpy(at + 4, strings[i], n);
        at += 4 + n;
    }
    write_all(fd, message, 4 + len);
    free(message);
}

static void need(size_t len, size_t at_least)
{
    if (len < at_least)
        die("bad response");
}

/* Prints one typed value; returns how many bytes it took. */
static size_t print_value(const unsigned char *data, size_t len)
{
    need(len, 1);
    switch (data[0]) {
    case TAG_NIL:
        printf("(nil)\n");
        return 1;
    case TAG_ERR: {
        need(len, 9);
        uint32_t n = (uint32_t)get_le(data + 5, 4);
        need(len, 9 + (size_t)n);
        printf("(err) %" PRId32 " %.*s\n", (int32_t)get_le(data + 1, 4), (int)n, (const char *)data + 9);
        return 9 + n;
    }
    case TAG_STR: {
        need(len, 5);
        uint32_t n = (uint32_t)get_le(data + 1, 4);
        need(len, 5 + (size_t)n);
        printf("(str) %.*s\n", (int)n, (const char *)data + 5);
        return 5 + n;
    }
    case TAG_INT:
        need(len, 9);
        printf("(int) %" PRId64 "\n", (int64_t)get_le(data + 1, 8));
        return 9;
    case TAG_DBL: {
        need(len, 9);
        uint64_t bits = get_le(data + 1, 8);
        double value;
        memcpy(&value, &bits, sizeof value);
        printf("(dbl) %g\n", value);
        return 9;
    }
    case TAG_ARR: {
        need(len, 5);
        uint32_t n = (uint32_t)get_le(data + 1, 4);
        printf("(arr) len=%" PRIu32 "\n", n);
        size_t used = 5;
        for (uint32_t i = 0; i < n; i++)
            used += print_value(data + used, len - used);
        printf("(arr) end\n");
        return used;
    }
    default:
        die("bad response");
        return 0;
    }
}

static void receive_reply(int fd, int is_typed)
{
    unsigned char header[4];
    read_all(fd, header, 4);
    uint32_t len = (uint32_t)get_le(header, 4);
    if (len > MESSAGE_MAX)
        die("too long");
    unsigned char *data = malloc(len > 0 ? len : 1);
    if (data == NULL)
        die("no memory");
    read_all(fd, data, len);
    if (is_typed) {
        if (print_value(data, len) != len)
            die("bad response");
    } else {
        need(len, 4);
        printf("server says: [%" PRIu32 "] %.*s\n", (uint32_t)get_le(data, 4), (int)len - 4, (const char *)data + 4);
    }
    free(data);
}

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints, *list;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &list) != 0)
        die("cannot resolve the host");
    int fd = -1;
    for (struct addrinfo *it = list; it != NULL && fd < 0; it = it->ai_next) {
        fd = socket(it->ai_family, it->ai_socktype, it->ai_protocol);
        if (fd >= 0 && connect(fd, it->ai_addr, it->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0)
        die("connect() error");
    return fd;
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1", *port = "8963";
    int is_typed = 0, option;
    while ((option = getopt(argc, argv, "+h:p:t")) != -1) {
        if (option == 'h')
            host = optarg;
        else if (option == 'p')
            port = optarg;
        else if (option == 't')
            is_typed = 1;
        else
            die("usage: original_client [-h HOST] [-p PORT] [-t] [COMMAND ARGUMENT ...]");
    }
    int fd = connect_to(host, port);
    if (optind < argc) {
        send_request(fd, argc - optind, argv + optind);
        receive_reply(fd, is_typed);
    } else {
        char line[4096];
        while (fgets(line, sizeof line, stdin) != NULL) {
            char *strings[STRINGS_MAX];
            int count = 0;
            for (char *word = strtok(line, " \t\r\n"); word != NULL && count < STRINGS_MAX; word = strtok(NULL, " \t\r\n"))
                strings[count++] = word;
            if (count == 0)
                continue;
            send_request(fd, count, strings);
            receive_reply(fd, is_typed);
            fflush(stdout);
        }
    }
    close(fd);
    return 0;
}
