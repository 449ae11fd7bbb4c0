#include "filter/postgres_grammar.h"

#include <pg_query.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/byte_cursor.h"

namespace leat {
namespace {

// The library makes a thread-specific key for each thread that it is called from, and never gives one back:
// so there is one such thread.
class GrammarThread {
  public:
    static GrammarThread& get() {
        static GrammarThread thread;
        return thread;
    }

    void run(const std::function<void()>& job) {
        std::lock_guard one_at_a_time(callers_);
        std::unique_lock lock(mutex_);
        job_ = &job;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !job_; });
    }

  private:
    GrammarThread() : thread_([this](std::stop_token stop) { serve(stop); }) {}

    void serve(std::stop_token stop) {
        std::unique_lock lock(mutex_);
        while (changed_.wait(lock, stop, [&] { return job_ != nullptr; })) {
            (*job_)();
            job_ = nullptr;
            changed_.notify_all();
        }
    }

    std::mutex callers_, mutex_;
    std::condition_variable_any changed_;
    const std::function<void()>* job_ = nullptr;
    std::jthread thread_;
};

SqlError to_error(const PgQueryError& error) {
    return {error.message, error.cursorpos > 0 ? static_cast<size_t>(error.cursorpos) : 0};
}

// Protocol buffers: the few fields of pg_query.ScanResult that are needed.
class Message {
  public:
    explicit Message(Bytes bytes) : cursor_(bytes) {}

    // The next field: its number, and its value or its bytes.
    bool next() {
        if (cursor_.at_end() || !cursor_.ok()) return false;
        uint64_t key = varint();
        field_ = key >> 3;
        if ((key & 7) == 2)
            bytes_ = cursor_.bytes(varint());
        else if ((key & 7) == 0)
            value_ = varint();
        else
            cursor_.set_failed();
        return cursor_.ok();
    }
    bool ok() const { return cursor_.ok(); }
    uint64_t field() const { return field_; }
    uint64_t value() const { return value_; }
    Bytes bytes() const { return bytes_; }

  private:
    uint64_t varint() {
        uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            uint8_t byte = cursor_.u8();
            value |= uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) return value;
        }
        cursor_.set_failed();
        return 0;
    }

    FormatCursor cursor_;
    uint64_t field_ = 0, value_ = 0;
    Bytes bytes_;
};

bool read_tokens(Bytes scan_result, std::vector<SqlToken>& tokens) {
    Message result(scan_result);
    while (result.next()) {
        if (result.field() != 2) continue;
        SqlToken token;
        Message fields(result.bytes());
        while (fields.next()) {
            if (fields.field() == 1) token.begin = fields.value();
            if (fields.field() == 2) token.end = fields.value();
            if (fields.field() == 5)
                token.keyword = static_cast<KeywordKind>(std::min<uint64_t>(fields.value(), 4));
        }
        if (!fields.ok()) return false;
        tokens.push_back(token);
    }
    return result.ok();
}

}  // namespace

std::expected<std::vector<SqlToken>, SqlError> scan_sql(const std::string& sql) {
    std::expected<std::vector<SqlToken>, SqlError> tokens;
    GrammarThread::get().run([&] {
        PgQueryScanResult result = pg_query_scan(sql.c_str());
        if (result.error)
            tokens = std::unexpected(to_error(*result.error));
        else if (!read_tokens({reinterpret_cast<const uint8_t*>(result.pbuf.data), result.pbuf.len}, *tokens))
            tokens = std::unexpected(SqlError{"its tokens could not be read", 0});
        pg_query_free_scan_result(result);
    });
    return tokens;
}

std::expected<std::string, SqlError> parse_sql(const std::string& sql) {
    std::expected<std::string, SqlError> tree;
    GrammarThread::get().run([&] {
        PgQueryParseResult result = pg_query_parse(sql.c_str());
        if (result.error)
            tree = std::unexpected(to_error(*result.error));
        else
            tree = std::string(result.parse_tree);
        pg_query_free_parse_result(result);
    });
    return tree;
}

}  // namespace leat
