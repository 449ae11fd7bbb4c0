#include "log/embedded/tail.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <ctime>
#include <thread>

#include "base/file.h"

namespace leat {

namespace {
constexpr uint32_t tail_magic = 0x314C544C, tail_version = 1;
constexpr size_t page_bytes = 4096;
constexpr auto poll_interval = std::chrono::milliseconds(5);  // where futexes do not work
}  // namespace

// Every field is atomic, since another process may be looking; `lock` makes them one whole.
struct Tail::Page {
    std::atomic<uint32_t> magic, version, lock, wake;
    std::atomic<uint64_t> generation, segment, offset, next_seq;
    std::atomic<int64_t> commit_time_us_max;
    std::atomic<uint64_t> synced_unit;
    std::atomic<uint32_t> sync_failed;
};

Tail::Tail(void* page) : page_(static_cast<Page*>(page)) {}
Tail::~Tail() { ::munmap(page_, page_bytes); }

Result<std::unique_ptr<Tail>> Tail::open_for_writing(const std::string& path) {
    LEAT_ASSIGN(auto file, open_file(path, O_RDWR | O_CREAT));
    LEAT_ASSIGN(uint64_t size, file_size(file.get()));
    // Written, not just extended: a store into a page that has no block on a full disk would be a SIGBUS.
    if (size < page_bytes) {
        const uint8_t zeros[page_bytes] = {};
        LEAT_TRY(write_all_at(file.get(), Bytes(zeros).subspan(size), size));
    }
    void* memory = ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) return fail(io_error("map", path, errno));
    std::unique_ptr<Tail> tail(new Tail(memory));
    Page& page = *tail->page_;
    if (page.magic != tail_magic || page.version != tail_version) {
        page.generation = page.segment = page.offset = page.next_seq = page.synced_unit = 0;
        page.commit_time_us_max = 0;
        page.sync_failed = page.lock = 0;
        page.version = tail_version;
        page.magic = tail_magic;
    }
    return tail;
}

std::unique_ptr<Tail> Tail::open_for_reading(const std::string& path) {
    auto file = open_file(path, O_RDONLY);
    if (!file) return nullptr;
    auto size = file_size(file->get());
    if (!size || *size < page_bytes) return nullptr;
    void* memory = ::mmap(nullptr, page_bytes, PROT_READ, MAP_SHARED, file->get(), 0);
    if (memory == MAP_FAILED) return nullptr;
    std::unique_ptr<Tail> tail(new Tail(memory));
    if (tail->page_->magic != tail_magic || tail->page_->version != tail_version) return nullptr;
    return tail;
}

TailState Tail::load_fields() const {
    constexpr auto acquire = std::memory_order_acquire;
    TailState state;
    state.generation = page_->generation.load(acquire);
    state.extent.segment = Seq(page_->segment.load(acquire));
    state.extent.offset = page_->offset.load(acquire);
    state.extent.next_seq = Seq(page_->next_seq.load(acquire));
    state.extent.commit_time_us_max = page_->commit_time_us_max.load(acquire);
    state.synced_unit = UnitId(page_->synced_unit.load(acquire));
    state.sync_failed = page_->sync_failed.load(acquire);
    return state;
}

std::optional<TailState> Tail::read() const {
    for (int attempt = 0; attempt < 1000; ++attempt) {
        uint32_t before = page_->lock.load(std::memory_order_acquire);
        if (before % 2 == 0) {
            TailState state = load_fields();
            if (page_->lock.load(std::memory_order_acquire) == before) {
                if (state.generation == 0) return std::nullopt;
                return state;
            }
        }
        std::this_thread::yield();
    }
    return std::nullopt;
}

std::optional<TailState> Tail::read_abandoned() const {
    TailState state = load_fields();
    if (state.generation == 0) return std::nullopt;
    return state;
}

void Tail::publish(const TailState& state) {
    constexpr auto release = std::memory_order_release;
    uint32_t odd = page_->lock.load(std::memory_order_relaxed) | 1;
    page_->lock.store(odd, release);
    page_->generation.store(state.generation, release);
    page_->segment.store(state.extent.segment.value, release);
    page_->offset.store(state.extent.offset, release);
    page_->next_seq.store(state.extent.next_seq.value, release);
    page_->commit_time_us_max.store(state.extent.commit_time_us_max, release);
    page_->synced_unit.store(state.synced_unit.value, release);
    page_->sync_failed.store(state.sync_failed, release);
    page_->lock.store(odd + 1, release);
    page_->wake.fetch_add(1);
    ::syscall(SYS_futex, &page_->wake, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void Tail::set_sync_failed() { page_->sync_failed.store(1); }

uint32_t Tail::wake_count() const { return page_->wake.load(); }

void Tail::wait(uint32_t seen, std::chrono::milliseconds timeout) const {
    if (timeout.count() <= 0) return;
    timespec limit{static_cast<time_t>(timeout.count() / 1000),
                   static_cast<long>(timeout.count() % 1000 * 1000000)};
    long result = ::syscall(SYS_futex, &page_->wake, FUTEX_WAIT, seen, &limit, nullptr, 0);
    if (result != 0 && errno != EAGAIN && errno != EINTR && errno != ETIMEDOUT)
        std::this_thread::sleep_for(std::min(timeout, poll_interval));
}

}  // namespace leat
