/* redisrs: a Redis-compatible in-memory data store in a library.
 *
 *     rs_engine *engine;
 *     rs_session *session;
 *     if (rs_engine_open(NULL, &engine) != RS_OK || rs_session_open(engine, &session) != RS_OK)
 *         return 1;
 *     rs_reply *reply = rs_command(session, "SET %s %s", "greeting", "hello");
 *     rs_reply_free(reply);
 *     rs_session_close(session);
 *     rs_engine_close(engine);
 *
 * Link with libredisrs.a (and -lpthread -ldl -lm) or with -lredisrs.
 *
 * The rules, which hold for every function:
 *
 * Handles are opaque pointers. rs_X_open, rs_X_new or rs_X_start makes one; rs_X_close, rs_X_free or
 * rs_X_stop ends it, and ending NULL is a no-op. A handle that was ended must not be used again. NULL or a
 * misaligned pointer where there must be a valid one gives RS_ERR_ARGUMENT (or NULL, or 0), not a crash.
 *
 * Data is bytes with a length and may hold any of them, NUL included; with length 0 the pointer is ignored.
 * Only a parameter of type const char * that is a name, a path or a format is a terminated string. What is
 * passed in is read during the call only.
 *
 * Outputs come last. They are written on success only, unless a function says otherwise.
 *
 * Errors are returned, as an rs_status or as NULL; rs_last_error then has the text. No function sets errno
 * to anything meaningful.
 *
 * Threads. An engine may be used by any number of threads at once. A session or a configuration belongs to one
 * thread at a time; two threads in one session at once get RS_ERR_BUSY, not a crash. Different sessions of one
 * engine run in parallel. While a handle is being ended no other thread may be in a call with it, except as
 * rs_server_stop says.
 *
 * Callbacks run in the middle of a call or in a thread of the library. From inside one, functions that take an
 * engine, a server or a session answer RS_ERR_BUSY (or NULL); the others may be called. A callback must return:
 * no longjmp out of it, no C++ exception.
 *
 * The process is the host's. The library installs no signal handler and its threads take no signals, it never
 * exits, aborts, forks, changes directory, reads the environment or writes to a standard stream. Only
 * rs_server_main, which is a whole program, does such things. After the last handle of an engine is gone so are its
 * threads, descriptors and memory. A child made by fork may only exec or exit.
 *
 * An internal error (a bug) is caught, goes to the logger, gives RS_ERR_PANIC, and its engine refuses further
 * commands; other engines go on.
 *
 * Compatibility. Functions, constants and layouts here do not change their meaning while the major version (before
 * 1.0: the minor version) stays the same; a status number is never used for something else.
 *
 * This file is generated from src/ffi/ (make header); do not edit it. */

#ifndef REDISRS_H
#define REDISRS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version --------------------------------------------------------------------------------- */

/* The version this header belongs to. */
#define RS_VERSION_MAJOR 0
#define RS_VERSION_MINOR 1
#define RS_VERSION_PATCH 0
#define RS_VERSION_NUMBER (RS_VERSION_MAJOR * 1000000 + RS_VERSION_MINOR * 1000 + RS_VERSION_PATCH)
#define RS_VERSION "0.1.0"

/* The version of the library that runs, such as "0.1.0"; compare with RS_VERSION, that of the
   header the program was compiled with. A static string. Any thread. */
const char *rs_version(void);

/* The same as a number that grows with every version: major * 1000000 + minor * 1000 + patch;
   compare with RS_VERSION_NUMBER. Any thread. */
uint32_t rs_version_number(void);

/* ---- Status codes ---------------------------------------------------------------------------- */

/* The result of a call: 0 is success, a positive number success with a remark, a negative number
   failure. A number keeps its meaning for ever. */
typedef int32_t rs_status;

#define RS_OK 0 /* Success. */
#define RS_NIL 1 /* Success, and there is nothing: no such key, no complete reply yet. */
#define RS_ERR_ARGUMENT (-1) /* An argument is NULL, negative, too large or otherwise impossible. */
#define RS_ERR_CONFIG (-2) /* A setting has an unknown name or a bad value; the text names it. */
#define RS_ERR_IO (-3) /* The operating system refused something: a file, a socket, a thread. */
#define RS_ERR_ADDR_IN_USE (-4) /* The address to listen at is taken. */
#define RS_ERR_NO_MEMORY (-5) /* Out of memory, or above maxmemory. Nothing was changed. */
#define RS_ERR_WRONG_TYPE (-6) /* The key holds another type of value. */

/* The buffer is too small; the length that is needed was written. */
#define RS_ERR_BUFFER_TOO_SMALL (-7)
#define RS_ERR_TIMEOUT (-8) /* Nothing happened in the given time. */
#define RS_ERR_CLOSED (-9) /* The session or server was closed or interrupted. */

/* Not now: session in use or in a transaction, or called from inside a callback. */
#define RS_ERR_BUSY (-10)
#define RS_ERR_COMMAND (-11) /* The command failed; the text is what a client would be told. */
#define RS_ERR_PANIC (-12) /* An internal error was caught; the engine refuses further work. */
#define RS_ERR_NOT_FOUND (-13) /* What was named does not exist. */
#define RS_ERR_EXISTS (-14) /* What was to be made exists already. */

/* The name of a status, such as "RS_ERR_TIMEOUT"; "unknown status" for a number that is none.
   The string is static. Any thread. */
const char *rs_status_name(rs_status status);

/* What went wrong in the calling thread's last call that failed: text for people, without a line
   break at its end, never NULL, empty if nothing has failed yet. Valid until the thread's next
   call of any function of this library; copy it to keep it. */
const char *rs_last_error(void);

/* ---- Handles --------------------------------------------------------------------------------- */

/* Settings for one or more engines. */
typedef struct rs_config rs_config;

/* One store: data, settings, statistics. A process may have many; they share nothing. */
typedef struct rs_engine rs_engine;

/* An engine that listens on sockets and serves them. */
typedef struct rs_server rs_server;

/* A client of an engine in the same process: selected database, transaction, name. Sessions are
   cheap; have one per thread. */
typedef struct rs_session rs_session;

/* What a command answered: see Reply. */
typedef struct rs_reply rs_reply;

/* ---- Configuration --------------------------------------------------------------------------- */

/* Receives one log message: level is 0 debug, 1 verbose, 2 notice, 3 warning; msg has len bytes
   and no line break at its end, and is valid during the call only. Called from any thread, also
   at the same time from several. Must not call functions of this library that take an engine, a
   server or a session (they answer RS_ERR_BUSY), and must not throw or longjmp. */
typedef void (*rs_log_fn)(int level, const char *msg, size_t len, void *ud);

/* Returns the time in milliseconds since 1970-01-01 UTC. Called often and from any thread, also
   at the same time from several; the same rules as for rs_log_fn. */
typedef int64_t (*rs_clock_fn)(void *ud);

/* A new configuration that holds the defaults of redis.conf, except that there is no logger:
   then nothing is logged. NULL if there is no memory. End it with rs_config_free. A
   configuration belongs to one thread at a time. */
rs_config *rs_config_new(void);

/* Ends a configuration. Engines opened with it have a copy and are not affected. NULL is a
   no-op. */
void rs_config_free(rs_config *config);

/* Sets one setting: name and value as in redis.conf, such as "maxmemory", "100mb". What this
   library adds: port may be auto for any free port (0 means no TCP at all); io-threads 0 for a
   server that the host drives with rs_server_poll.

   Returns RS_OK; RS_ERR_CONFIG for an unknown name or a bad value, which the text of
   rs_last_error names; RS_ERR_ARGUMENT if a pointer is NULL. A failed call changes nothing.

       rs_config *config = rs_config_new();
       if (rs_config_set(config, "port", "auto") != RS_OK)
           fprintf(stderr, "%s\n", rs_last_error()); */
rs_status rs_config_set(rs_config *config, const char *name, const char *value);

/* Loads a file in the syntax of redis.conf, on top of what is set already.

   Returns RS_OK; RS_ERR_CONFIG if the file cannot be read or one of its lines is wrong, then
   nothing of it is taken over and the text of rs_last_error tells the line; RS_ERR_ARGUMENT if a
   pointer is NULL. */
rs_status rs_config_load(rs_config *config, const char *path);

/* Has log messages of engines opened from now on sent to logger, with ud as its last argument;
   NULL: to nobody. What is less important than the setting loglevel is left out. ud must stay
   valid until the engines are closed.

   Returns RS_OK, or RS_ERR_ARGUMENT if config is NULL. */
rs_status rs_config_set_logger(rs_config *config, rs_log_fn logger, void *ud);

/* Has engines opened from now on ask now_ms for the time, with ud as its argument; NULL: the
   system. This time decides when keys expire; a test can move it at will. Durations are always
   measured with the system's monotonic clock. ud must stay valid until the engines are closed.

   Returns RS_OK, or RS_ERR_ARGUMENT if config is NULL. */
rs_status rs_config_set_clock(rs_config *config, rs_clock_fn now_ms, void *ud);

/* ---- Engine ---------------------------------------------------------------------------------- */

/* Opens an engine; config NULL means the defaults. The configuration is copied and may be
   changed or freed afterwards. The engine has a thread of its own for expiry and statistics; it
   listens nowhere until rs_server_start.

   Returns RS_OK and writes the engine, to be ended with rs_engine_close; RS_ERR_IO if a thread
   cannot be started; RS_ERR_ARGUMENT if out is NULL. Any thread. */
rs_status rs_engine_open(const rs_config *config, rs_engine **out);

/* Ends an engine and frees its data. Its sessions and servers should be ended before; those that
   are not go on to work, and the last of them to end takes the engine with it. When the last
   handle is gone, so are all threads and all memory of the engine. NULL is a no-op. */
void rs_engine_close(rs_engine *engine);

/* ---- Server ---------------------------------------------------------------------------------- */

/* Opens an engine, serves it until a client sends SHUTDOWN, and closes it: a whole server in one
   call, which blocks the calling thread. config NULL means the defaults: port 6379, loopback and
   all other addresses as bind says. No signal handler is installed and nothing is printed; for a
   server that can be stopped from another thread use rs_server_start.

   Returns RS_OK after a SHUTDOWN; RS_ERR_ADDR_IN_USE if the port or socket is taken; RS_ERR_IO
   if the system refuses a socket or thread; RS_ERR_CONFIG if the settings name nothing to listen
   at. */
rs_status rs_server_run(const rs_config *config);

/* Does what the program redisrs-server does with these arguments (argv[0] is its name and is
   skipped): reads a configuration file, handles SIGINT and SIGTERM, logs to standard output or a
   file, serves until it is told to stop. This is the one function that does process-wide things;
   call it only from a main that is a server and nothing else.

   Returns the exit code for main: 0 after a clean shutdown, 1 after an error, which was printed. */
int rs_server_main(int argc, char **argv);

/* Serves an engine on sockets: opens those of its settings (port, bind, unixsocket) and serves
   them in io-threads background threads, or, if io-threads is 0, whenever the host calls
   rs_server_poll. Several servers can serve one engine, each on its own port if port is auto.

   Returns RS_OK and writes the server, to be ended with rs_server_stop; RS_ERR_ADDR_IN_USE if an
   address is taken; RS_ERR_IO if the system refuses a socket or thread; RS_ERR_CONFIG if the
   settings name nothing to listen at; RS_ERR_ARGUMENT if a pointer is NULL. Any thread. */
rs_status rs_server_start(rs_engine *engine, rs_server **out);

/* The TCP port that a server listens at, which is how to learn what auto became; 0 without one,
   and for NULL. Any thread. */
uint16_t rs_server_port(const rs_server *server);

/* Waits until a client sends SHUTDOWN, timeout_ms milliseconds at most, without limit if
   negative. The server goes on to serve until rs_server_stop.

   Returns RS_OK when a shutdown was asked for; RS_ERR_TIMEOUT; RS_ERR_CLOSED if another thread
   calls rs_server_stop meanwhile; RS_ERR_BUSY from inside a callback; RS_ERR_ARGUMENT if server
   is NULL. Any thread, several at the same time. */
rs_status rs_server_wait(rs_server *server, int64_t timeout_ms);

/* Stops a server and ends its handle: accepts no more connections, finishes what was read, sends
   the replies, closes the connections, waits for its threads. The engine and its data stay.
   Calls of rs_server_wait and rs_server_poll that other threads are in return RS_ERR_CLOSED
   first. NULL is a no-op.

   Returns RS_OK; RS_ERR_BUSY from inside a callback, and then the server still runs. */
rs_status rs_server_stop(rs_server *server);

/* Does what a server opened with io-threads 0 has to do: accepts, reads, runs commands, replies,
   expires keys. Waits up to timeout_ms milliseconds for something to do, not at all if 0,
   without limit if negative.

   Returns RS_OK; RS_ERR_CLOSED after a client has sent SHUTDOWN, or while another thread stops
   the server; RS_ERR_IO if the system fails; RS_ERR_BUSY from inside a callback; RS_ERR_ARGUMENT
   if server is NULL or has threads of its own. One thread at a time drives a server.

       struct pollfd p = { rs_server_fd(server), POLLIN, 0 };
       while (poll(&p, 1, 100) >= 0 && rs_server_poll(server, 0) == RS_OK) { } */
rs_status rs_server_poll(rs_server *server, int64_t timeout_ms);

/* A descriptor for the host's own poll, epoll or kqueue: readable when rs_server_poll has
   something to do. Only to be waited for, not read or closed. Deadlines do not make it readable:
   call rs_server_poll every 100 ms in any case. -1 if the server has threads of its own, and for
   NULL. Any thread. */
int rs_server_fd(const rs_server *server);

/* ---- Session --------------------------------------------------------------------------------- */

/* Opens a session: database 0, replies as in RESP2 until HELLO 3 is sent, authenticated whatever
   requirepass says. It shows in CLIENT LIST and its commands in MONITOR.

   Returns RS_OK and writes the session, to be ended with rs_session_close; RS_ERR_BUSY from
   inside a callback; RS_ERR_ARGUMENT if a pointer is NULL. Any thread. */
rs_status rs_session_open(rs_engine *engine, rs_session **out);

/* Ends a session: discards its transaction and its watches. No other thread may be in a call
   with it. NULL is a no-op. A session that was closed from elsewhere (QUIT, CLIENT KILL) has to
   be ended all the same. */
void rs_session_close(rs_session *session);

/* Takes the next message that was sent to this session without being asked for, such as a line
   of MONITOR: waits up to timeout_ms milliseconds for one, not at all if 0, without limit if
   negative. Messages that are not taken pile up to client-output-buffer-limit, then the session
   is closed.

   Returns RS_OK and writes the message, to be freed with rs_reply_free; RS_ERR_TIMEOUT;
   RS_ERR_CLOSED after rs_session_interrupt, or when the session was closed and all messages are
   taken; RS_ERR_NO_MEMORY; RS_ERR_BUSY if another thread uses the session or the call comes from
   inside a callback; RS_ERR_ARGUMENT if a pointer is NULL. */
rs_status rs_session_next_push(rs_session *session, int64_t timeout_ms, rs_reply **out);

/* Ends the wait that another thread is in with this session, or, if it is in none, its next one:
   rs_session_next_push returns RS_ERR_CLOSED, and the reply of a command that waits (BLPOP) is
   an error that begins with that word. The session stays usable. The one function that may be
   called while another thread uses the session; also from a callback and, since it takes a lock,
   not from a signal handler.

   Returns RS_OK, or RS_ERR_ARGUMENT if session is NULL. */
rs_status rs_session_interrupt(rs_session *session);

/* ---- Reply ----------------------------------------------------------------------------------- */

#define RS_REPLY_STRING 1 /* str: the string. */
#define RS_REPLY_ARRAY 2 /* element: the values. */
#define RS_REPLY_INTEGER 3 /* integer: the value. */
#define RS_REPLY_NIL 4 /* Nothing. */
#define RS_REPLY_STATUS 5 /* str: a short text such as "OK". */
#define RS_REPLY_ERROR 6 /* str: the error; its first word is its code. */
#define RS_REPLY_DOUBLE 7 /* dval: the value; str: its text. After HELLO 3 only. */
#define RS_REPLY_BOOL 8 /* integer: 0 or 1. After HELLO 3 only. */
#define RS_REPLY_MAP 9 /* element: key, value, key, value ... After HELLO 3 only. */
#define RS_REPLY_SET 10 /* element: the members. After HELLO 3 only. */

/* element: key, value ... about the value behind it. Not in replies to commands. */
#define RS_REPLY_ATTR 11
#define RS_REPLY_PUSH 12 /* element: a message that answers no command. After HELLO 3 only. */
#define RS_REPLY_BIGNUM 13 /* str: the digits of an integer of any size. After HELLO 3 only. */
#define RS_REPLY_VERB 14 /* str: a text; vtype: its format, "txt" or "mkd". After HELLO 3 only. */

/* A reply, in the layout of hiredis's redisReply. Fields that its type does not use are 0 or
   NULL. Read only. Every reply, with all that hangs off it, is one block of memory and freed by
   one rs_reply_free of its root. */
struct rs_reply {
    int type; /* One of the RS_REPLY_ constants. */
    long long integer; /* The value of an integer or a boolean. */
    double dval; /* The value of a double. */
    size_t len; /* Length of str. */
    char *str; /* The text or data, which may hold any bytes; a NUL follows it. */
    char vtype[4]; /* Format of a verbatim text: three characters and a NUL. */
    size_t elements; /* How many elements. */
    rs_reply **element; /* The elements. */
};

/* Frees a reply. NULL is a no-op; so is an element of a reply, which is freed with its root. Any
   thread. */
void rs_reply_free(rs_reply *reply);

/* The layout is part of the interface. */
#if SIZE_MAX > 0xffffffffu
typedef char rs_reply_has_64_bytes[sizeof(rs_reply) == 64 ? 1 : -1];
typedef char rs_reply_str_at_32[offsetof(rs_reply, str) == 32 ? 1 : -1];
typedef char rs_reply_element_at_56[offsetof(rs_reply, element) == 56 ? 1 : -1];
#endif

/* ---- Commands -------------------------------------------------------------------------------- */

/* Runs one command given as a format, as hiredis does:

       rs_command(session, "SET %s %b EX %d", "key", data, len, 60);

   Spaces in the format separate arguments; a conversion never does, whatever it inserts, and text that
   touches it belongs to the same argument ("user:%d"). Conversions: %s a terminated string; %b a pointer and a
   size_t; %d %i %u %x %o with the lengths hh, h, l, ll, z, j, t, and %f %e %g %a, with printf's flags, width and
   precision, always with a decimal point; %% a percent sign. Never pass data as the format.

   Returns as rs_command_argv; NULL also for an unknown conversion or a format without a command. */
rs_reply *rs_command(rs_session *session, const char *format, ...);

/* The same for a va_list, which is not changed. */
rs_reply *rs_vcommand(rs_session *session, const char *format, va_list ap);

/* Runs one command given as argc arguments, the name first; argvlen NULL means that all are
   terminated strings. Keys and values may hold any bytes.

       const char *argv[] = { "SET", "key", "value" };
       rs_reply *reply = rs_command_argv(session, 3, argv, NULL);
       if (reply != NULL && reply->type == RS_REPLY_ERROR)
           fprintf(stderr, "%s\n", reply->str);
       rs_reply_free(reply);

   A command that waits (BLPOP) blocks the calling thread until it is served or its time is over;
   rs_session_interrupt ends that.

   Returns the reply, to be freed with rs_reply_free. A command that fails is a reply too, of
   type RS_REPLY_ERROR; one that was told to be silent (CLIENT REPLY) is nil. NULL, with a text
   in rs_last_error, only if a pointer is NULL, argc is not positive, the session is closed or
   used by another thread, the call comes from inside a callback, there is no memory, or an
   internal error was caught. */
rs_reply *rs_command_argv(rs_session *session, int argc, const char **argv, const size_t *argvlen);

/* Runs n commands, command i given by argc[i], argv[i] and argvlen[i] as for rs_command_argv
   (argvlen NULL, or one of its elements NULL: terminated strings). They run in order, as if
   given one by one, but what they need is fetched from memory together, which is faster when
   there is much data. The batch is no transaction.

   Returns RS_OK and writes n replies, each to be freed with rs_reply_free. RS_ERR_ARGUMENT if a
   pointer is NULL or a count is not positive: then no command has run. RS_ERR_NO_MEMORY if there
   was no memory for a reply, RS_ERR_PANIC: then commands may have run, and nothing is written.
   RS_ERR_BUSY, RS_ERR_CLOSED as for any session. n 0 is a no-op. */
rs_status rs_command_batch(rs_session *session, size_t n, const int *argc, const char ***argv,
                           const size_t **argvlen, rs_reply **out);

/* ---- Typed calls ----------------------------------------------------------------------------- */

/* Receives a value: len bytes at val, valid during the call only. Runs while a part of the store
   is locked: be brief, call no function of this library that takes an engine, a server or a
   session (they answer RS_ERR_BUSY), do not wait for a thread that does, and do not throw or
   longjmp. */
typedef void (*rs_value_fn)(const void *val, size_t len, void *ud);

/* Some bytes of the host: len of them at data, which is ignored if len is 0. */
typedef struct rs_slice {
    const void *data;
    size_t len;
} rs_slice;

/* Receives value i of several; val is NULL if key i is missing or holds no string. The rules of
   rs_value_fn. */
typedef void (*rs_value_at_fn)(size_t i, const void *val, size_t len, void *ud);

/* GET: copies the value of a key into buf, which has room for cap bytes, and writes its length
   to len.

   Returns RS_OK; RS_NIL if there is no such key; RS_ERR_WRONG_TYPE if it holds no string;
   RS_ERR_BUFFER_TOO_SMALL if cap is less than the value's length, which is written to len all
   the same: enlarge and try again. As for every typed call: RS_ERR_BUSY if another thread uses
   the session, it has a transaction open, or the call comes from inside a callback;
   RS_ERR_CLOSED if the session was closed; RS_ERR_PANIC after an internal error; RS_ERR_ARGUMENT
   if a pointer is NULL that must not be.

       char buf[64];
       size_t len;
       if (rs_get(session, "key", 3, buf, sizeof buf, &len) == RS_OK)
           fwrite(buf, 1, len, stdout); */
rs_status rs_get(rs_session *session, const void *key, size_t klen, void *buf, size_t cap,
                 size_t *len);

/* GET without a copy: calls f with the value, in the store's own memory, and with ud.

   Returns RS_OK after f was called; RS_NIL, RS_ERR_WRONG_TYPE without it; else as rs_get. */
rs_status rs_get_with(rs_session *session, const void *key, size_t klen, rs_value_fn f, void *ud);

/* SET: stores a value, whatever the key held before. ttl_ms 0: it has no time to live, and loses
   one it had; else the milliseconds after which it is gone.

   Returns RS_OK; RS_ERR_COMMAND if ttl_ms is negative or too large; RS_ERR_NO_MEMORY, also above
   maxmemory; else as rs_get. A failed call changes nothing. */
rs_status rs_set(rs_session *session, const void *key, size_t klen, const void *val, size_t vlen,
                 int64_t ttl_ms);

/* DEL: removes a key of any type.

   Returns RS_OK if there was one, RS_NIL if not; else as rs_get. */
rs_status rs_del(rs_session *session, const void *key, size_t klen);

/* EXISTS: whether there is a key, of any type.

   Returns RS_OK if there is, RS_NIL if not; else as rs_get. */
rs_status rs_exists(rs_session *session, const void *key, size_t klen);

/* INCRBY: adds by to the integer that a key holds, 0 if there is no such key, and writes the sum
   to out, unless that is NULL.

   Returns RS_OK; RS_ERR_COMMAND if the value is no integer or the sum overflows;
   RS_ERR_WRONG_TYPE; RS_ERR_NO_MEMORY; else as rs_get. A failed call changes nothing. */
rs_status rs_incr_by(rs_session *session, const void *key, size_t klen, int64_t by, int64_t *out);

/* PEXPIRE: gives a key ttl_ms milliseconds to live from now; 0 or less removes it.

   Returns RS_OK; RS_NIL if there is no such key; RS_ERR_COMMAND if ttl_ms is too large;
   RS_ERR_NO_MEMORY; else as rs_get. */
rs_status rs_expire(rs_session *session, const void *key, size_t klen, int64_t ttl_ms);

/* PTTL: writes the milliseconds that a key has to live to ms, -1 if it lives for ever.

   Returns RS_OK; RS_NIL if there is no such key; else as rs_get. */
rs_status rs_ttl(rs_session *session, const void *key, size_t klen, int64_t *ms);

/* GET of n keys without copies: calls f once for each key, in order, with its index, its value
   or NULL, and ud. What the keys need is fetched from memory together, which is faster than one
   by one when there is much data. Each key is read atomically, all of them together are not: for
   that there is MGET.

   Returns RS_OK after n calls of f; else as rs_get, without any. */
rs_status rs_get_many(rs_session *session, size_t n, const rs_slice *keys, rs_value_at_fn f,
                      void *ud);

/* SET of n keys, without times to live, in order. Each is stored atomically, all of them
   together are not: for that there is MSET.

   Returns RS_OK; RS_ERR_NO_MEMORY, also above maxmemory, and then the keys before the one that
   failed are stored; else as rs_get. */
rs_status rs_set_many(rs_session *session, size_t n, const rs_slice *keys, const rs_slice *vals);

#ifdef __cplusplus
}
#endif

#endif /* REDISRS_H */
