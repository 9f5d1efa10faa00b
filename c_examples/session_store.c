/* Sessions of a web server: who is logged in is kept in the store, under a random number that the browser has as a cookie,
 * and forgotten half an hour after the last request. GNU libmicrohttpd speaks HTTP.
 *
 *     GET /login?user=NAME    begins a session
 *     GET /                   greets the user; 401 without a session
 *     GET /logout             ends the session
 *
 * The program drives its own server as a browser would and looks at what it answers. It lets time pass by having the
 * engine ask it for the time. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ID_LEN = 32, NAME_MAX_LEN = 64 };

static const int64_t IDLE_MS = 30 * 60 * 1000;

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, rs_last_error());
    exit(1);
}

/* ---- The sessions ---- */

/* Nobody must be able to guess it. */
static void random_id(char id[ID_LEN + 1])
{
    unsigned char bytes[ID_LEN / 2];
    int fd = open("/dev/urandom", O_RDONLY);
    if (fd < 0 || read(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes)
        die("/dev/urandom");
    close(fd);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

static size_t key_of(const char *id, char key[16 + ID_LEN])
{
    return (size_t)snprintf(key, 16 + ID_LEN, "session:%.*s", ID_LEN, id);
}

static rs_status begin(rs_session *store, const char *user, char id[ID_LEN + 1])
{
    char key[16 + ID_LEN];
    random_id(id);
    size_t klen = key_of(id, key);
    return rs_set(store, key, klen, user, strlen(user), IDLE_MS);
}

/* The user of a session, which then lives for another half an hour; RS_NIL if there is none. */
static rs_status find(rs_session *store, const char *id, char user[NAME_MAX_LEN + 1])
{
    char key[16 + ID_LEN];
    size_t klen = key_of(id, key), len;
    rs_status status = rs_get(store, key, klen, user, NAME_MAX_LEN, &len);
    if (status != RS_OK)
        return status;
    user[len] = '\0';
    return rs_expire(store, key, klen, IDLE_MS);
}

static void end(rs_session *store, const char *id)
{
    char key[16 + ID_LEN];
    size_t klen = key_of(id, key);
    rs_del(store, key, klen);
}

/* ---- The web server ---- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *text, const char *cookie)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    if (cookie != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* Called by the one thread of MHD, to which `store` belongs. */
static enum MHD_Result handle(void *store, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *len, void **of_request)
{
    char text[128], user[NAME_MAX_LEN + 1];
    (void)version, (void)data, (void)len, (void)of_request;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n", NULL);
    if (strcmp(url, "/login") == 0) {
        const char *name = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "user");
        char id[ID_LEN + 1];
        if (name == NULL || strlen(name) > NAME_MAX_LEN)
            return answer(connection, MHD_HTTP_BAD_REQUEST, "who?\n", NULL);
        if (begin(store, name, id) != RS_OK)
            return answer(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "later\n", NULL);
        snprintf(text, sizeof text, "id=%s; HttpOnly; SameSite=Strict", id);
        return answer(connection, MHD_HTTP_OK, "welcome\n", text);
    }
    const char *id = MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, "id");
    if (id == NULL || find(store, id, user) != RS_OK)
        return answer(connection, MHD_HTTP_UNAUTHORIZED, "log in first\n", NULL);
    if (strcmp(url, "/logout") == 0) {
        end(store, id);
        return answer(connection, MHD_HTTP_OK, "bye\n", "id=; Max-Age=0");
    }
    snprintf(text, sizeof text, "hello, %s\n", user);
    return answer(connection, MHD_HTTP_OK, text, NULL);
}

/* ---- The browser ---- */

/* Prints the status and the text of what the server answers; keeps the cookie. */
static void get(uint16_t port, const char *path, char cookie[ID_LEN + 1])
{
    struct sockaddr_in address;
    char message[2048];
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    int n = snprintf(message, sizeof message, "GET %s HTTP/1.1\r\nHost: here\r\nCookie: id=%s\r\nConnection: close\r\n\r\n",
                     path, cookie);
    if (write(fd, message, (size_t)n) != n)
        die("write");
    size_t len = 0;
    ssize_t got;
    while (len < sizeof message - 1 && (got = read(fd, message + len, sizeof message - 1 - len)) > 0)
        len += (size_t)got;
    message[len] = '\0';
    close(fd);
    char *text = strstr(message, "\r\n\r\n"), *given = strstr(message, "Set-Cookie: id=");
    if (text == NULL || strlen(message) < 12)
        die("no answer");
    if (given != NULL && given[strlen("Set-Cookie: id=")] != ';')
        memcpy(cookie, given + strlen("Set-Cookie: id="), ID_LEN);
    printf("%-18s %.3s %s", path, message + 9, text + 4);
}

/* ---- Both together ---- */

static int64_t now_ms = 1700000000000;

static int64_t clock_ms(void *ud)
{
    (void)ud;
    return __atomic_load_n(&now_ms, __ATOMIC_RELAXED);
}

static void pass_minutes(int minutes)
{
    __atomic_fetch_add(&now_ms, (int64_t)minutes * 60 * 1000, __ATOMIC_RELAXED);
    printf("%d minutes later\n", minutes);
}

int main(void)
{
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_session *store = NULL;
    if (rs_config_set_clock(config, clock_ms, NULL) != RS_OK)
        die("rs_config_set_clock");
    if (rs_engine_open(config, &engine) != RS_OK || rs_session_open(engine, &store) != RS_OK)
        die("rs_engine_open");
    rs_config_free(config);

    struct sockaddr_in loopback; /* Port 0: any that is free. */
    memset(&loopback, 0, sizeof loopback);
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct MHD_Daemon *web = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, store,
                                              MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&loopback, MHD_OPTION_END);
    const union MHD_DaemonInfo *info = web == NULL ? NULL : MHD_get_daemon_info(web, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL)
        die("MHD_start_daemon");
    uint16_t port = info->port;

    char cookie[ID_LEN + 1] = "";
    get(port, "/", cookie);
    get(port, "/login?user=ann", cookie);
    get(port, "/", cookie);
    pass_minutes(20);
    get(port, "/", cookie);
    pass_minutes(20); /* 40 since the login, but 20 since the last request. */
    get(port, "/", cookie);
    pass_minutes(31);
    get(port, "/", cookie);
    get(port, "/login?user=bob", cookie);
    get(port, "/logout", cookie);
    get(port, "/", cookie);

    MHD_stop_daemon(web);
    rs_session_close(store);
    rs_engine_close(engine);
    return 0;
}
