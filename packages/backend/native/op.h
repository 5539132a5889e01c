// Ops and their kernels for the processor, written against TensorFlow's C API, which does not change between versions.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "c_api.h"

// Loops over floats are compiled once more for processors with FMA, thus 256-bit vectors; which one runs is chosen when
// the library is loaded. (An "arch=..." here would mean that very processor, and no later one.)
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__)
#define SEG_VECTORS __attribute__((target_clones("fma", "default")))
#else
#define SEG_VECTORS
#endif
// Eight floats that lie anywhere. The compiler splits them where registers are shorter.
typedef float Floats __attribute__((vector_size(32), aligned(4), may_alias));
// Loops that such a function is made of.
#define SEG_INLINE inline __attribute__((always_inline))
#define SEG_LAMBDA __attribute__((always_inline))

namespace seg {

// A tensor of one call: an input, or an output that was allocated for it.
class Tensor {
 public:
  explicit Tensor(TF_Tensor* tensor) : tensor_(tensor) {}
  Tensor(Tensor&& other) noexcept : tensor_(other.tensor_) { other.tensor_ = nullptr; }
  Tensor(const Tensor&) = delete;
  ~Tensor() {
    if (tensor_ != nullptr) TF_DeleteTensor(tensor_);
  }
  int64_t dim(int axis) const { return TF_Dim(tensor_, axis); }
  int rank() const { return TF_NumDims(tensor_); }
  int64_t size() const { return TF_TensorElementCount(tensor_); }
  std::vector<int64_t> shape() const;
  template <typename T = float>
  T* data() const {
    return static_cast<T*>(TF_TensorData(tensor_));
  }
  TF_Tensor* handle() const { return tensor_; }

 private:
  TF_Tensor* tensor_;
};

// One call of a kernel.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  Call(const Call&) = delete;
  ~Call() { TF_DeleteStatus(status_); }
  Tensor input(int index);
  // A new tensor of floats, not initialised.
  Tensor output(int index, const std::vector<int64_t>& shape);
  // Gives an input out again.
  void forward(int index, const Tensor& input);

 private:
  TF_OpKernelContext* context_;
  TF_Status* status_;
};

// Attributes of an op, read once when its kernel is made.
class Attributes {
 public:
  explicit Attributes(TF_OpKernelConstruction* construction) : construction_(construction), status_(TF_NewStatus()) {}
  Attributes(const Attributes&) = delete;
  ~Attributes() { TF_DeleteStatus(status_); }
  float number(const char* name);
  int64_t integer(const char* name);
  bool flag(const char* name);
  std::vector<int64_t> integers(const char* name, int count);

 private:
  TF_OpKernelConstruction* construction_;
  TF_Status* status_;
};

struct OpDefinition {
  const char* name;
  std::vector<const char*> inputs;   // "x: float"
  std::vector<const char*> outputs;  // "y: float"
  std::vector<const char*> attributes;
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*destroy)(void*);
};

void register_op(const OpDefinition& definition);

// Registers an op whose kernel is a class with a constructor from Attributes& and `void compute(Call&) const`.
template <typename Kernel>
struct Register {
  Register(const char* name, std::initializer_list<const char*> inputs, std::initializer_list<const char*> outputs,
           std::initializer_list<const char*> attributes) {
    register_op({name, inputs, outputs, attributes,
                 [](TF_OpKernelConstruction* construction) -> void* {
                   Attributes read(construction);
                   return new Kernel(read);
                 },
                 [](void* kernel, TF_OpKernelContext* context) {
                   Call call(context);
                   static_cast<const Kernel*>(kernel)->compute(call);
                 },
                 [](void* kernel) { delete static_cast<Kernel*>(kernel); }});
  }
};

}  // namespace seg
