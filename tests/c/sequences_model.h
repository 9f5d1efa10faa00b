/* The model: what a few verbs do to a key, said naively, and what they answer. */
#ifndef SEQUENCES_MODEL_H
#define SEQUENCES_MODEL_H

#include "sequences_replies.h"

enum verb { SET, SET_TTL, GET, GET_WITH, DEL, EXISTS, INCR, APPEND, EXPIRE, TTL, HSET, HGET, HDEL, ZADD, ZSCORE, ZREM, ZRANK, LENGTH, VERBS };

struct deed {
    enum verb verb;
    struct piece key;
    unsigned part; /* Which field or member. */
    struct piece value;
    int64_t integer;
    double score;
};

enum answer_kind { NOTHING, DONE, INTEGER, BYTES, SCORE, WRONG_TYPE, REFUSED_VALUE, NO_MEMORY, STRANGE };

struct answer {
    enum answer_kind kind;
    int64_t integer;
    double score;
    char *bytes; /* Of malloc. */
    size_t len;
};

static struct answer answer_of(enum answer_kind kind)
{
    struct answer answer = { kind, 0, 0, NULL, 0 };
    return answer;
}

static struct answer integer_answer(int64_t integer)
{
    struct answer answer = { INTEGER, integer, 0, NULL, 0 };
    return answer;
}

static struct answer bytes_answer(const void *bytes, size_t len)
{
    struct answer answer = { BYTES, 0, 0, malloc(len + 1), len };
    CHECK(answer.bytes != NULL);
    if (len > 0)
        memcpy(answer.bytes, bytes, len);
    answer.bytes[len] = '\0';
    return answer;
}

/* ---- keys and parts ---- */

static struct piece model_name(const struct view *view, unsigned index)
{
    static char names['z' + 1][MODEL_KEYS][16];
    char *name = names[(unsigned)view->prefix][index];
    if (__atomic_load_n(name, __ATOMIC_ACQUIRE) == 0) { /* This thread's own, as the prefix is. */
        sprintf(name + 1, ":model:%u", index);
        __atomic_store_n(name, view->prefix, __ATOMIC_RELEASE);
    }
    return text(name);
}

static struct piece part_name(unsigned part)
{
    static const char *const names[PARTS_OF_KEY] = { "f", "other", "a longer name of a part", "17", "-3", "part with spaces" };
    return text(names[part]);
}

/* ---- strings ---- */

static struct answer whole_string(const struct model_key *key)
{
    if (key->kind == NUMBER) {
        char number[32];
        int len = sprintf(number, "%lld", (long long)key->number);
        return bytes_answer(number, (size_t)len);
    }
    struct answer answer = bytes_answer("", 0);
    for (size_t i = 0; i < key->pieces; i++) {
        answer.bytes = realloc(answer.bytes, answer.len + key->piece[i].len + 1);
        CHECK(answer.bytes != NULL);
        memcpy(answer.bytes + answer.len, key->piece[i].at, key->piece[i].len);
        answer.len += key->piece[i].len;
    }
    return answer;
}

static int64_t string_length(const struct model_key *key)
{
    struct answer whole = whole_string(key);
    free(whole.bytes);
    return (int64_t)whole.len;
}

static unsigned parts_in(const struct model_key *key)
{
    unsigned count = 0;
    for (unsigned i = 0; i < PARTS_OF_KEY; i++)
        count += key->has[i];
    return count;
}

static void become(struct model_key *key, enum kind kind)
{
    int64_t deadline = key->kind == ABSENT ? 0 : key->deadline;
    memset(key, 0, sizeof *key);
    key->kind = kind;
    key->deadline = kind == ABSENT ? 0 : deadline;
}

static void become_string(struct model_key *key, struct piece value, int64_t deadline)
{
    become(key, STRING);
    key->deadline = deadline;
    key->pieces = 1;
    key->piece[0] = value;
}

/* A member's place in the order of score and name. */
static int64_t rank_of(const struct model_key *key, unsigned part)
{
    int64_t rank = 0;
    for (unsigned i = 0; i < PARTS_OF_KEY; i++)
        if (key->has[i] && (key->score[i] < key->score[part] ||
                            (key->score[i] == key->score[part] && strcmp(part_name(i).at, part_name(part).at) < 0)))
            rank++;
    return rank;
}

static struct answer about_string(struct model_key *key, const struct deed *deed)
{
    if (key->kind != ABSENT && key->kind != STRING && key->kind != NUMBER)
        return answer_of(WRONG_TYPE);
    switch (deed->verb) {
    case INCR:
        if (key->kind == STRING)
            return answer_of(REFUSED_VALUE);
        if (key->kind == ABSENT)
            become(key, NUMBER);
        key->number += deed->integer;
        return integer_answer(key->number);
    case APPEND:
        if (key->kind == ABSENT)
            become(key, STRING);
        key->piece[key->pieces++] = deed->value;
        return integer_answer(string_length(key));
    case LENGTH:
        return integer_answer(key->kind == ABSENT ? 0 : string_length(key));
    default:
        return key->kind == ABSENT ? answer_of(NOTHING) : whole_string(key);
    }
}

static struct answer about_part(struct model_key *key, const struct deed *deed, enum kind kind)
{
    if (key->kind != ABSENT && key->kind != kind)
        return answer_of(WRONG_TYPE);
    bool had = key->has[deed->part];
    switch (deed->verb) {
    case HSET:
    case ZADD:
        if (key->kind == ABSENT)
            become(key, kind);
        key->has[deed->part] = true;
        key->value[deed->part] = deed->value;
        key->score[deed->part] = deed->score;
        return integer_answer(!had);
    case HDEL:
    case ZREM:
        key->has[deed->part] = false;
        if (key->kind == kind && parts_in(key) == 0)
            become(key, ABSENT);
        return integer_answer(had);
    case HGET:
        return had ? bytes_answer(key->value[deed->part].at, key->value[deed->part].len) : answer_of(NOTHING);
    case ZRANK:
        return had ? integer_answer(rank_of(key, deed->part)) : answer_of(NOTHING);
    default: {
        struct answer answer = answer_of(had ? SCORE : NOTHING);
        answer.score = key->score[deed->part];
        return answer;
    }
    }
}

/* Does to the model what the store is asked to do; returns what the store should answer. */
static struct answer foretell(struct model_key *key, const struct deed *deed, int64_t now)
{
    if (key->kind != ABSENT && key->deadline != 0 && key->deadline < now)
        become(key, ABSENT);
    bool is_there = key->kind != ABSENT;
    switch (deed->verb) {
    case SET:
    case SET_TTL:
        become_string(key, deed->value, deed->verb == SET ? 0 : now + deed->integer);
        return answer_of(DONE);
    case DEL:
        become(key, ABSENT);
        return integer_answer(is_there);
    case EXISTS:
        return integer_answer(is_there);
    case EXPIRE:
        if (is_there && deed->integer <= 0)
            become(key, ABSENT);
        else if (is_there)
            key->deadline = now + deed->integer;
        return integer_answer(is_there);
    case TTL:
        return integer_answer(!is_there ? -2 : key->deadline == 0 ? -1 : key->deadline - now);
    case HSET:
    case HGET:
    case HDEL:
        return about_part(key, deed, HASH);
    case ZADD:
    case ZSCORE:
    case ZREM:
    case ZRANK:
        return about_part(key, deed, ZSET);
    default:
        return about_string(key, deed);
    }
}

/* What the model can follow, out of what would be possible. */
static struct deed some_deed(struct world *world, const struct view *view, unsigned index)
{
    struct chance *chance = &world->chance;
    const struct model_key *key = &view->model[index];
    struct deed deed = { (enum verb)below(chance, VERBS), model_name(view, index), below(chance, PARTS_OF_KEY), some_value(chance), 0, some_score(chance) };
    if (deed.verb == SET_TTL && !view->store->has_clock)
        deed.verb = SET;
    /* Deadlines are odd and clocks are even, so no call comes at the very millisecond. */
    if (deed.verb == SET_TTL || (deed.verb == EXPIRE && view->store->has_clock && !one_in(chance, 4)))
        deed.integer = 1 + 2 * (int64_t)below(chance, 5000);
    else if (deed.verb == EXPIRE)
        deed.integer = one_in(chance, 2) ? 0 : -1;
    else
        deed.integer = (int64_t)below(chance, 2000) - 1000;
    /* An empty string that is appended to, a number that is, and zeros with a sign have rules of their own. */
    if (deed.verb == APPEND && (key->kind == NUMBER || key->pieces == PIECES_MAX || deed.value.len == 0))
        deed.verb = LENGTH;
    if (deed.score == 0)
        deed.score = 0.25;
    return deed;
}

static void phrase(const struct deed *deed, struct words *words)
{
    static const char *const names[VERBS] = { "SET", "SET", "GET", "GET", "DEL", "EXISTS", "INCRBY", "APPEND", "PEXPIRE", "PTTL", "HSET", "HGET", "HDEL", "ZADD", "ZSCORE", "ZREM", "ZRANK", "STRLEN" };
    words->argc = 0;
    add_text(words, names[deed->verb]);
    add_piece(words, deed->key);
    if (deed->verb == ZADD)
        add_double(words, deed->score);
    if (deed->verb >= HSET && deed->verb <= ZRANK)
        add_piece(words, part_name(deed->part));
    if (deed->verb == SET || deed->verb == SET_TTL || deed->verb == APPEND || deed->verb == HSET)
        add_piece(words, deed->value);
    if (deed->verb == SET_TTL)
        add_text(words, "PX");
    if (deed->verb == SET_TTL || deed->verb == INCR || deed->verb == EXPIRE)
        add_integer(words, deed->integer);
}

/* Whether the store answered what the model did. A typed call says less about some verbs: that they are done. */
static bool agrees(const struct answer *told, const struct answer *got, bool is_typed)
{
    if (is_typed && got->kind == DONE)
        return told->kind == DONE || told->kind == INTEGER;
    if (told->kind == SCORE && got->kind == BYTES)
        return strtod(got->bytes, NULL) == told->score;
    if (told->kind != got->kind)
        return false;
    switch (told->kind) {
    case INTEGER:
        return told->integer == got->integer;
    case SCORE:
        return told->score == got->score;
    case BYTES:
        return told->len == got->len && memcmp(told->bytes, got->bytes, told->len) == 0;
    default:
        return told->kind != STRANGE;
    }
}

#endif
