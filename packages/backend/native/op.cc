#include "op.h"

#include <cstdio>
#include <cstdlib>

namespace seg {
namespace {

// Only a mistake in these files comes here: the callers in TypeScript check what users pass.
void require(TF_Status* status, const char* what) {
  if (TF_GetCode(status) == TF_OK) return;
  std::fprintf(stderr, "seg kernels: %s: %s\n", what, TF_Message(status));
  std::abort();
}

}  // namespace

std::vector<int64_t> Tensor::shape() const {
  std::vector<int64_t> shape(rank());
  for (int axis = 0; axis < rank(); axis++) shape[axis] = dim(axis);
  return shape;
}

Tensor Call::input(int index) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context_, index, &tensor, status_);
  require(status_, "input");
  return Tensor(tensor);
}

Tensor Call::output(int index, const std::vector<int64_t>& shape) {
  size_t bytes = sizeof(float);
  for (const int64_t n : shape) bytes *= n;
  TF_Tensor* tensor = TF_AllocateOutput(context_, index, TF_FLOAT, shape.data(), static_cast<int>(shape.size()), bytes, status_);
  require(status_, "output");
  return Tensor(tensor);
}

void Call::forward(int index, const Tensor& input) {
  TF_SetOutput(context_, index, input.handle(), status_);
  require(status_, "forward");
}

float Attributes::number(const char* name) {
  float value = 0;
  TF_OpKernelConstruction_GetAttrFloat(construction_, name, &value, status_);
  require(status_, name);
  return value;
}

int64_t Attributes::integer(const char* name) {
  int64_t value = 0;
  TF_OpKernelConstruction_GetAttrInt64(construction_, name, &value, status_);
  require(status_, name);
  return value;
}

bool Attributes::flag(const char* name) {
  unsigned char value = 0;
  TF_OpKernelConstruction_GetAttrBool(construction_, name, &value, status_);
  require(status_, name);
  return value != 0;
}

std::vector<int64_t> Attributes::integers(const char* name, int count) {
  std::vector<int64_t> values(count);
  TF_OpKernelConstruction_GetAttrInt64List(construction_, name, values.data(), count, status_);
  require(status_, name);
  return values;
}

void register_op(const OpDefinition& definition) {
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(definition.name);
  for (const char* input : definition.inputs) TF_OpDefinitionBuilderAddInput(op, input);
  for (const char* output : definition.outputs) TF_OpDefinitionBuilderAddOutput(op, output);
  for (const char* attribute : definition.attributes) TF_OpDefinitionBuilderAddAttr(op, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, &TF_ShapeInferenceContextSetUnknownShape);
  TF_Status* status = TF_NewStatus();
  TF_RegisterOpDefinition(op, status);
  require(status, definition.name);
  TF_KernelBuilder* kernel =
      TF_NewKernelBuilder(definition.name, "CPU", definition.create, definition.compute, definition.destroy);
  TF_RegisterKernelBuilder(definition.name, kernel, status);
  require(status, definition.name);
  TF_DeleteStatus(status);
}

}  // namespace seg
