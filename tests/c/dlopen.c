/* Opens the shared library, uses it from this thread and from another, closes it, several times: dlopen LIBRARY */
#include <dlfcn.h>
#include <pthread.h>
#include <redisrs.h>
#include <stdio.h>
#include <string.h>

static void *library;

/* A function of the library. The detour over memcpy is what ISO C asks for. */
static void find(const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    if (symbol == NULL)
        fprintf(stderr, "%s\n", dlerror());
    memcpy(function, &symbol, sizeof symbol);
}

static void *use(void *failures)
{
    rs_status (*engine_open)(const rs_config *, rs_engine **);
    void (*engine_close)(rs_engine *);
    rs_status (*session_open)(rs_engine *, rs_session **);
    void (*session_close)(rs_session *);
    rs_reply *(*command)(rs_session *, const char *, ...);
    void (*reply_free)(rs_reply *);
    find("rs_engine_open", &engine_open);
    find("rs_engine_close", &engine_close);
    find("rs_session_open", &session_open);
    find("rs_session_close", &session_close);
    find("rs_command", &command);
    find("rs_reply_free", &reply_free);
    rs_engine *engine;
    rs_session *session;
    if (engine_open(NULL, &engine) != RS_OK || session_open(engine, &session) != RS_OK) {
        ++*(int *)failures;
        return NULL;
    }
    rs_reply *reply = command(session, "SET %s %d", "key", 7);
    *(int *)failures += reply == NULL || strcmp(reply->str, "OK") != 0;
    reply_free(reply);
    reply = command(session, "NOSUCH");
    *(int *)failures += reply == NULL || reply->type != RS_REPLY_ERROR;
    reply_free(reply);
    session_close(session);
    engine_close(engine);
    return NULL;
}

int main(int argc, char **argv)
{
    int failures = 0;
    for (int round = 0; round < 10 && argc == 2; round++) {
        library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        pthread_t thread;
        if (pthread_create(&thread, NULL, use, &failures) != 0)
            return 1;
        pthread_join(thread, NULL);
        use(&failures);
        failures += dlclose(library) != 0;
    }
    return failures;
}
