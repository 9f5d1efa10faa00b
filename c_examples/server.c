/* A server in one call. Settings as in redis.conf:
 *
 *     server port 6379 maxmemory 100mb
 *
 * It serves until a client sends SHUTDOWN. For signals, a log and a pid file there is rs_server_main. */
#include <redisrs.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc % 2 == 0) {
        fprintf(stderr, "usage: %s [NAME VALUE] ...\n", argv[0]);
        return 1;
    }
    rs_config *config = rs_config_new();
    rs_status status = RS_OK;
    for (int i = 1; i + 1 < argc && status == RS_OK; i += 2)
        status = rs_config_set(config, argv[i], argv[i + 1]);
    if (status == RS_OK)
        status = rs_server_run(config);
    if (status != RS_OK)
        fprintf(stderr, "%s: %s\n", rs_status_name(status), rs_last_error());
    rs_config_free(config);
    return status == RS_OK ? 0 : 1;
}
