// For programs that include "zset.cpp": the code is in libredisrs.
#include "zset.h"
