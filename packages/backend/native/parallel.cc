#include "parallel.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace seg {
namespace {

class Pool {
 public:
  explicit Pool(int size) {
    // Detached: the library stays loaded until the process ends, which must not wait for them.
    for (int i = 1; i < size; i++) std::thread([this, i] { serve(i); }).detach();
  }

  void run(int parts, const std::function<void(int)>& work) {
    const std::lock_guard<std::mutex> one_at_a_time(callers_);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      work_ = &work;
      parts_ = parts;
      left_ = parts - 1;
      round_++;
    }
    wake_.notify_all();
    work(0);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return left_ == 0; });
    work_ = nullptr;
  }

 private:
  void serve(int index) {
    uint64_t seen = 0;
    for (;;) {
      const std::function<void(int)>* work;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return round_ != seen; });
        seen = round_;
        if (index >= parts_) continue;
        work = work_;
      }
      (*work)(index);
      const std::lock_guard<std::mutex> lock(mutex_);
      if (--left_ == 0) done_.notify_one();
    }
  }

  std::mutex callers_, mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(int)>* work_ = nullptr;
  int parts_ = 0, left_ = 0;
  uint64_t round_ = 0;
};

int count_threads() {
  const char* wanted = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int asked = wanted == nullptr ? 0 : std::atoi(wanted);
  const int there = static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, std::min(64, asked > 0 ? asked : there));
}

}  // namespace

int threads() {
  static const int count = count_threads();
  return count;
}

void parallel_for(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t, int)>& body) {
  if (count <= 0) return;
  const int64_t most = (count + grain - 1) / std::max<int64_t>(1, grain);
  const int parts = static_cast<int>(std::min<int64_t>(threads(), most));
  const auto part = [&](int p) { body(count * p / parts, count * (p + 1) / parts, p); };
  if (parts == 1) return part(0);
  // Never destroyed: its threads may wait on it until the process ends.
  static Pool* const pool = new Pool(threads());
  pool->run(parts, part);
}

}  // namespace seg
