// For programs that include "thread_pool.cpp": the code is in libredisrs.
#include "thread_pool.h"
