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
 * Link with what pkg-config --libs redisrs says, or with libredisrs.a and -lpthread -ldl -lm. The guide that goes with
 * this reference, with programs to start from, is docs/c-guide.md.
 *
 * The rules, which hold for every function:
 *
 * Handles are opaque pointers. rs_X_open, rs_X_new or rs_X_start makes one; rs_X_close, rs_X_free or
 * rs_X_stop ends it, and ending NULL is a no-op. A handle that was ended must not be used again; a debug build
 * of the library notices and answers RS_ERR_CLOSED. NULL or a misaligned pointer where there must be a valid
 * one gives RS_ERR_ARGUMENT (or NULL, or 0), not a crash.
 *
 * Data is bytes with a length and may hold any of them, NUL included; with length 0 the pointer is ignored.
 * Only a parameter of type const char * that is a name, a path or a format is a terminated string. What is
 * passed in is read during the call only.
 *
 * Outputs come last. They are written on success only, unless a function says otherwise.
 *
 * Errors are returned, as an rs_status or as NULL; rs_last_error then has the text. No function sets errno
 * to anything meaningful. Each function lists what it returns; three codes mean the same everywhere and are not always
 * repeated: RS_ERR_ARGUMENT for a mistake in the arguments, RS_ERR_BUSY from inside a callback, RS_ERR_PANIC for a mistake of
 * the library.
 *
 * Threads. An engine may be used by any number of threads at once. A session or a configuration belongs to one
 * thread at a time; two threads in one session at once get RS_ERR_BUSY, not a crash. Different sessions of one
 * engine run in parallel. While a handle is being ended no other thread may be in a call with it, except as
 * rs_server_stop says.
 *
 * Callbacks run in the middle of a call or in a thread of the library. From inside one, functions that take an
 * engine, a server or a session answer RS_ERR_BUSY (or NULL), unless the type of the callback says otherwise; the
 * others may be called. A callback must return: no longjmp out of it, no C++ exception.
 *
 * The process is the host's. The library installs no signal handler and its threads take no signals, it never
 * exits, aborts, forks, changes directory, reads the environment or writes to a standard stream. Only
 * rs_server_main, which is a whole program, does such things. After the last handle of an engine is gone so are its
 * threads, descriptors and memory. A child made by fork may only exec, exit, or end handles, which there does
 * nothing: descriptors are closed by exec, and nothing of the parent is disturbed. Signals that arrive in a thread
 * of the host do no harm; only rs_server_poll may return earlier than it was told to.
 *
 * Memory that the system refuses is a failure of the call that needed it: RS_ERR_NO_MEMORY, NULL, or an error reply. Every
 * value is then as it was or as the call makes it, none in between; a call for many keys or members may have done the
 * first of them, and if only the reply found no room, the command has run. The few requests that are not covered, and
 * abort the process if they are refused, are in the guide, "When memory runs out".
 *
 * An internal error (a bug) is caught, goes to the logger and gives RS_ERR_PANIC, in a server an error reply before
 * the connection is closed. The keys that the call had locked may be damaged, with others that hash near them:
 * commands that use them are refused (RS_ERR_PANIC), and so are those that look at all keys (KEYS, SCAN, DBSIZE,
 * FLUSHDB ...), until FLUSHALL starts afresh. All other keys, and all other engines, are served as before.
 *
 * Compatibility. Functions, constants and layouts here do not change their meaning while the major version (before
 * 1.0: the minor version) stays the same; a status number is never used for something else.
 *
 * This file is generated from src/ffi/ (make header); do not edit it. */

#ifndef REDISRS_H
#define REDISRS_H

#include <stdarg.h>
#include <stdbool.h>
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
#define RS_ERR_NO_MEMORY (-5) /* Out of memory, or above maxmemory. */
#define RS_ERR_WRONG_TYPE (-6) /* The key holds another type of value. */

/* The buffer is too small; the length that is needed was written. */
#define RS_ERR_BUFFER_TOO_SMALL (-7)
#define RS_ERR_TIMEOUT (-8) /* Nothing happened in the given time. */
#define RS_ERR_CLOSED (-9) /* The session or server was closed or interrupted. */

/* Not now: session in use or in a transaction, or called from inside a callback. */
#define RS_ERR_BUSY (-10)
#define RS_ERR_COMMAND (-11) /* The command failed; the text is what a client would be told. */

/* An internal error was caught, now or earlier: the keys it had locked are not served. */
#define RS_ERR_PANIC (-12)
#define RS_ERR_NOT_FOUND (-13) /* What was named does not exist. */
#define RS_ERR_EXISTS (-14) /* What was to be made exists already. */
#define RS_ERR_PROTOCOL (-15) /* The bytes are not what the protocol allows. */

/* The name of a status, such as "RS_ERR_TIMEOUT"; "unknown status" for a number that is none.
   The string is static. Any thread. */
const char *rs_status_name(rs_status status);

/* What went wrong in the calling thread's last call that failed: text for people, without a line
   break at its end, never NULL, empty if nothing has failed yet. Valid until the thread's next
   call of any function of this library; copy it to keep it. */
const char *rs_last_error(void);

/* The code of the calling thread's last call that failed, whose text is in rs_last_error: why a
   function that returns a pointer has returned NULL. RS_OK if nothing has failed yet.

       rs_reply *reply = rs_command(session, "BLPOP queue 0");
       if (reply == NULL && rs_last_status() == RS_ERR_CLOSED)
           return; */
rs_status rs_last_status(void);

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

/* A running call of a command of the host: see there. */
typedef struct rs_call rs_call;

/* Makes replies of bytes. */
typedef struct rs_reader rs_reader;

/* Makes requests of bytes. */
typedef struct rs_request_reader rs_request_reader;

/* Waits for descriptors and times, and calls functions. */
typedef struct rs_loop rs_loop;

/* Threads that run functions. */
typedef struct rs_pool rs_pool;

/* A node of a hash map: see Hash map. */
typedef struct rs_hnode rs_hnode;

/* A node of a tree: see AVL tree. */
typedef struct rs_avl_node rs_avl_node;

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
   then nothing is logged (logfile is for rs_server_main). End it with rs_config_free. A
   configuration belongs to one thread at a time.

   Returns the configuration, or NULL if there is no memory. Any thread. */
rs_config *rs_config_new(void);

/* Ends a configuration. Engines opened with it have a copy and are not affected. NULL is a
   no-op. */
void rs_config_free(rs_config *config);

/* Sets one setting: name and value as in redis.conf, such as "maxmemory", "100mb"; what takes
   several values there takes them here with spaces between, in one string ("bind", "127.0.0.1
   ::1"). Setting a name again replaces its value. What this library adds: port may be auto for
   any free port (0 means no TCP at all); io-threads 0 for a server that the host drives with
   rs_server_poll.

   Returns RS_OK; RS_ERR_CONFIG for an unknown name or a bad value, which the text of
   rs_last_error names; RS_ERR_NO_MEMORY; RS_ERR_ARGUMENT if a pointer is NULL. A failed call
   changes nothing. A setting that this version knows but does not act on takes its default only,
   so nothing is accepted and then ignored.

       rs_config *config = rs_config_new();
       if (rs_config_set(config, "port", "auto") != RS_OK)
           fprintf(stderr, "%s\n", rs_last_error()); */
rs_status rs_config_set(rs_config *config, const char *name, const char *value);

/* Loads a file in the syntax of redis.conf, on top of what is set already. Names and values are
   those of rs_config_set, port auto among them.

   Returns RS_OK; RS_ERR_CONFIG if the file cannot be read or one of its lines is wrong, then
   nothing of it is taken over and the text of rs_last_error tells the line; RS_ERR_NO_MEMORY;
   RS_ERR_ARGUMENT if a pointer is NULL. */
rs_status rs_config_load(rs_config *config, const char *path);

/* Has log messages of engines opened from now on sent to logger, with ud as its last argument;
   NULL: to nobody. They tell what goes wrong (warning), that a server starts or stops (notice),
   what connects and leaves (verbose). What is less important than the setting loglevel is left
   out. ud must stay valid until the engines are closed.

   Returns RS_OK, or RS_ERR_ARGUMENT if config is NULL. */
rs_status rs_config_set_logger(rs_config *config, rs_log_fn logger, void *ud);

/* Has engines opened from now on ask now_ms for the time, with ud as its argument; NULL: the
   system. This time decides when keys expire, when commands that wait (BLPOP) have waited long
   enough and when idle clients are closed; a test can move it at will, backwards too, and while
   it stands still none of that happens. A negative time is taken for 0, one beyond the year
   6,428 for the end of that. How long functions of this library wait (timeout_ms), and what
   SLOWLOG tells, goes by the system's monotonic clock. ud must stay valid until the engines are
   closed.

   Returns RS_OK, or RS_ERR_ARGUMENT if config is NULL. */
rs_status rs_config_set_clock(rs_config *config, rs_clock_fn now_ms, void *ud);

/* ---- Engine ---------------------------------------------------------------------------------- */

/* Opens an engine; config NULL means the defaults. The configuration is copied and may be
   changed or freed afterwards. The engine has a thread of its own for expiry and statistics, and
   another from the first large value on that is to be freed; it listens nowhere until
   rs_server_start.

   Returns RS_OK and writes the engine, to be ended with rs_engine_close; RS_ERR_CONFIG if a
   rename-command renames what is no command, or to a name that is taken; RS_ERR_IO if a thread
   cannot be started; RS_ERR_NO_MEMORY; RS_ERR_BUSY from inside a callback; RS_ERR_ARGUMENT if
   out is NULL. Any thread, any number of engines. */
rs_status rs_engine_open(const rs_config *config, rs_engine **out);

/* Ends an engine and frees its data. Its sessions and servers should be ended before; those that
   are not go on to work, and the last of them to end takes the engine with it. When the last
   handle is gone, so are all threads and all memory of the engine, and the call has waited for
   that. NULL is a no-op; a call from inside a callback does nothing but note a text for
   rs_last_error. Any thread. */
void rs_engine_close(rs_engine *engine);

/* ---- Server ---------------------------------------------------------------------------------- */

/* Opens an engine, serves it until a client sends SHUTDOWN, and closes it: a whole server in one
   call, which blocks the calling thread. config NULL means the defaults: port 6379 at every
   address, where protected-mode turns other machines away until there is a password. No signal
   handler is installed and nothing is printed; for a server that can be stopped from another
   thread use rs_server_start.

   Returns RS_OK after a SHUTDOWN; RS_ERR_ADDR_IN_USE if the port or socket is taken; RS_ERR_IO
   if the system refuses a socket or thread; RS_ERR_NO_MEMORY; RS_ERR_CONFIG if the settings name
   nothing to listen at, or a rename-command cannot be followed; RS_ERR_BUSY from inside a
   callback. Any thread.

       rs_config *config = rs_config_new();
       if (rs_config_load(config, "redis.conf") != RS_OK || rs_server_run(config) != RS_OK)
           fprintf(stderr, "%s\n", rs_last_error());
       rs_config_free(config); */
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
   address is taken; RS_ERR_IO if the system refuses a socket or thread; RS_ERR_NO_MEMORY;
   RS_ERR_CONFIG if the settings name nothing to listen at; RS_ERR_BUSY from inside a callback;
   RS_ERR_ARGUMENT if a pointer is NULL. Any thread.

       rs_server *server;
       if (rs_server_start(engine, &server) == RS_OK) {
           printf("port %u\n", (unsigned)rs_server_port(server));
           rs_server_wait(server, -1);
           rs_server_stop(server);
       } */
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
   the replies (to clients that take them within 200 ms, for 5 seconds at most), closes the
   connections, waits for its threads. The engine and its data stay, and can be served again.
   Calls of rs_server_wait and rs_server_poll that other threads are in return RS_ERR_CLOSED
   first. NULL is a no-op.

   Returns RS_OK; RS_ERR_BUSY from inside a callback, and then the server still runs. Any thread
   that is not in another call with this server. */
rs_status rs_server_stop(rs_server *server);

/* Does what a server opened with io-threads 0 has to do: accepts, reads, runs commands, replies,
   expires keys. Waits up to timeout_ms milliseconds for something to do, not at all if 0,
   without limit if negative.

   Returns RS_OK; RS_ERR_CLOSED after a client has sent SHUTDOWN, or while another thread stops
   the server; RS_ERR_IO if the system fails; RS_ERR_BUSY from inside a callback; RS_ERR_ARGUMENT
   if server is NULL or has threads of its own. One thread at a time drives a server.

       struct pollfd p = { rs_server_fd(server), POLLIN, 0 };
       while (poll(&p, 1, -1) >= 0 && rs_server_poll(server, 0) == RS_OK) { } */
rs_status rs_server_poll(rs_server *server, int64_t timeout_ms);

/* A descriptor for the host's own poll, epoll or kqueue: readable when rs_server_poll has
   something to do, whether a client has sent something, a key expires, the wait of a blocked
   client is over, or SHUTDOWN was sent. Only to be waited for, not read or closed. -1 if the
   server has threads of its own, and for NULL. Any thread. */
int rs_server_fd(const rs_server *server);

/* ---- Session --------------------------------------------------------------------------------- */

/* Opens a session: database 0, replies as in RESP2 until HELLO 3 is sent, authenticated whatever
   requirepass says. It shows in CLIENT LIST and its commands in MONITOR.

   Returns RS_OK and writes the session, to be ended with rs_session_close; RS_ERR_BUSY from
   inside a callback; RS_ERR_NO_MEMORY; RS_ERR_ARGUMENT if a pointer is NULL. Any thread. */
rs_status rs_session_open(rs_engine *engine, rs_session **out);

/* Ends a session: discards its transaction and its watches. No other thread may be in a call
   with it. NULL is a no-op. A session that was closed by a command (QUIT, SHUTDOWN, CLIENT KILL)
   has to be ended all the same. From inside a callback of a call with this session nothing
   happens. Any thread. */
void rs_session_close(rs_session *session);

/* Takes the next message that was sent to this session without being asked for, such as a line
   of MONITOR: waits up to timeout_ms milliseconds for one, not at all if 0, without limit if
   negative. Messages that are not taken pile up to client-output-buffer-limit, then the session
   is closed.

   Returns RS_OK and writes the message, to be freed with rs_reply_free; RS_ERR_TIMEOUT;
   RS_ERR_CLOSED after rs_session_interrupt, or when the session was closed and all messages are
   taken; RS_ERR_NO_MEMORY; RS_ERR_BUSY if another thread uses the session or the call comes from
   inside a callback; RS_ERR_ARGUMENT if a pointer is NULL.

       rs_reply_free(rs_command(session, "MONITOR"));
       rs_reply *line;
       while (rs_session_next_push(session, -1, &line) == RS_OK) {
           puts(line->str);
           rs_reply_free(line);
       } */
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

       rs_reply *reply = rs_command(session, "SET %s %b EX %d", "key", data, len, 60);
       rs_reply_free(reply);

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
   type RS_REPLY_ERROR; one that was told to be silent (CLIENT REPLY) is nil. NULL, explained by
   rs_last_status and rs_last_error, only if a pointer is NULL, argc is not positive, an argument
   is longer than proto-max-bulk-len (512 MB unless set otherwise), the session is closed or used
   by another thread, the call comes from inside a callback, there is no memory, or an internal
   error was caught. */
rs_reply *rs_command_argv(rs_session *session, int argc, const char **argv, const size_t *argvlen);

/* Runs n commands, command i given by argc[i], argv[i] and argvlen[i] as for rs_command_argv
   (argvlen NULL, or one of its elements NULL: terminated strings). They run in order, as if
   given one by one, but what they need is fetched from memory together, which is faster when
   there is much data. The batch is no transaction. If one of them closes the session (QUIT), or
   another client does meanwhile, those behind it do not run: each gets an error that begins with
   RS_ERR_CLOSED.

   Returns RS_OK and writes n replies, each to be freed with rs_reply_free. RS_ERR_ARGUMENT if a
   pointer is NULL, a count is not positive or an argument longer than proto-max-bulk-len: then
   no command has run. RS_ERR_NO_MEMORY if there was no memory for a reply, RS_ERR_PANIC: then
   commands may have run, and nothing is written. RS_ERR_BUSY, RS_ERR_CLOSED as for any session.
   n 0 is a no-op. */
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
   if a pointer is NULL that must not be, or a key or value longer than proto-max-bulk-len.

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

/* ---- Typed calls for hashes and sorted sets -------------------------------------------------- */

/* HGET: copies the value of a field of a hash into buf, which has room for cap bytes, and writes
   its length to len.

   Returns RS_OK; RS_NIL if there is no such key or field; RS_ERR_WRONG_TYPE if the key holds no
   hash; RS_ERR_BUFFER_TOO_SMALL with the value's length in len; else as rs_get. */
rs_status rs_hget(rs_session *session, const void *key, size_t klen, const void *field, size_t flen,
                  void *buf, size_t cap, size_t *len);

/* HSET: sets one field of a hash, which is made if there is no such key. A field with a time to
   live loses it.

   Returns RS_OK, whether the field is new or not; RS_ERR_WRONG_TYPE if the key holds no hash;
   RS_ERR_NO_MEMORY, also above maxmemory; else as rs_get. A failed call changes nothing.

       rs_hset(session, "user:7", 6, "name", 4, "Ada", 3); */
rs_status rs_hset(rs_session *session, const void *key, size_t klen, const void *field, size_t flen,
                  const void *val, size_t vlen);

/* ZADD: gives a member of a sorted set a score, which may be infinite; the set is made if there
   is no such key.

   Returns RS_OK, whether the member is new or not; RS_ERR_ARGUMENT if score is not a number;
   RS_ERR_WRONG_TYPE if the key holds no sorted set; RS_ERR_NO_MEMORY, also above maxmemory; else
   as rs_get. A failed call changes nothing.

       rs_zadd(session, "board", 5, 41.5, "ada", 3); */
rs_status rs_zadd(rs_session *session, const void *key, size_t klen, double score,
                  const void *member, size_t mlen);

/* ZSCORE: writes the score of a member of a sorted set to score.

   Returns RS_OK; RS_NIL if there is no such key or member; RS_ERR_WRONG_TYPE if the key holds no
   sorted set; else as rs_get. */
rs_status rs_zscore(rs_session *session, const void *key, size_t klen, const void *member,
                    size_t mlen, double *score);

/* ---- Commands of the host -------------------------------------------------------------------- */

/* The body of a host command: argc arguments, argv[0] being the command's name as the client
   spelt it. They are valid during the call only, and so is call, in this thread only. It runs in
   the thread that serves the client, which may be one of the library's, several at a time, with
   the command's keys locked: nobody else sees or changes them before it returns, and nobody else
   gets at them either, so be brief and do not wait. It replies exactly once, with one of
   rs_call_reply_..., of which an array or a map is followed by its elements. Functions that take
   an engine, a server or a session answer RS_ERR_BUSY here; what is to be done with data goes
   through rs_call_command_argv. It must return: no C++ exception, no longjmp. */
typedef void (*rs_command_fn)(rs_call *call, int argc, const rs_slice *argv, void *ud);

/* Frees the userdata of a host command. */
typedef void (*rs_free_fn)(void *ud);

/* What rs_engine_register_command wants to know. Set what is not needed to 0 or NULL, best by
   rs_command_spec spec = { 0 }; or named initializers. The struct stays as it is as long as the
   interface does; more than it can say will be said by another struct to another function. */
typedef struct rs_command_spec {
    const char *name; /* The name, in any case: 1 to 64 letters, digits and characters of "._-:". */
    int arity; /* How many arguments, the name included; a negative number: at least so many. */
    /* Words of COMMAND INFO with spaces between: write, readonly, denyoom, admin, pubsub, noscript,
       blocking, loading, stale, skip_monitor, skip_slowlog, asking, fast, no_auth, may_replicate,
       no_mandatory_keys, no_async_loading, no_multi, allow_busy. NULL for none. A command that
       changes data is "write"; "denyoom" if it must not run when maxmemory is used up; "readonly"
       ones may not run commands that write; "no_multi" is refused inside MULTI. A handler cannot
       wait, so "blocking" only tells clients to expect delay. */
    const char *flags;
    int first_key; /* The first argument that is a key; 0 for a command without keys. */
    int last_key; /* The last one; a negative number counts from the last argument, which is -1. */
    int key_step; /* From one key to the next: 1, or 2 if each key is followed by a value. */
    rs_command_fn handler; /* What runs. */
    void *userdata; /* Handed to the handler. */
    /* Called once with userdata when nobody needs it any more; may be NULL. */
    rs_free_fn free_userdata;
} rs_command_spec;

/* Adds a command of the host's own to an engine. From now on every client of the engine can call
   it, those connected already as well, over RESP2, RESP3, inline, in the dialect of the
   original, and in process; also inside MULTI. It obeys its arity and flags, its keys are locked
   as those of a built-in command, and it shows in COMMAND and its subcommands, INFO
   commandstats, SLOWLOG and MONITOR. It stays until the engine ends.

   The strings of spec are copied. free_userdata is called exactly once, whatever comes of this
   call: before a failure is returned, else when the engine and all its sessions and servers have
   ended, in the thread that ends the last. (Only a spec that is NULL cannot be asked for it.)

   Returns RS_OK; RS_ERR_EXISTS if a command of this name exists, built in or of the host;
   RS_ERR_CONFIG if a flag is unknown or two contradict each other; RS_ERR_ARGUMENT if a pointer
   is NULL (engine, spec, its name or handler), the name has other characters, the arity is 0, or
   the keys are not where arguments can be; RS_ERR_BUSY from inside a callback other than an
   event callback; RS_ERR_NO_MEMORY if there are 65,000 commands already. rs_last_error says what
   is wrong. Any thread, at any time, also while the engine is being served.

   An example, GREET key name, which stores the name and replies with a greeting:

       static void greet(rs_call *call, int argc, const rs_slice *argv, void *ud)
       {
           const char *set[] = { "SET", (const char *)argv[1].data, (const char *)argv[2].data };
           size_t len[] = { 3, argv[1].len, argv[2].len };
           rs_reply *reply = rs_call_command_argv(call, 3, set, len);
           (void)argc, (void)ud;
           if (reply == NULL || reply->type == RS_REPLY_ERROR)
               rs_call_reply_error(call, reply ? reply->str : "ERR no memory");
           else
               rs_call_reply_status(call, "HELLO");
           rs_reply_free(reply);
       }

       rs_command_spec spec = { "greet", 3, "write denyoom", 1, 1, 1, greet, NULL, NULL };
       if (rs_engine_register_command(engine, &spec) != RS_OK)
           fprintf(stderr, "%s\n", rs_last_error()); */
rs_status rs_engine_register_command(rs_engine *engine, const rs_command_spec *spec);

#if SIZE_MAX > 0xffffffffu
typedef char rs_command_spec_has_64_bytes[sizeof(rs_command_spec) == 64 ? 1 : -1];
typedef char rs_command_spec_handler_at_40[offsetof(rs_command_spec, handler) == 40 ? 1 : -1];
#endif

/* ---- Inside a command of the host ------------------------------------------------------------ */

/* Replies with an integer.

   The rules of all replies: A handler replies once. An array or a map counts as one reply with
   its elements, which are the next replies, arrays and maps among them. What the client gets is
   made when the handler has returned; if there is no reply, more than one, or elements are
   missing, or something was refused, it is an error instead, and a warning goes to the logger.
   The protocol stream is never damaged. What commands have changed stays changed.

   Returns, like all of these, RS_OK; RS_ERR_ARGUMENT if call is not the call that runs in this
   thread, a pointer is NULL, the reply is complete already, or it is too large (a string above
   512 MB, a status or an error above 64 KB, 2^31 elements, 64 levels); RS_ERR_NO_MEMORY. Only
   from inside the handler. */
rs_status rs_call_reply_integer(rs_call *call, int64_t value);

/* Replies with a string of len bytes, any bytes. Returns as rs_call_reply_integer. */
rs_status rs_call_reply_bulk(rs_call *call, const void *data, size_t len);

/* Replies with a short text that tells how it went, such as "OK"; line breaks in it become
   spaces. Returns as rs_call_reply_integer. */
rs_status rs_call_reply_status(rs_call *call, const char *text);

/* Replies with an error. Its first word, in capitals, is its code ("LIMITED try again later"); a
   text without one gets "ERR". Line breaks become spaces. The command counts as failed, unless
   the error is an element of an array or a map. Returns as rs_call_reply_integer. */
rs_status rs_call_reply_error(rs_call *call, const char *text);

/* Replies with nothing: nil. Returns as rs_call_reply_integer. */
rs_status rs_call_reply_nil(rs_call *call);

/* Replies with a double: a string to clients that speak RESP2. Returns as rs_call_reply_integer. */
rs_status rs_call_reply_double(rs_call *call, double value);

/* Replies with an array of n elements, which are the next n replies. Returns as
   rs_call_reply_integer.

       rs_call_reply_array(call, 2);
       rs_call_reply_integer(call, 1);
       rs_call_reply_bulk(call, "one", 3); */
rs_status rs_call_reply_array(rs_call *call, size_t n);

/* Replies with a map of n pairs: the next 2 * n replies are key, value, key, value ... Clients
   that speak RESP2 get an array of 2 * n elements. Returns as rs_call_reply_integer. */
rs_status rs_call_reply_map(rs_call *call, size_t n);

/* Runs a command on keys of this call, given as for rs_command_argv: a built-in one or another
   of the host's. It is part of the call: nobody sees the keys between one command and the next,
   and what it changes counts, wakes clients that wait for it and breaks their WATCH when the
   call is over.

   These are refused, by an error reply that says so: commands that use a key which is none of
   the call's; those that need more than keys (KEYS, FLUSHALL, SORT with patterns); those that
   can wait (BLPOP; XREAD with BLOCK); those about the connection or transactions (SELECT,
   CLIENT, MULTI); administrative ones; from a command registered as readonly, those that write;
   when maxmemory was used up as the call first needed memory, those with the flag denyoom. Host
   commands can be nested 16 levels deep.

   Returns the reply, as a session without HELLO 3 gets it, to be freed with rs_reply_free before
   or after the handler returns. A failure is a reply of type RS_REPLY_ERROR: the handler decides
   what its own reply is. NULL, explained by rs_last_status and rs_last_error, only if call is
   not the call that runs in this thread, a pointer is NULL, argc is not positive, there is no
   memory, or an internal error was caught. */
rs_reply *rs_call_command_argv(rs_call *call, int argc, const char **argv, const size_t *argvlen);

/* ---- Events ---------------------------------------------------------------------------------- */

/* What any key can be subject to: "del", "expire", "rename_from", "restore" ... (g) */
#define RS_EVENT_GENERIC 4
#define RS_EVENT_STRING 8 /* Strings: "set", "incrby", "append" ... ($) */
#define RS_EVENT_LIST 16 /* Lists: "lpush", "rpop", "ltrim" ... (l) */
#define RS_EVENT_SET 32 /* Sets: "sadd", "spop", "sinterstore" ... (s) */
#define RS_EVENT_HASH 64 /* Hashes: "hset", "hdel", "hexpired" ... (h) */
#define RS_EVENT_ZSET 128 /* Sorted sets: "zadd", "zincr", "zrem" ... (z) */
#define RS_EVENT_EXPIRED 256 /* "expired": a key is gone because its time was over. (x) */
#define RS_EVENT_EVICTED 512 /* "evicted": a key is gone because memory was short. (e) */
#define RS_EVENT_STREAM 1024 /* Streams: "xadd", "xtrim", "xgroup-create" ... (t) */
#define RS_EVENT_KEY_MISS 2048 /* "keymiss": a key that was read does not exist. (m) */
#define RS_EVENT_MODULE 8192 /* What modules say in Redis; no built-in command does. (d) */
#define RS_EVENT_NEW 16384 /* "new": a key was made; comes before the event that says how. (n) */
#define RS_EVENT_ALL 10236 /* All but RS_EVENT_KEY_MISS and RS_EVENT_NEW. (A) */

/* Receives one keyspace event: event is its name, a static string, as Redis publishes it to
   __keyevent@db__; key has klen bytes, valid during the call only; db is the number of the
   database.

   Runs in the thread whose command made the change, after the command, or the whole EXEC, and
   before its reply: in a call of the host, in a thread of a server, or, for a key that expires
   by itself, in the thread that expires keys. Nothing is locked. Events of one command come in
   the order in which they happened, and so do all events of one key, whichever threads caused
   them: a thread waits until earlier events of the key are delivered. Between different keys
   that different threads change, there is no order, and calls may run at the same time.

   Unlike other callbacks it may call the library: open sessions, run commands in any session but
   the one whose command it is called for (RS_ERR_BUSY), call rs_engine_on_event. What it changes
   causes events, too; they are delivered after it has returned, so calls do not nest. It must
   not end an engine, a server or the session it is called for, and must not throw or longjmp. If
   it takes long, so does the command, and the thread of a server serves nobody meanwhile; it
   must not wait for a thread that may change the same key. */
typedef void (*rs_event_fn)(const char *event, const void *key, size_t klen, int db, void *ud);

/* Has f called with every keyspace event of these classes (RS_EVENT_..., combined with |), and
   with ud as its last argument: what Redis publishes with notify-keyspace-events, without
   pub/sub. The classes have the letters of that setting. Any number of functions may listen; for
   an f and ud that listen already, the classes are replaced, and classes 0 ends it. An event
   that happens while this is called may or may not be told.

   After classes 0, f is not running any more and will not be called with this ud again: the call
   waits for those that run in other threads, unless it comes from inside an event callback
   itself. ud must stay valid until then, or until the engine is gone.

   What nobody listens to costs next to nothing. Keys expire by themselves within about a
   millisecond of their time, and "expired" is told then, or as soon as a command finds the key
   expired. A field of a hash is told as "hexpired".

   Returns RS_OK; RS_ERR_NO_MEMORY; RS_ERR_NOT_FOUND if classes is 0 and nobody listens with this
   f and ud; RS_ERR_BUSY from inside a callback other than an event callback; RS_ERR_ARGUMENT if
   engine or f is NULL or a class is unknown. Any thread.

       static void on_expired(const char *event, const void *key, size_t klen, int db, void *ud)
       {
           (void)event, (void)db, (void)ud;
           printf("%.*s is gone\n", (int)klen, (const char *)key);
       }
       ...
       rs_engine_on_event(engine, RS_EVENT_EXPIRED, on_expired, NULL); */
rs_status rs_engine_on_event(rs_engine *engine, uint32_t classes, rs_event_fn f, void *ud);

/* ---- Replies from bytes ---------------------------------------------------------------------- */

/* From here on: the parts by themselves, for programs that are not about an engine. None of them needs one. */

/* A new reader of replies. It belongs to one thread at a time.

   Returns the reader, to be ended with rs_reader_free; NULL if there is no memory. Any thread.

       rs_reply *reply;
       while ((n = read(fd, buf, sizeof buf)) > 0 && rs_reader_feed(reader, buf, n) == RS_OK)
           while (rs_reader_next(reader, &reply) == RS_OK) {
               handle(reply);
               rs_reply_free(reply);
           } */
rs_reader *rs_reader_new(void);

/* Ends a reader. Replies that came out of it stay. NULL is a no-op. */
void rs_reader_free(rs_reader *reader);

/* Feeds a reader with bytes that have arrived: a part of a reply, or many. They are copied.

   Returns RS_OK; RS_ERR_NO_MEMORY, and then none of them is taken; RS_ERR_ARGUMENT if a pointer
   is NULL. */
rs_status rs_reader_feed(rs_reader *reader, const void *buf, size_t len);

/* Takes the next reply out of a reader. Attributes, which annotate replies in RESP3, are passed
   over; a push is a reply of its own type.

   Returns RS_OK and writes the reply, to be freed with rs_reply_free; RS_NIL if it takes more
   bytes; RS_ERR_PROTOCOL if the bytes are no reply, and from then on for ever; RS_ERR_NO_MEMORY,
   and then it can be tried again; RS_ERR_ARGUMENT if a pointer is NULL. */
rs_status rs_reader_next(rs_reader *reader, rs_reply **out);

/* ---- Requests from and to bytes -------------------------------------------------------------- */

/* A new reader of requests. It belongs to one thread at a time.

   Returns the reader, to be ended with rs_request_reader_free; NULL if there is no memory. Any
   thread. */
rs_request_reader *rs_request_reader_new(void);

/* Ends a reader. Requests that came out of it stay. NULL is a no-op. */
void rs_request_reader_free(rs_request_reader *reader);

/* Feeds a reader with bytes that have arrived: a part of a request, or many. They are copied.

   Returns RS_OK; RS_ERR_NO_MEMORY, and then none of them is taken; RS_ERR_ARGUMENT if a pointer
   is NULL. */
rs_status rs_request_reader_feed(rs_request_reader *reader, const void *buf, size_t len);

/* Takes the next request out of a reader: an array of at least one string, the command's name
   first.

   Returns RS_OK and writes the request, to be freed with rs_reply_free; RS_NIL if it takes more
   bytes; RS_ERR_PROTOCOL if the bytes are no request, and from then on for ever: send the text
   of rs_last_error as an error and close; RS_ERR_NO_MEMORY, and then it can be tried again;
   RS_ERR_ARGUMENT if a pointer is NULL. */
rs_status rs_request_reader_next(rs_request_reader *reader, rs_reply **out);

/* Writes a request as a client sends it, RESP, to buf, which has room for cap bytes, and its
   length to len. The arguments are given as for rs_command_argv.

   Returns RS_OK; RS_ERR_BUFFER_TOO_SMALL if cap is less than the length, which is written to len
   all the same, and nothing to buf; RS_ERR_NO_MEMORY; RS_ERR_ARGUMENT if a pointer is NULL or
   argc is not positive. Any thread.

       const char *argv[] = { "SET", "key", "value" };
       char buf[256];
       size_t len;
       if (rs_format_argv(3, argv, NULL, buf, sizeof buf, &len) == RS_OK)
           write(fd, buf, len); */
rs_status rs_format_argv(int argc, const char **argv, const size_t *argvlen, void *buf, size_t cap,
                         size_t *len);

/* ---- Event loop ------------------------------------------------------------------------------ */

#define RS_LOOP_READ 1 /* The descriptor can be read, has reached its end or has failed. */
#define RS_LOOP_WRITE 2 /* The descriptor can be written to or has failed. */

/* Called when a descriptor is ready: mask tells what for, out of what was asked for. May change
   the loop in every way but end it. */
typedef void (*rs_fd_fn)(rs_loop *loop, int fd, int mask, void *ud);

/* Called when a timer is due. Returns in how many milliseconds it wants to be called again, or a
   negative number if it is done. May change the loop in every way but end it. */
typedef int64_t (*rs_timer_fn)(rs_loop *loop, uint64_t id, void *ud);

/* A new event loop with nothing in it. It belongs to one thread at a time, except for
   rs_loop_stop.

   Returns the loop, to be ended with rs_loop_free; NULL with a text in rs_last_error if the
   system refuses a descriptor. Any thread.

       static void on_input(rs_loop *loop, int fd, int mask, void *ud)
       {
           char buf[256];
           (void)mask, (void)ud;
           if (read(fd, buf, sizeof buf) <= 0)
               rs_loop_del_fd(loop, fd);
       }
       ...
       rs_loop *loop = rs_loop_new();
       rs_loop_add_fd(loop, fd, RS_LOOP_READ, on_input, NULL);
       rs_loop_run(loop);
       rs_loop_free(loop); */
rs_loop *rs_loop_new(void);

/* Ends a loop; what it watched is not closed. NULL is a no-op; a call from a function that the
   loop has called does nothing but note a text for rs_last_error. */
void rs_loop_free(rs_loop *loop);

/* Has cb called with ud whenever a descriptor is ready for what mask says: RS_LOOP_READ,
   RS_LOOP_WRITE or both. It is called again as long as that is so. For a descriptor that is in
   the loop already this replaces mask, function and argument. Delete a descriptor before you
   close it.

   Returns RS_OK; RS_ERR_IO if the system cannot wait for this descriptor: it is not open, or a
   regular file; RS_ERR_NO_MEMORY; RS_ERR_ARGUMENT if a pointer is NULL, the mask is something
   else or the descriptor negative. */
rs_status rs_loop_add_fd(rs_loop *loop, int fd, int mask, rs_fd_fn cb, void *ud);

/* Takes a descriptor out of the loop. Its function is not called any more.

   Returns RS_OK; RS_ERR_NOT_FOUND if it is not in the loop; RS_ERR_ARGUMENT if loop is NULL. */
rs_status rs_loop_del_fd(rs_loop *loop, int fd);

/* Has cb called with ud once after_ms milliseconds have passed, and then as often as its return
   values say. id, unless it is NULL, is set to a number for rs_loop_del_timer, which no other
   timer of this loop will ever have.

   Returns RS_OK; RS_ERR_NO_MEMORY; RS_ERR_ARGUMENT if loop or cb is NULL or after_ms is
   negative. */
rs_status rs_loop_add_timer(rs_loop *loop, int64_t after_ms, rs_timer_fn cb, void *ud,
                            uint64_t *id);

/* Takes a timer out of the loop. Its function is not called any more; when it deletes its own
   timer, what it returns does not matter.

   Returns RS_OK; RS_ERR_NOT_FOUND if there is no such timer, because it is done; RS_ERR_ARGUMENT
   if loop is NULL. */
rs_status rs_loop_del_timer(rs_loop *loop, uint64_t id);

/* Waits for descriptors and timers and calls their functions, until rs_loop_stop is called or
   nothing is left to wait for.

   Returns RS_OK then; RS_ERR_BUSY if the loop is running already, in this thread or another, or
   the call comes from inside a callback of an engine; RS_ERR_IO if the system fails;
   RS_ERR_ARGUMENT if loop is NULL. */
rs_status rs_loop_run(rs_loop *loop);

/* Waits once, for timeout_ms milliseconds at most, not at all if 0, without limit if negative,
   and calls the functions of what is ready then. A timer that is due, rs_loop_stop and nothing
   to wait for end the wait too.

   Returns RS_OK, also if nothing was ready; else as rs_loop_run. */
rs_status rs_loop_run_once(rs_loop *loop, int64_t timeout_ms);

/* Ends rs_loop_run or rs_loop_run_once after the functions that it is calling; if neither is
   running, the next one returns at once. Any thread, and the functions of the loop.

   Returns RS_OK; RS_ERR_IO if the system fails; RS_ERR_ARGUMENT if loop is NULL. */
rs_status rs_loop_stop(rs_loop *loop);

/* ---- Thread pool ----------------------------------------------------------------------------- */

/* A task for a pool: gets the arg that it was queued with. Runs in a thread of the pool, at the
   same time as others; may call any function of this library, rs_pool_queue of the same pool
   too, but not rs_pool_free of it. */
typedef void (*rs_task_fn)(void *arg);

/* Starts a pool of n threads, 1 to 1024.

   Returns the pool, to be ended with rs_pool_free; NULL with a text in rs_last_error if n is out
   of range, there is no memory, or the system refuses a thread. Any thread. */
rs_pool *rs_pool_new(size_t n);

/* Has f called with arg in a thread of the pool, after all that was queued before has begun.
   Does not wait.

   Returns RS_OK; RS_ERR_NO_MEMORY; RS_ERR_ARGUMENT if pool or f is NULL. Any thread, several at
   the same time, tasks of the pool too.

       rs_pool *pool = rs_pool_new(4);
       rs_pool_queue(pool, free_big_tree, root);
       rs_pool_free(pool); */
rs_status rs_pool_queue(rs_pool *pool, rs_task_fn f, void *arg);

/* Ends a pool: runs all that is queued, also what tasks queue meanwhile, and waits for the
   threads. NULL is a no-op; a call from a task of the same pool, which would wait for itself,
   does nothing but note a text for rs_last_error. */
void rs_pool_free(rs_pool *pool);

/* ---- Hash map -------------------------------------------------------------------------------- */

/* Hash map, AVL tree, sorted set and heap are structures of the host's own memory, and the fastest calls here. The
   nodes of a map or tree are embedded in objects of the host, which gets from a node to its object by offsetof. The
   library links nodes; it does not copy, move or free them. What is in a map or tree must stay where it is.
   Programs of the book "Build Your Own Redis" find them under its names in byor/hashtable.h, avl.h, zset.h, heap.h. */

/* A node of a hash map, to be embedded in an object of the host: hcode is the hash of the
   object's key, set by the host before the node is inserted or looked up; next is the map's. */
struct rs_hnode {
    rs_hnode *next;
    uint64_t hcode;
};

/* One of the two tables of a hash map. */
typedef struct rs_htab {
    rs_hnode **tab; /* mask + 1 chains, or NULL. */
    size_t mask; /* Number of slots - 1. */
    size_t size; /* Nodes in this table. */
} rs_htab;

/* A hash map; all zero when it is empty. Read only, except by the functions here. It belongs to
   one thread at a time, for look-ups too, because they move nodes while it grows.

       struct user { rs_hnode node; const char *name; };
       static rs_hmap users;
       struct user ann = { { NULL, hash("ann") }, "ann" };
       rs_hm_insert(&users, &ann.node); */
typedef struct rs_hmap {
    rs_htab newer;
    rs_htab older;
    size_t migrate_pos; /* The first slot of older that may hold a node. */
} rs_hmap;

/* Whether node, which is in the map, has the key of key, the node that was passed to the
   function called. Their hash codes are equal. Must not change the map. */
typedef bool (*rs_hnode_eq_fn)(rs_hnode *node, rs_hnode *key);

/* Receives a node of a map and the argument of rs_hm_foreach; returns false to stop. Must not
   change the map, but may free the node if the map is cleared next. */
typedef bool (*rs_hnode_fn)(rs_hnode *node, void *arg);

/* Finds the node whose key is that of key, a node of which only hcode, and what eq looks at,
   need be set. Calls eq for nodes of the same hash code.

   Returns the node, or NULL if there is none or a pointer is NULL. */
rs_hnode *rs_hm_lookup(rs_hmap *map, rs_hnode *key, rs_hnode_eq_fn eq);

/* Inserts a node, whose hcode is set, without a look whether there is another of the same key.
   The node has to stay where it is until it is deleted or the map cleared, and must not be in a
   map already.

   Returns RS_OK; RS_ERR_NO_MEMORY, only if the map had no slots yet; RS_ERR_ARGUMENT if a
   pointer is NULL. A failed call changes nothing. */
rs_status rs_hm_insert(rs_hmap *map, rs_hnode *node);

/* Takes the node out of the map whose key is that of key, as rs_hm_lookup finds it.

   Returns the node, which is the host's again to keep or to free; NULL if there is none or a
   pointer is NULL. */
rs_hnode *rs_hm_delete(rs_hmap *map, rs_hnode *key, rs_hnode_eq_fn eq);

/* Empties a map: frees its slots and makes it all zero. The nodes are the host's and not
   touched; they may be gone already. NULL is a no-op. */
void rs_hm_clear(rs_hmap *map);

/* How many nodes a map has; 0 for NULL. */
size_t rs_hm_size(const rs_hmap *map);

/* Calls f with every node, in no order, and with arg, until f returns false. No node is moved
   meanwhile, so a map that is growing is seen whole. A NULL pointer to a map or function is a
   no-op. */
void rs_hm_foreach(rs_hmap *map, rs_hnode_fn f, void *arg);

#if SIZE_MAX > 0xffffffffu
typedef char rs_hnode_has_16_bytes[sizeof(rs_hnode) == 16 ? 1 : -1];
typedef char rs_hmap_has_56_bytes[sizeof(rs_hmap) == 56 ? 1 : -1];
typedef char rs_hmap_older_at_24[offsetof(rs_hmap, older) == 24 ? 1 : -1];
#endif

/* ---- AVL tree -------------------------------------------------------------------------------- */

/* A node of an AVL tree, to be embedded in an object of the host. parent, left and right are
   NULL where there is none; the host sets them when it links a new leaf, else they are read
   only. A tree is known by its root and belongs to one thread at a time while it is changed;
   rs_avl_offset and rs_avl_rank may run in several, as may walks of the host. */
struct rs_avl_node {
    rs_avl_node *parent;
    rs_avl_node *left;
    rs_avl_node *right;
    uint32_t height; /* Nodes on the longest way down, this one included. */
    uint32_t cnt; /* Nodes of the subtree, this one included. */
};

/* Makes a node a leaf without a parent, which is also a whole tree of one node. NULL is a no-op. */
void rs_avl_init(rs_avl_node *node);

/* The height of a subtree; 0 for NULL, which is an empty one. */
uint32_t rs_avl_height(const rs_avl_node *node);

/* How many nodes a subtree has; 0 for NULL, which is an empty one. */
uint32_t rs_avl_cnt(const rs_avl_node *node);

/* Restores heights, counts and balance from a node up to the root, after something was linked at
   it or below it.

       rs_avl_node *parent = NULL, **link = &root;
       while (*link != NULL) {
           parent = *link;
           link = is_less(node, parent) ? &parent->left : &parent->right;
       }
       rs_avl_init(node);
       node->parent = parent;
       *link = node;
       root = rs_avl_fix(node);

   Returns the root, which may be another one than before; NULL for NULL. */
rs_avl_node *rs_avl_fix(rs_avl_node *node);

/* Takes a node out of its tree, O(log n). It is the host's again, and needs rs_avl_init before
   it is linked anew.

   Returns the root of what is left, which may be another one than before; NULL if nothing is
   left, and for NULL. */
rs_avl_node *rs_avl_del(rs_avl_node *node);

/* The node that is offset ranks behind this one, before it if negative. O(log n), however far it
   is.

   Returns NULL if there is none, and for NULL. */
rs_avl_node *rs_avl_offset(rs_avl_node *node, int64_t offset);

/* How many nodes of the tree come before this one, O(log n); -1 for NULL. */
int64_t rs_avl_rank(rs_avl_node *node);

#if SIZE_MAX > 0xffffffffu
typedef char rs_avl_node_has_32_bytes[sizeof(rs_avl_node) == 32 ? 1 : -1];
typedef char rs_avl_node_cnt_at_28[offsetof(rs_avl_node, cnt) == 28 ? 1 : -1];
#endif

/* ---- Sorted set ------------------------------------------------------------------------------ */

/* A sorted set: members with scores, found by name, by score and by rank; all zero when it is
   empty. Read only, except by the functions here. It belongs to one thread at a time, for
   look-ups too. */
typedef struct rs_zset {
    rs_avl_node *root; /* The members in order, as the tree of each. */
    rs_hmap hmap; /* The members by name, as the hmap of each. */
} rs_zset;

/* A member of a sorted set; its name, of len bytes, follows in memory (see rs_znode_name). It is
   made and freed by the functions here, in one block of malloc, and read only. */
typedef struct rs_znode {
    rs_avl_node tree;
    rs_hnode hmap;
    double score;
    size_t len; /* Length of the name. */
} rs_znode;

/* Adds a member, or changes its score if there is one of this name.

   Returns 1 if the member is new; 0 if there was one; else a negative rs_status, and nothing has
   changed: RS_ERR_NO_MEMORY; RS_ERR_ARGUMENT if a pointer is NULL or the score is not a number.
   So the result is true for what is new, but test for negative ones first. */
int rs_zset_insert(rs_zset *zset, const char *name, size_t len, double score);

/* Finds a member by name.

   Returns NULL if there is none or a pointer is NULL. */
rs_znode *rs_zset_lookup(rs_zset *zset, const char *name, size_t len);

/* Removes a member and frees it. NULL is a no-op, and so is a member of another set. */
void rs_zset_delete(rs_zset *zset, rs_znode *node);

/* The first member that is not before this score and name. There need not be such a member; an
   empty name is before all others of its score.

   Returns NULL if all members are before it, a pointer is NULL or the score is not a number. */
rs_znode *rs_zset_seekge(rs_zset *zset, double score, const char *name, size_t len);

/* The last member that is not behind this score and name.

   Returns NULL if all members are behind it, a pointer is NULL or the score is not a number. */
rs_znode *rs_zset_seekle(rs_zset *zset, double score, const char *name, size_t len);

/* How many members are between two places, those that equal one included: what is found from
   rs_zset_seekge of the lower one to rs_zset_seekle of the higher one.

   Returns 0 also if the places are the wrong way round, a pointer is NULL or a score is not a
   number. */
int64_t rs_zset_count(rs_zset *zset, double lo_score, const char *lo_name, size_t lo_len,
                      double hi_score, const char *hi_name, size_t hi_len);

/* Frees all members and makes the set all zero. NULL is a no-op. */
void rs_zset_clear(rs_zset *zset);

/* The member offset ranks behind this one, before it if negative.

   Returns NULL if there is none, and for NULL, so a walk ends by itself:

       for (rs_znode *it = rs_zset_seekge(&zset, 1.5, "", 0); it != NULL; it = rs_znode_offset(it, 1))
           printf("%.*s\n", (int)it->len, rs_znode_name(it)); */
rs_znode *rs_znode_offset(rs_znode *node, int64_t offset);

/* The name of a member: len bytes, not terminated; NULL for NULL. Valid as long as the member. */
const char *rs_znode_name(const rs_znode *node);

#if SIZE_MAX > 0xffffffffu
typedef char rs_zset_has_64_bytes[sizeof(rs_zset) == 64 ? 1 : -1];
typedef char rs_znode_has_64_bytes[sizeof(rs_znode) == 64 ? 1 : -1];
typedef char rs_znode_score_at_48[offsetof(rs_znode, score) == 48 ? 1 : -1];
#endif

/* ---- Heap ------------------------------------------------------------------------------------ */

/* An item of a heap: val is what it is ordered by, the least first; ref, unless it is NULL,
   points to where its position is kept. The array is the host's, to be grown and freed by it,
   and belongs to one thread at a time. */
typedef struct rs_heap_item {
    uint64_t val;
    size_t *ref;
} rs_heap_item;

/* Position of the left child: 2 * pos + 1. */
size_t rs_heap_left(size_t pos);

/* Position of the right child: 2 * pos + 2. */
size_t rs_heap_right(size_t pos);

/* Position of the parent: (pos + 1) / 2 - 1; the root has none. */
size_t rs_heap_parent(size_t pos);

/* Restores the order of a heap of len items after the item at pos was added or has got another
   val. Items are moved in the array, and what their ref points to is set; that of this item also
   if it stays where it is.

   To add an item, put it behind the last one and call this with its position. To remove one, put
   the last one in its place and call this for it, unless it was the last.

   Returns RS_OK; RS_ERR_ARGUMENT if heap is NULL or there is no item at pos, then nothing has
   changed. */
rs_status rs_heap_update(rs_heap_item *heap, size_t pos, size_t len);

#if SIZE_MAX > 0xffffffffu
typedef char rs_heap_item_has_16_bytes[sizeof(rs_heap_item) == 16 ? 1 : -1];
#endif

#ifdef __cplusplus
}
#endif

#endif /* REDISRS_H */
