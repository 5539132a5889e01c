// A loop in parallel over the threads that TensorFlow was given (TF_NUM_INTRAOP_THREADS).
#pragma once
#include <cstdint>
#include <functional>

namespace seg {

// Threads that parallel_for uses, the caller's among them.
int threads();

// Calls body(begin, end, part) for neighbouring ranges that cover 0..count, one part a thread (part < threads()), and
// waits for all. Work below `grain` items a part is not split further. Not to be called from within a body.
void parallel_for(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t, int)>& body);

}  // namespace seg
