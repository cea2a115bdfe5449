#include "filter.cuh"
#include "tensor.cuh"

FILTER_LOAD(filter_load_tf32, tf32)
