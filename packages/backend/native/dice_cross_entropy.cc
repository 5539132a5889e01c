// Mean cross-entropy plus one minus mean soft Dice of softmax probabilities, with the gradient to the logits.
#include <algorithm>
#include <cmath>
#include <vector>

#include "op.h"
#include "parallel.h"

namespace seg {
namespace {

struct Settings {
  explicit Settings(Attributes& a)
      : cross_entropy(a.number("cross_entropy")), dice(a.number("dice")), smooth(a.number("smooth")),
        background(a.flag("background")), over_batch(a.flag("over_batch")), ignore(a.integer("ignore")) {}
  float cross_entropy, dice, smooth;
  bool background, over_batch;
  int64_t ignore;  // -1: none
};

// Sums over voxels: cross-entropy, voxels that count, then for each class those of p, of y and of p * y.
using Sums = std::vector<double>;

// Softmax of each voxel to `p`, and its sums. A label outside the classes counts, with every y zero.
SEG_VECTORS void softmax_rows(const float* logits, const int32_t* labels, int64_t rows, int64_t classes, int64_t ignore,
                              float* p, double* sums) {
  double *of_p = sums + 2, *of_y = of_p + classes, *of_both = of_y + classes;
  for (int64_t row = 0; row < rows; row++, logits += classes, p += classes) {
    const int64_t label = labels[row];
    float largest = logits[0], total = 0;
    for (int64_t c = 1; c < classes; c++) largest = std::max(largest, logits[c]);
    for (int64_t c = 0; c < classes; c++) {
      p[c] = std::exp(logits[c] - largest);
      total += p[c];
    }
    const float inverse = 1 / total;
    for (int64_t c = 0; c < classes; c++) p[c] *= inverse;
    if (ignore >= 0 && label == ignore) continue;
    sums[1] += 1;
    for (int64_t c = 0; c < classes; c++) of_p[c] += p[c];
    if (label < 0 || label >= classes) continue;
    sums[0] += std::log(total) - (logits[label] - largest);
    of_y[label] += 1;
    of_both[label] += p[label];
  }
}

// Turns the probabilities of each voxel into the gradient. d Dice / d p = slope (2 y - ratio).
SEG_VECTORS void gradient_rows(const int32_t* labels, int64_t rows, int64_t classes, int64_t ignore, float per_voxel,
                               const float* slope, const float* ratio, float* p) {
  for (int64_t row = 0; row < rows; row++, p += classes) {
    const int64_t label = labels[row];
    if (ignore >= 0 && label == ignore) {
      std::fill(p, p + classes, 0.0f);
      continue;
    }
    const bool known = label >= 0 && label < classes;
    float along = known ? p[label] * slope[label] * 2 : 0;
    for (int64_t c = 0; c < classes; c++) along -= p[c] * slope[c] * ratio[c];
    const float share = known ? per_voxel : 0;
    const float own = known ? p[label] * slope[label] * 2 - per_voxel : 0;
    // Cross-entropy gives p - y, Dice p (d_c - the mean of d under p) with d its gradient to p. A label that is no class
    // has no cross-entropy.
    for (int64_t c = 0; c < classes; c++) p[c] = p[c] * (share - slope[c] * ratio[c] - along);
    if (known) p[label] += own;
  }
}

class DiceCrossEntropy {
 public:
  explicit DiceCrossEntropy(Attributes& attributes) : settings_(attributes) {}

  void compute(Call& call) const {
    const Tensor logits = call.input(0), labels = call.input(1);
    const int64_t batch = logits.dim(0), classes = logits.dim(4), rows = labels.size() / batch;
    const Tensor loss = call.output(0, {}), gradient = call.output(1, logits.shape());
    std::vector<Sums> sums;
    for (int64_t n = 0; n < batch; n++) {
      sums.push_back(sum_sample(logits.data() + n * rows * classes, labels.data<int32_t>() + n * rows, rows, classes,
                                gradient.data() + n * rows * classes));
    }
    double entropy = 0, voxels = 0;
    for (const Sums& s : sums) {
      entropy += s[0];
      voxels += s[1];
    }
    if (settings_.over_batch) {
      for (int64_t n = 1; n < batch; n++) {
        for (size_t i = 0; i < sums[0].size(); i++) sums[0][i] += sums[n][i];
      }
      sums.resize(1);
    }
    voxels = std::max(1.0, voxels);
    double dice = 0;
    const int64_t first = settings_.background ? 0 : 1;
    const double terms = static_cast<double>((classes - first) * sums.size());
    std::vector<float> slope(classes * sums.size()), ratio(classes * sums.size());
    for (size_t n = 0; n < sums.size(); n++) {
      const double *p = sums[n].data() + 2, *y = p + classes, *both = y + classes;
      for (int64_t c = first; c < classes; c++) {
        const double below = p[c] + y[c] + settings_.smooth, value = (2 * both[c] + settings_.smooth) / below;
        dice += value / terms;
        slope[n * classes + c] = static_cast<float>(-settings_.dice / terms / below);
        ratio[n * classes + c] = static_cast<float>(value);
      }
    }
    *loss.data() = static_cast<float>(settings_.cross_entropy * entropy / voxels + settings_.dice * (1 - dice));
    const float per_voxel = static_cast<float>(settings_.cross_entropy / voxels);
    for (int64_t n = 0; n < batch; n++) {
      const int64_t shared = settings_.over_batch ? 0 : n * classes;
      parallel_for(rows, 4096, [&](int64_t from, int64_t to, int) {
        const int64_t at = n * rows + from;
        gradient_rows(labels.data<int32_t>() + at, to - from, classes, settings_.ignore, per_voxel,
                      slope.data() + shared, ratio.data() + shared, gradient.data() + at * classes);
      });
    }
  }

 private:
  Sums sum_sample(const float* logits, const int32_t* labels, int64_t rows, int64_t classes, float* p) const {
    const int64_t width = 2 + 3 * classes;
    Sums partial(width * threads());
    parallel_for(rows, 4096, [&](int64_t from, int64_t to, int part) {
      Sums own(width);  // apart from those of other threads, or each write would stop the other
      softmax_rows(logits + from * classes, labels + from, to - from, classes, settings_.ignore, p + from * classes,
                   own.data());
      std::copy(own.begin(), own.end(), partial.begin() + part * width);
    });
    for (size_t i = width; i < partial.size(); i++) partial[i % width] += partial[i];
    partial.resize(width);
    return partial;
  }

  Settings settings_;
};

const Register<DiceCrossEntropy> loss("SegDiceCrossEntropy", {"logits: float", "labels: int32"},
                                      {"loss: float", "gradient: float"},
                                      {"cross_entropy: float", "dice: float", "smooth: float", "background: bool",
                                       "over_batch: bool", "ignore: int"});

}  // namespace
}  // namespace seg
