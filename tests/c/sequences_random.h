/* Chance for the sequences: a generator with a seed, and arguments that are likely to meet, or to be odd. */
#ifndef SEQUENCES_RANDOM_H
#define SEQUENCES_RANDOM_H

#include "check.h"

struct chance {
    uint64_t state;
};

/* SplitMix64: every seed is a good one. */
static uint64_t draw(struct chance *chance)
{
    uint64_t z = chance->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 to n - 1. */
static unsigned below(struct chance *chance, size_t n)
{
    return (unsigned)(draw(chance) % n);
}

static bool one_in(struct chance *chance, unsigned n)
{
    return below(chance, n) == 0;
}

#define PICK(chance, array) ((array)[below((chance), sizeof(array) / sizeof *(array))])

/* Where values are cut from. Read only once it is filled, so that pieces of it may be kept. */
enum { CORPUS = 200000, VALUE_MAX = 66000 };
static char corpus[CORPUS];

static void fill_corpus(void)
{
    for (size_t i = 0; i < CORPUS; i++) {
        char byte = (char)(i * 2654435761u >> 13);
        corpus[i] = byte >= '0' && byte <= '9' ? 'd' : byte; /* No value is a number by accident. */
    }
}

struct piece {
    const char *at;
    size_t len;
};

/* A value: small ones, those at the thresholds of encodings, a few large ones. */
static struct piece some_value(struct chance *chance)
{
    static const size_t lengths[] = { 0, 1, 3, 8, 11, 20, 39, 44, 45, 63, 64, 65, 100, 511, 512, 4000, 20000, VALUE_MAX };
    size_t len = lengths[one_in(chance, 8) ? below(chance, 18) : below(chance, 14)];
    struct piece piece = { corpus + below(chance, CORPUS - VALUE_MAX), len };
    return piece;
}

static struct piece text(const char *of)
{
    struct piece piece = { of, strlen(of) };
    return piece;
}

/* Keys that every command may use; few, so that commands meet. */
static struct piece some_key(struct chance *chance)
{
    static const char *const names[] = { "a", "b", "c", "{a}1", "{a}2", "list", "hash", "set", "zset", "stream", "key:with:a:long:name:0123456789" };
    struct piece odd[] = { { "", 0 }, { "a\0b", 3 }, { corpus, 300 } };
    return one_in(chance, 12) ? PICK(chance, odd) : text(PICK(chance, names));
}

/* A length for a typed call that is impossible. */
static size_t impossible_length(struct chance *chance)
{
    static const size_t lengths[] = { SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 7, (size_t)1 << 30 };
    return PICK(chance, lengths);
}

static int64_t some_integer(struct chance *chance)
{
    static const int64_t odd[] = { INT64_MAX, INT64_MIN, INT64_MAX - 1, INT32_MAX, INT32_MIN, -1, 0, 1, 1000000, 4294967296 };
    return one_in(chance, 6) ? PICK(chance, odd) : (int64_t)below(chance, 40) - 10;
}

static double some_score(struct chance *chance)
{
    static const double odd[] = { 1e308, -1e308, 5e-324, 0.1, -0.0, 9007199254740993.0, 1e17, 3.0e-5 };
    return one_in(chance, 4) ? PICK(chance, odd) : (double)below(chance, 20) / 2 - 3;
}

/* ---- words of a command ---- */

enum { WORDS_MAX = 48 };

struct words {
    int argc;
    const char *argv[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    char numbers[WORDS_MAX][40];
};

static void add_piece(struct words *words, struct piece piece)
{
    if (words->argc == WORDS_MAX)
        return;
    words->argv[words->argc] = piece.at;
    words->lengths[words->argc++] = piece.len;
}

static void add_text(struct words *words, const char *of)
{
    add_piece(words, text(of));
}

static void add_integer(struct words *words, int64_t value)
{
    if (words->argc == WORDS_MAX)
        return;
    sprintf(words->numbers[words->argc], "%lld", (long long)value);
    add_text(words, words->numbers[words->argc]);
}

static void add_double(struct words *words, double value)
{
    if (words->argc == WORDS_MAX)
        return;
    sprintf(words->numbers[words->argc], "%.17g", value);
    add_text(words, words->numbers[words->argc]);
}

#endif
