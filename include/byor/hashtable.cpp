// For programs that include "hashtable.cpp": the code is in libredisrs.
#include "hashtable.h"
