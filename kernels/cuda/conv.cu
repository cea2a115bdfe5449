// 3×3 convolution of images with a multiple of 16 channels: forward pass,
// gradient in the input, and their tangents, which are sums of two
// convolutions. The gradient of stride 1 is the forward pass with the flipped
// filter. One kernel for each width of output that a block computes.
#include "conv.cuh"
#include "float32_product.cuh"

FORWARD(conv_16, 1, Float32Product<16, 8>)
FORWARD(conv_32, 1, Float32Product<32, 8>)
FORWARD(conv_64, 1, Float32Product<64, 8>)
FORWARD(conv_stride2_16, 2, Float32Product<16, 4>)
FORWARD(conv_stride2_32, 2, Float32Product<32, 4>)
FORWARD(conv_stride2_64, 2, Float32Product<64, 4>)

BACKWARD_STRIDE2(conv_stride2_backward_16, Float32Product<16, 8>)
BACKWARD_STRIDE2(conv_stride2_backward_32, Float32Product<32, 8>)
BACKWARD_STRIDE2(conv_stride2_backward_64, Float32Product<64, 8>)
