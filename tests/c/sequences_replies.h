/* What holds for every reply, whatever was asked. */
#ifndef SEQUENCES_REPLIES_H
#define SEQUENCES_REPLIES_H

#include "sequences_world.h"

static bool is_oom(const rs_reply *reply)
{
    return reply->type == RS_REPLY_ERROR && (strncmp(reply->str, "OOM ", 4) == 0 || strstr(reply->str, "memory") != NULL);
}

/* The layout that the header promises, type by type. */
static void check_tree(const rs_reply *reply, unsigned depth)
{
    CHECK(reply != NULL && depth < 70);
    bool has_text = false, has_elements = false;
    switch (reply->type) {
    case RS_REPLY_STRING:
    case RS_REPLY_STATUS:
    case RS_REPLY_ERROR:
    case RS_REPLY_DOUBLE:
    case RS_REPLY_BIGNUM:
    case RS_REPLY_VERB:
        has_text = true;
        break;
    case RS_REPLY_ARRAY:
    case RS_REPLY_MAP:
    case RS_REPLY_SET:
    case RS_REPLY_PUSH:
        has_elements = true;
        break;
    default:
        CHECK(reply->type == RS_REPLY_INTEGER || reply->type == RS_REPLY_NIL || reply->type == RS_REPLY_BOOL);
    }
    if (has_text)
        CHECK(reply->str != NULL && reply->str[reply->len] == '\0');
    else
        CHECK(reply->str == NULL && reply->len == 0);
    CHECK(has_elements || (reply->elements == 0 && reply->element == NULL));
    CHECK(reply->type == RS_REPLY_INTEGER || reply->type == RS_REPLY_BOOL || reply->integer == 0);
    CHECK(reply->type != RS_REPLY_VERB || strlen(reply->vtype) == 3);
    CHECK(reply->type != RS_REPLY_MAP || reply->elements % 2 == 0);
    for (size_t i = 0; i < reply->elements; i++)
        check_tree(reply->element[i], depth + 1);
}

/* Checks what a command returned, and frees it. A session that is not in order may not answer at all. */
static void check_and_free(rs_reply *reply, const struct session *session)
{
    if (reply != NULL) {
        check_tree(reply, 0);
        if (session->is_tame && !session->is_resp3)
            CHECK(reply->type <= RS_REPLY_ERROR);
        CHECK(strncmp(reply->type == RS_REPLY_ERROR ? reply->str : "", "RS_ERR_PANIC", 12) != 0);
    } else if (session->is_tame) {
        CHECK(is_lack_of_memory(rs_last_status()));
    } else {
        CHECK_ONE_OF(rs_last_status(), RS_ERR_ARGUMENT, RS_ERR_CLOSED, RS_ERR_BUSY);
    }
    rs_reply_free(reply);
}

#endif
