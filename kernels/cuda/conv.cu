// 3×3 convolution of images with a multiple of 16 channels: forward pass,
// gradient in the input, and their tangents, which are sums of two
// convolutions. The gradient of stride 1 is the forward pass with the flipped
// filter. One kernel for each width of output that a block computes.
#include "convolve.cuh"

#define TERMS float *y, OPERAND(x), const float *w, OPERAND(x2), const float *w2, int in, int out

#define FORWARD(name, WIDTH, ROWS, STRIDE)                                                  \
  DENSE_KERNEL(128, 3, name, TERMS, PLANE) {                                                \
    DYNAMIC_SHARED(float4, shared);                                                         \
    Conv3x3<STRIDE> g(plane(blockIdx.x), logImages);                                        \
    convolve<WIDTH, ROWS>(shared, g, y, operand(x), w, operand(x2), w2, in, out);        \
  }

FORWARD(conv_16, 16, 8, 1)
FORWARD(conv_32, 32, 8, 1)
FORWARD(conv_64, 64, 8, 1)
FORWARD(conv_stride2_16, 16, 4, 2)
FORWARD(conv_stride2_32, 32, 4, 2)
FORWARD(conv_stride2_64, 64, 4, 2)

// blockIdx.z is the parity of the pixels. `in` are the channels of y's gradient.
#define BACKWARD_STRIDE2(name, WIDTH, ROWS)                                                 \
  DENSE_KERNEL(128, 2, name, TERMS, PLANE) {                                                \
    DYNAMIC_SHARED(float4, shared);                                                         \
    Parity g(plane(blockIdx.x), logImages, blockIdx.z);                                     \
    convolve<WIDTH, ROWS>(shared, g, y, operand(x), w, operand(x2), w2, in, out);   \
  }

BACKWARD_STRIDE2(conv_stride2_backward_16, 16, 8)
BACKWARD_STRIDE2(conv_stride2_backward_32, 32, 8)
BACKWARD_STRIDE2(conv_stride2_backward_64, 64, 8)
