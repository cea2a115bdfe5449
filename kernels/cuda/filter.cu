#include "filter.cuh"

FILTER_LOAD(filter_load, )
