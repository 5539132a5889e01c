// Updates of parameters (PyTorch's SGD, Adam and AdamW) in one pass, and the bias of a convolution.
#include <cmath>

#include "op.h"
#include "parallel.h"

namespace seg {
namespace {

constexpr int64_t grain = 16384;

// `numbers`: learning rate, momentum, weight decay, factor of the gradient, Nesterov (1 or 0). They change from step to
// step, and TensorFlow keeps one kernel for every value of an attribute, so they are an input.
SEG_VECTORS void sgd(const float* p, const float* grad, const float* v, int64_t count, const float* numbers, float* p2,
                     float* v2) {
  const float rate = numbers[0], momentum = numbers[1], decay = numbers[2], scale = numbers[3];
  const bool nesterov = numbers[4] != 0;
  const float own = nesterov ? 1 : 0, past = nesterov ? momentum : 1;
  for (int64_t i = 0; i < count; i++) {
    const float g = scale * grad[i] + decay * p[i];
    const float next = momentum * v[i] + g;
    v2[i] = next;
    p2[i] = p[i] - rate * (own * g + past * next);
  }
}

class SgdUpdate {
 public:
  explicit SgdUpdate(Attributes&) {}

  void compute(Call& call) const {
    const Tensor param = call.input(0), grad = call.input(1), velocity = call.input(2), numbers = call.input(3);
    const Tensor next = call.output(0, param.shape()), next_velocity = call.output(1, param.shape());
    parallel_for(param.size(), grain, [&](int64_t from, int64_t to, int) {
      sgd(param.data() + from, grad.data() + from, velocity.data() + from, to - from, numbers.data(), next.data() + from,
          next_velocity.data() + from);
    });
  }
};

// `numbers`: rate / (1 - beta1^t), beta1, beta2, 1 - beta1, 1 - beta2, 1 / sqrt(1 - beta2^t), epsilon, weight decay that
// joins the gradient, what the parameter is multiplied by first, factor of the gradient.
struct AdamTensors {
  const float *p, *grad, *first, *second;
  float *p2, *first2, *second2;
};

SEG_VECTORS void adam(const AdamTensors& t, int64_t from, int64_t to, const float* n) {
  const float rate = n[0], beta1 = n[1], beta2 = n[2], rest1 = n[3], rest2 = n[4];
  const float correction = n[5], epsilon = n[6], decay = n[7], keep = n[8], scale = n[9];
  for (int64_t i = from; i < to; i++) {
    const float g = scale * t.grad[i] + decay * t.p[i];
    const float m = beta1 * t.first[i] + rest1 * g;
    const float v = beta2 * t.second[i] + rest2 * g * g;
    t.first2[i] = m;
    t.second2[i] = v;
    t.p2[i] = keep * t.p[i] - rate * m / (std::sqrt(v) * correction + epsilon);
  }
}

class AdamUpdate {
 public:
  explicit AdamUpdate(Attributes&) {}

  void compute(Call& call) const {
    const Tensor param = call.input(0), grad = call.input(1), first = call.input(2), second = call.input(3);
    const Tensor numbers = call.input(4);
    const auto shape = param.shape();
    const Tensor next = call.output(0, shape), next_first = call.output(1, shape), next_second = call.output(2, shape);
    const AdamTensors tensors{param.data(), grad.data(),       first.data(),      second.data(),
                              next.data(),  next_first.data(), next_second.data()};
    parallel_for(param.size(), grain,
                 [&](int64_t from, int64_t to, int) { adam(tensors, from, to, numbers.data()); });
  }
};

SEG_VECTORS void add_rows(float* x, const float* bias, int64_t rows, int64_t channels) {
  for (int64_t row = 0; row < rows; row++, x += channels) {
    for (int64_t c = 0; c < channels; c++) x[c] += bias[c];
  }
}

// In place: for a tensor that nobody else holds.
class BiasInPlace {
 public:
  explicit BiasInPlace(Attributes&) {}

  void compute(Call& call) const {
    const Tensor x = call.input(0), bias = call.input(1);
    const int64_t channels = bias.size();
    parallel_for(x.size() / channels, 1 + grain / channels, [&](int64_t from, int64_t to, int) {
      add_rows(x.data() + from * channels, bias.data(), to - from, channels);
    });
    call.forward(0, x);
  }
};

const Register<SgdUpdate> sgd_update("SegSgdUpdate",
                                     {"param: float", "grad: float", "velocity: float", "numbers: float"},
                                     {"next: float", "next_velocity: float"}, {});
const Register<AdamUpdate> adam_update("SegAdamUpdate",
                                       {"param: float", "grad: float", "first: float", "second: float",
                                        "numbers: float"},
                                       {"next: float", "next_first: float", "next_second: float"}, {});
const Register<BiasInPlace> bias_in_place("SegBiasInPlace", {"x: float", "bias: float"}, {"y: float"}, {});

}  // namespace
}  // namespace seg
