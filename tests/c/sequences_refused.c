/* The sequences with memory refused to any call: see sequences.c. */
#define REFUSES
#include "sequences.c"
