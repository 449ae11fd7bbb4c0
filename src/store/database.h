// leat.db: what is small and changes (definitions, cursors, dead letters, jobs, tokens, audit), in SQLite
// beside the change log (docs/format/store.md, docs/adr/0013). What was captured is never in it.
//
// One connection, which all threads share: a Transaction holds it from begin to end. What was committed is on
// the disk, and survives kill -9 and a loss of power. Another process (`leat token`) may have the file open.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/byte_cursor.h"
#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace leat::db {

inline constexpr const char* file_name = "leat.db";

class Transaction;

// Rows of one prepared statement. It lives within its transaction; what text() and bytes() show, until the
// next next().
class Rows {
  public:
    Rows(Rows&& other) noexcept;
    ~Rows();

    // Whether there is another row, which is then the current one. STORE_…
    Result<bool> next();

    bool is_null(int column) const;
    int64_t integer(int column) const;
    uint64_t number(int column) const { return static_cast<uint64_t>(integer(column)); }
    std::string text(int column) const;  // also of a blob
    std::optional<int64_t> optional_integer(int column) const;

  private:
    friend class Transaction;
    Rows(Transaction& within, sqlite3_stmt* statement) : within_(&within), statement_(statement) {}
    Transaction* within_;
    sqlite3_stmt* statement_;
};

class Database {
  public:
    // Makes the file (only its owner may read it) and its tables, or brings older tables up to date.
    // STORE_NEWER, STORE_CORRUPT, STORE_LOCKED, STORE_FULL, STORE_FAILED.
    static Result<std::shared_ptr<Database>> open(const std::string& data_directory);
    // Of a file that need not last, for tests of what stands on it.
    static std::shared_ptr<Database> in_memory();
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // A number that is another one once another process has changed something. It costs no I/O.
    Result<int64_t> foreign_changes();
    // How long a transaction waits for another process.
    void set_patience(std::chrono::milliseconds patience);
    // As if the disk had no more room than this. For tests.
    Status limit_pages(uint64_t pages);

  private:
    friend class Transaction;
    friend class Rows;
    Database(sqlite3* connection, std::string path) : connection_(connection), path_(std::move(path)) {}
    static Result<std::shared_ptr<Database>> open_file(const std::string& path);
    Status prepare();
    Status migrate();
    Status execute(const char* sql);
    Result<sqlite3_stmt*> statement(const char* sql);
    Error error(int code, std::string_view doing) const;

    std::mutex mutex_;
    sqlite3* connection_;
    const std::string path_;
    // By the address of their text: a literal.
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

// What is done in one is there all or not at all. Rolled back unless commit() succeeded. SQL is a literal;
// values are bound to its ?, in their order.
class Transaction {
  public:
    enum class Kind : uint8_t { read, write };
    static Result<Transaction> begin(Database& database, Kind kind);
    Transaction(Transaction&& other) noexcept;
    ~Transaction();

    template <class... Values>
    Result<Rows> query(const char* sql, const Values&... values) {
        LEAT_ASSIGN(sqlite3_stmt * statement, database_->statement(sql));
        Rows rows(*this, statement);
        int at = 0;
        if (!(bind(statement, ++at, values) && ...)) return fail(bind_error());
        return rows;
    }
    // How many rows were changed.
    template <class... Values>
    Result<uint64_t> run(const char* sql, const Values&... values) {
        LEAT_ASSIGN(auto rows, query(sql, values...));
        LEAT_ASSIGN(bool more, rows.next());
        static_cast<void>(more);
        return changed_rows();
    }
    uint64_t last_id() const;
    Status commit();

  private:
    friend class Rows;
    Transaction(Database& database, std::unique_lock<std::mutex> lock)
        : database_(&database), lock_(std::move(lock)) {}
    static bool bind(sqlite3_stmt* statement, int at, int64_t value);
    static bool bind(sqlite3_stmt* statement, int at, std::string_view text);
    static bool bind(sqlite3_stmt* statement, int at, Bytes bytes);
    static bool bind_null(sqlite3_stmt* statement, int at);
    static bool bind(sqlite3_stmt* s, int at, const std::string& text) {
        return bind(s, at, std::string_view(text));
    }
    static bool bind(sqlite3_stmt* s, int at, const char* text) {
        return bind(s, at, std::string_view(text));
    }
    static bool bind(sqlite3_stmt* s, int at, uint64_t value) {
        return bind(s, at, static_cast<int64_t>(value));
    }
    static bool bind(sqlite3_stmt* s, int at, int value) { return bind(s, at, int64_t{value}); }
    static bool bind(sqlite3_stmt* s, int at, uint32_t value) { return bind(s, at, int64_t{value}); }
    static bool bind(sqlite3_stmt* s, int at, bool value) { return bind(s, at, int64_t{value}); }
    template <class T>
    static bool bind(sqlite3_stmt* s, int at, const std::optional<T>& value) {
        return value ? bind(s, at, *value) : bind_null(s, at);
    }
    Error bind_error() const;
    uint64_t changed_rows() const;

    Database* database_;
    std::unique_lock<std::mutex> lock_;
    bool open_ = true;
};

// write(database, [&](Transaction& t) -> Result<X> {…}): committed if it succeeds.
template <class Work>
auto write(Database& database, Work&& work) -> std::invoke_result_t<Work, Transaction&> {
    LEAT_ASSIGN(auto transaction, Transaction::begin(database, Transaction::Kind::write));
    auto result = work(transaction);
    if (!result) return result;
    LEAT_TRY(transaction.commit());
    return result;
}

template <class Work>
auto read(Database& database, Work&& work) -> std::invoke_result_t<Work, Transaction&> {
    LEAT_ASSIGN(auto transaction, Transaction::begin(database, Transaction::Kind::read));
    return work(transaction);
}

}  // namespace leat::db
