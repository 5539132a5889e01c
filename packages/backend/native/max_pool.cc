// Max-pooling of [N, D, H, W, C] and its gradient. Voxels beyond the edges never win.
#include <algorithm>
#include <cstring>

#include "op.h"
#include "parallel.h"

namespace seg {
namespace {

struct Volume {
  explicit Volume(const Tensor& x) : depth(x.dim(1)), height(x.dim(2)), width(x.dim(3)), channels(x.dim(4)) {}
  int64_t at(int64_t n, int64_t d, int64_t h, int64_t w) const { return (((n * depth + d) * height + h) * width + w) * channels; }
  int64_t depth, height, width, channels;
};

// Windows of one volume; `before`: voxels by which the first window lies outside.
struct Windows {
  explicit Windows(Attributes& attributes)
      : size(attributes.integers("size", 3)),
        strides(attributes.integers("strides", 3)),
        before(attributes.integers("before", 3)),
        output(attributes.integers("output", 3)) {}

  struct Range {
    int64_t from, to;
  };
  // Voxels of window `index` along an axis of `length` voxels.
  Range along(int axis, int64_t index, int64_t length) const {
    const int64_t from = index * strides[axis] - before[axis];
    return {std::max<int64_t>(0, from), std::min(length, from + size[axis])};
  }
  struct Row {
    int64_t sample;
    Range depths, heights;
  };
  // Row `row` of windows, counted over samples and depths.
  Row of_row(int64_t row, const Volume& in) const {
    const int64_t height = output[1], depth = output[0];
    return {row / (depth * height), along(0, row / height % depth, in.depth), along(1, row % height, in.height)};
  }
  // No voxel lies in two windows.
  bool apart() const {
    for (int axis = 0; axis < 3; axis++) {
      if (strides[axis] < size[axis]) return false;
    }
    return true;
  }

  std::vector<int64_t> size, strides, before, output;
};

SEG_INLINE void keep_larger(const float* __restrict x, int64_t count, float* __restrict y) {
  for (int64_t c = 0; c < count; c++) y[c] = x[c] > y[c] || x[c] != x[c] ? x[c] : y[c];
}

SEG_INLINE void larger_of_two(const float* __restrict x, const float* __restrict x2, int64_t count, float* __restrict y) {
  for (int64_t c = 0; c < count; c++) y[c] = x2[c] > x[c] || x2[c] != x2[c] ? x2[c] : x[c];
}

SEG_VECTORS void pool_row(const Windows& windows, const Volume& in, const float* x, int64_t row, float* y) {
  const auto [n, ds, hs] = windows.of_row(row, in);
  for (int64_t ow = 0; ow < windows.output[2]; ow++, y += in.channels) {
    const auto ws = windows.along(2, ow, in.width);
    bool first = true;
    for (int64_t d = ds.from; d < ds.to; d++) {
      for (int64_t h = hs.from; h < hs.to; h++) {
        int64_t w = ws.from;
        const float* at = x + in.at(n, d, h, w);
        if (first && ws.to - ws.from >= 2) {
          larger_of_two(at, at + in.channels, in.channels, y);
          w += 2;
        } else if (first) {
          std::memcpy(y, at, in.channels * sizeof(float));
          w++;
        }
        first = false;
        for (; w < ws.to; w++) keep_larger(x + in.at(n, d, h, w), in.channels, y);
      }
    }
  }
}

struct Gradients {
  Volume in;
  const float *dy, *x, *y;
  float* dx;
};

// Gives `count` channels from `c` on of each window in a row to the first of its largest voxels. dx is added to, or
// written where no voxel lies in two windows. rest: `count` floats.
template <bool add>
SEG_INLINE void give_row(const Windows& windows, const Gradients& g, int64_t row, int64_t c, int64_t count, float* __restrict rest) {
  const Volume& in = g.in;
  const auto [n, ds, hs] = windows.of_row(row, in);
  for (int64_t ow = 0; ow < windows.output[2]; ow++) {
    const auto ws = windows.along(2, ow, in.width);
    const int64_t window = (row * windows.output[2] + ow) * in.channels + c;
    const float* __restrict y = g.y + window;
    std::memcpy(rest, g.dy + window, count * sizeof(float));
    for (int64_t d = ds.from; d < ds.to; d++) {
      for (int64_t h = hs.from; h < hs.to; h++) {
        for (int64_t w = ws.from; w < ws.to; w++) {
          const float* __restrict x = g.x + in.at(n, d, h, w) + c;
          float* __restrict dx = g.dx + in.at(n, d, h, w) + c;
          for (int64_t i = 0; i < count; i++) {
            const bool hit = x[i] == y[i];
            const float share = hit ? rest[i] : 0;
            dx[i] = add ? dx[i] + share : share;
            rest[i] = hit ? 0 : rest[i];
          }
        }
      }
    }
  }
}

SEG_VECTORS void write_rows(const Windows& windows, const Gradients& g, int64_t from, int64_t to, float* rest) {
  for (int64_t row = from; row < to; row++) give_row<false>(windows, g, row, 0, g.in.channels, rest);
}

SEG_VECTORS void add_rows(const Windows& windows, const Gradients& g, int64_t from, int64_t to, int64_t c, int64_t count, float* rest) {
  for (int64_t row = from; row < to; row++) give_row<true>(windows, g, row, c, count, rest);
}

class MaxPool {
 public:
  explicit MaxPool(Attributes& attributes) : windows_(attributes) {}

  void compute(Call& call) const {
    const Tensor input = call.input(0);
    const Volume in(input);
    const int64_t depth = windows_.output[0], height = windows_.output[1], width = windows_.output[2];
    const Tensor output = call.output(0, {input.dim(0), depth, height, width, in.channels});
    const float* x = input.data();
    float* y = output.data();
    parallel_for(input.dim(0) * depth * height, 1 + 4096 / (width * in.channels), [&](int64_t from, int64_t to, int) {
      for (int64_t row = from; row < to; row++) pool_row(windows_, in, x, row, y + row * width * in.channels);
    });
  }

 private:
  Windows windows_;
};

class MaxPoolGrad {
 public:
  explicit MaxPoolGrad(Attributes& attributes) : windows_(attributes) {}

  void compute(Call& call) const {
    const Tensor gradient = call.input(0), input = call.input(1), output = call.input(2);
    const Volume in(input);
    const Tensor result = call.output(0, input.shape());
    const Gradients pass{in, gradient.data(), input.data(), output.data(), result.data()};
    const int64_t batch = input.dim(0), depth = windows_.output[0], height = windows_.output[1];
    if (!covers(in)) {
      const int64_t slice = in.height * in.width * in.channels;
      parallel_for(batch * in.depth, 1 + 65536 / slice, [&](int64_t from, int64_t to, int) {
        std::memset(pass.dx + from * slice, 0, (to - from) * slice * sizeof(float));
      });
    }
    if (windows_.apart()) {
      parallel_for(batch * depth * height, 1 + 4096 / (windows_.output[2] * in.channels), [&](int64_t from, int64_t to, int) {
        std::vector<float> rest(in.channels);
        write_rows(windows_, pass, from, to, rest.data());
      });
      return;
    }
    // Where windows overlap, channels are what threads can share without meeting.
    const int64_t block = 16, blocks = (in.channels + block - 1) / block;
    parallel_for(batch * blocks, 1, [&](int64_t from, int64_t to, int) {
      float rest[16];
      for (int64_t item = from; item < to; item++) {
        const int64_t c = item % blocks * block, count = std::min(block, in.channels - c);
        const int64_t first = item / blocks * depth * height;
        add_rows(windows_, pass, first, first + depth * height, c, count, rest);
      }
    });
  }

 private:
  // Every voxel lies in exactly one window.
  bool covers(const Volume& in) const {
    const int64_t lengths[] = {in.depth, in.height, in.width};
    for (int axis = 0; axis < 3; axis++) {
      const bool tiles = windows_.strides[axis] == windows_.size[axis] && windows_.before[axis] == 0;
      if (!tiles || windows_.output[axis] * windows_.size[axis] < lengths[axis]) return false;
    }
    return true;
  }

  Windows windows_;
};

const auto attributes = {"size: list(int)", "strides: list(int)", "before: list(int)", "output: list(int)"};
const Register<MaxPool> pool("SegMaxPool3D", {"x: float"}, {"y: float"}, attributes);
const Register<MaxPoolGrad> grad("SegMaxPool3DGrad", {"dy: float", "x: float", "y: float"}, {"dx: float"}, attributes);

}  // namespace
}  // namespace seg
