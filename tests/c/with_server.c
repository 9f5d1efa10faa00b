/* Runs a program beside a server of its own:
 *
 *     with_server [NAME VALUE]... -- PROGRAM ARGUMENT...
 *
 * NAME VALUE are settings; PORT in an argument of the program stands for the server's port. Exits as the program does. */
#include <redisrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "with_server: %s: %s\n", what, rs_last_error());
    exit(99);
}

int main(int argc, char **argv)
{
    rs_config *config = rs_config_new();
    rs_engine *engine;
    rs_server *server;
    int i = 1;
    if (rs_config_set(config, "port", "auto") != RS_OK || rs_config_set(config, "bind", "127.0.0.1") != RS_OK)
        die("rs_config_set");
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2)
        if (rs_config_set(config, argv[i], argv[i + 1]) != RS_OK)
            die(argv[i]);
    if (i + 1 >= argc)
        die("usage");
    if (rs_engine_open(config, &engine) != RS_OK || rs_server_start(engine, &server) != RS_OK)
        die("start");
    rs_config_free(config);

    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)rs_server_port(server));
    char **child_argv = argv + i + 1;
    for (char **arg = child_argv; *arg != NULL; arg++)
        if (strcmp(*arg, "PORT") == 0)
            *arg = port;

    pid_t child = fork();
    if (child == 0) {
        execvp(child_argv[0], child_argv);
        _exit(98);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        die("fork");
    if (rs_server_stop(server) != RS_OK)
        die("stop");
    rs_engine_close(engine);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}
