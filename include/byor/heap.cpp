// For programs that include "heap.cpp": the code is in libredisrs.
#include "heap.h"
