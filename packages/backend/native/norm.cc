// Group norm (instance norm: a group for each channel) with a leaky ReLU, and its gradient, in two passes each.
#include <algorithm>
#include <cmath>
#include <vector>

#include "op.h"
#include "parallel.h"

namespace seg {
namespace {

// Rows that are summed in single precision before the sum joins a double, and that stay in the cache meanwhile.
constexpr int64_t block_rows = 64;

// What a column of x is taken through: z = scale * (x - centre) + offset.
struct Columns {
  const float *centre, *scale, *offset;
  float slope;
};

// A block of columns: eight neighbours in a vector, or one.
struct Eight {
  using Value = Floats;
  static SEG_INLINE void add(double* sums, const Value& v) {
    for (int i = 0; i < 8; i++) sums[i] += v[i];
  }
};
struct One {
  using Value = float;
  static SEG_INLINE void add(double* sums, const Value& v) { *sums += v; }
};

template <typename B>
SEG_INLINE const typename B::Value& get(const float* p) {
  return *reinterpret_cast<const typename B::Value*>(p);
}
template <typename B>
SEG_INLINE typename B::Value& get(float* p) {
  return *reinterpret_cast<typename B::Value*>(p);
}

// Calls body(c, block) for all columns, by eights and then one by one.
template <typename Body>
SEG_INLINE void for_columns(int64_t channels, const Body& body) {
  int64_t c = 0;
  for (; c + 8 <= channels; c += 8) body(c, Eight());
  for (; c < channels; c++) body(c, One());
}

// Sums of (x - centre) and of its square.
template <typename B>
SEG_INLINE void sum_columns(const float* x, const float* centre, int64_t rows, int64_t channels, double* sums, double* squares) {
  using V = typename B::Value;
  const V m = get<B>(centre);
  V s = {}, q = {};
  for (int64_t row = 0; row < rows; row++, x += channels) {
    const V v = get<B>(x) - m;
    s += v;
    q += v * v;
  }
  B::add(sums, s);
  B::add(squares, q);
}

// The same of g = dy through the leaky ReLU, and of g * (x - centre).
template <typename B>
SEG_INLINE void sum_gradients(const float* x, const float* dy, const Columns& k, int64_t c, int64_t rows, int64_t channels, double* sums, double* products) {
  using V = typename B::Value;
  const V m = get<B>(k.centre + c), a = get<B>(k.scale + c), b = get<B>(k.offset + c);
  V s = {}, q = {};
  for (int64_t row = 0; row < rows; row++, x += channels, dy += channels) {
    const V v = get<B>(x) - m, r = get<B>(dy);
    const V g = a * v + b > 0 ? r : r * k.slope;
    s += g;
    q += g * v;
  }
  B::add(sums, s);
  B::add(products, q);
}

template <typename B>
SEG_INLINE void apply_columns(const float* x, const Columns& k, int64_t c, int64_t rows, int64_t channels, float* y) {
  using V = typename B::Value;
  const V m = get<B>(k.centre + c), a = get<B>(k.scale + c), b = get<B>(k.offset + c);
  for (int64_t row = 0; row < rows; row++, x += channels, y += channels) {
    const V z = a * (get<B>(x) - m) + b;
    get<B>(y) = z > 0 ? z : z * k.slope;
  }
}

// dx = own * g + along * (x - centre) + constant.
struct Back {
  const float *own, *along, *constant;
};

template <typename B>
SEG_INLINE void apply_back(const float* x, const float* dy, const Columns& k, const Back& back, int64_t c, int64_t rows, int64_t channels, float* dx) {
  using V = typename B::Value;
  const V m = get<B>(k.centre + c), a = get<B>(k.scale + c), b = get<B>(k.offset + c);
  const V own = get<B>(back.own + c), along = get<B>(back.along + c), constant = get<B>(back.constant + c);
  for (int64_t row = 0; row < rows; row++, x += channels, dy += channels, dx += channels) {
    const V v = get<B>(x) - m, r = get<B>(dy);
    const V g = a * v + b > 0 ? r : r * k.slope;
    get<B>(dx) = own * g + (along * v + constant);
  }
}

SEG_VECTORS void statistics(const float* x, const float* centre, int64_t rows, int64_t channels, double* sums, double* squares) {
  for (int64_t row = 0; row < rows; row += block_rows) {
    const int64_t count = std::min(block_rows, rows - row);
    for_columns(channels, [&](int64_t c, auto block) SEG_LAMBDA {
      sum_columns<decltype(block)>(x + row * channels + c, centre + c, count, channels, sums + c, squares + c);
    });
  }
}

SEG_VECTORS void gradient_statistics(const float* x, const float* dy, const Columns& k, int64_t rows, int64_t channels, double* sums, double* products) {
  for (int64_t row = 0; row < rows; row += block_rows) {
    const int64_t count = std::min(block_rows, rows - row);
    for_columns(channels, [&](int64_t c, auto block) SEG_LAMBDA {
      const int64_t from = row * channels + c;
      sum_gradients<decltype(block)>(x + from, dy + from, k, c, count, channels, sums + c, products + c);
    });
  }
}

SEG_VECTORS void apply(const float* x, const Columns& k, int64_t rows, int64_t channels, float* y) {
  for (int64_t row = 0; row < rows; row += block_rows) {
    const int64_t count = std::min(block_rows, rows - row);
    for_columns(channels, [&](int64_t c, auto block) SEG_LAMBDA {
      const int64_t from = row * channels + c;
      apply_columns<decltype(block)>(x + from, k, c, count, channels, y + from);
    });
  }
}

SEG_VECTORS void apply_gradient(const float* x, const float* dy, const Columns& k, const Back& back, int64_t rows, int64_t channels, float* dx) {
  for (int64_t row = 0; row < rows; row += block_rows) {
    const int64_t count = std::min(block_rows, rows - row);
    for_columns(channels, [&](int64_t c, auto block) SEG_LAMBDA {
      const int64_t from = row * channels + c;
      apply_back<decltype(block)>(x + from, dy + from, k, back, c, count, channels, dx + from);
    });
  }
}

// Two sums a channel over all rows: `body(from, to, sums, others)` adds those of some rows.
template <typename Body>
std::vector<double> sum_rows(int64_t rows, int64_t channels, Body body) {
  std::vector<double> partial(2 * channels * threads());
  parallel_for(rows, 1 + 16384 / channels, [&](int64_t from, int64_t to, int part) {
    std::vector<double> own(2 * channels);  // apart from those of other threads, or each write would stop the other
    body(from, to, own.data(), own.data() + channels);
    std::copy(own.begin(), own.end(), partial.begin() + 2 * channels * part);
  });
  for (int64_t i = 2 * channels; i < static_cast<int64_t>(partial.size()); i++) partial[i % (2 * channels)] += partial[i];
  return partial;
}

struct Settings {
  explicit Settings(Attributes& attributes)
      : groups(attributes.integer("groups")), epsilon(attributes.number("epsilon")), slope(attributes.number("slope")) {}
  int64_t groups;
  float epsilon, slope;
};

class Norm {
 public:
  explicit Norm(Attributes& attributes) : settings_(attributes) {}

  void compute(Call& call) const {
    const Tensor x = call.input(0), scale = call.input(1), offset = call.input(2);
    const int64_t batch = x.dim(0), channels = x.dim(4), rows = x.size() / (batch * channels);
    const Tensor y = call.output(0, x.shape());
    const Tensor mean = call.output(1, {batch, settings_.groups}), inverse = call.output(2, {batch, settings_.groups});
    std::vector<float> centre(channels), factor(channels);
    for (int64_t n = 0; n < batch; n++) {
      const float* in = x.data() + n * rows * channels;
      float *m = mean.data() + n * settings_.groups, *s = inverse.data() + n * settings_.groups;
      describe(in, rows, channels, m, s);
      const int64_t members = channels / settings_.groups;
      for (int64_t c = 0; c < channels; c++) {
        centre[c] = m[c / members];
        factor[c] = scale.data()[c] * s[c / members];
      }
      const Columns columns{centre.data(), factor.data(), offset.data(), settings_.slope};
      float* out = y.data() + n * rows * channels;
      parallel_for(rows, 1 + 16384 / channels, [&](int64_t from, int64_t to, int) {
        apply(in + from * channels, columns, to - from, channels, out + from * channels);
      });
    }
  }

 private:
  // Mean and inverse deviation of each group. Sums are taken around the first voxel, so that a large mean costs nothing.
  void describe(const float* x, int64_t rows, int64_t channels, float* mean, float* inverse) const {
    const auto sums = sum_rows(rows, channels, [&](int64_t from, int64_t to, double* sums, double* squares) {
      statistics(x + from * channels, x, to - from, channels, sums, squares);
    });
    const int64_t members = channels / settings_.groups;
    for (int64_t g = 0; g < settings_.groups; g++) {
      double middle = 0, spread = 0;
      for (int64_t c = g * members; c < (g + 1) * members; c++) middle += (x[c] + sums[c] / rows) / members;
      for (int64_t c = g * members; c < (g + 1) * members; c++) {
        const double shift = sums[c] / rows, between = x[c] + shift - middle;
        spread += (std::max(0.0, sums[channels + c] / rows - shift * shift) + between * between) / members;
      }
      mean[g] = static_cast<float>(middle);
      inverse[g] = static_cast<float>(1 / std::sqrt(spread + settings_.epsilon));
    }
  }

  Settings settings_;
};

class NormGrad {
 public:
  explicit NormGrad(Attributes& attributes) : settings_(attributes) {}

  void compute(Call& call) const {
    const Tensor x = call.input(0), scale = call.input(1), offset = call.input(2);
    const Tensor mean = call.input(3), inverse = call.input(4), dy = call.input(5);
    const int64_t batch = x.dim(0), channels = x.dim(4), rows = x.size() / (batch * channels);
    const Tensor dx = call.output(0, x.shape()), d_scale = call.output(1, {channels}), d_offset = call.output(2, {channels});
    std::vector<double> to_scale(channels), to_offset(channels);
    std::vector<float> table(5 * channels);
    float *centre = table.data(), *factor = centre + channels;
    for (int64_t n = 0; n < batch; n++) {
      const int64_t start = n * rows * channels;
      const float *m = mean.data() + n * settings_.groups, *s = inverse.data() + n * settings_.groups;
      const int64_t members = channels / settings_.groups;
      for (int64_t c = 0; c < channels; c++) {
        centre[c] = m[c / members];
        factor[c] = scale.data()[c] * s[c / members];
      }
      const Columns columns{centre, factor, offset.data(), settings_.slope};
      const float *in = x.data() + start, *gradient = dy.data() + start;
      const auto sums = sum_rows(rows, channels, [&](int64_t from, int64_t to, double* sums, double* products) {
        gradient_statistics(in + from * channels, gradient + from * channels, columns, to - from, channels, sums, products);
      });
      for (int64_t c = 0; c < channels; c++) {
        to_offset[c] += sums[c];
        to_scale[c] += sums[channels + c] * s[c / members];
      }
      const Back back = share(sums, scale.data(), s, rows, channels, table);
      float* out = dx.data() + start;
      parallel_for(rows, 1 + 16384 / channels, [&](int64_t from, int64_t to, int) {
        const int64_t at = from * channels;
        apply_gradient(in + at, gradient + at, columns, back, to - from, channels, out + at);
      });
    }
    std::copy(to_scale.begin(), to_scale.end(), d_scale.data());
    std::copy(to_offset.begin(), to_offset.end(), d_offset.data());
  }

 private:
  // dx = inverse * (scale * g - mean of scale * g - normal * mean of scale * g * normal), means over the group.
  Back share(const std::vector<double>& sums, const float* scale, const float* inverse, int64_t rows, int64_t channels,
             std::vector<float>& table) const {
    float *own = table.data() + 2 * channels, *along = own + channels, *constant = along + channels;
    const int64_t members = channels / settings_.groups;
    for (int64_t g = 0; g < settings_.groups; g++) {
      double mean = 0, product = 0;
      for (int64_t c = g * members; c < (g + 1) * members; c++) {
        mean += scale[c] * sums[c] / (rows * members);
        product += scale[c] * sums[channels + c] * inverse[g] / (rows * members);
      }
      for (int64_t c = g * members; c < (g + 1) * members; c++) {
        own[c] = inverse[g] * scale[c];
        along[c] = static_cast<float>(-product * inverse[g] * inverse[g]);
        constant[c] = static_cast<float>(-mean * inverse[g]);
      }
    }
    return {own, along, constant};
  }

  Settings settings_;
};

const auto attributes = {"groups: int", "epsilon: float", "slope: float"};
const Register<Norm> norm("SegNormActivation", {"x: float", "scale: float", "offset: float"},
                          {"y: float", "mean: float", "inverse: float"}, attributes);
const Register<NormGrad> grad("SegNormActivationGrad",
                              {"x: float", "scale: float", "offset: float", "mean: float", "inverse: float",
                               "dy: float"},
                              {"dx: float", "d_scale: float", "d_offset: float"}, attributes);

}  // namespace
}  // namespace seg
