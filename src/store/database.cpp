#include "store/database.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "store/tables.h"

namespace leat::db {

namespace {

// Another process holds it for one transaction at most.
constexpr int busy_timeout_ms = 10'000;

std::string wrong(const std::string& path, std::string_view doing, std::string_view reason) {
    return fmt::format("{}: {}: {}", path, doing, reason);
}

// What other users could read there is nobody else's business: names of tables, rows that failed.
Status make_private(const std::string& path) {
    LEAT_ASSIGN(auto file, leat::open_file(path, O_RDWR | O_CREAT, 0600));
    struct stat now{};
    if (::fstat(file.get(), &now) != 0) return fail(io_error("look at", path, errno));
    if ((now.st_mode & 077) != 0 && ::fchmod(file.get(), 0600) != 0)
        return fail(io_error("change the mode of", path, errno));
    return {};
}

}  // namespace

Rows::Rows(Rows&& other) noexcept
    : within_(other.within_), statement_(std::exchange(other.statement_, nullptr)) {}

Rows::~Rows() {
    if (!statement_) return;
    ::sqlite3_reset(statement_);
    ::sqlite3_clear_bindings(statement_);
}

Result<bool> Rows::next() {
    int code = ::sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return fail(within_->database_->error(code, "a statement"));
}

bool Rows::is_null(int column) const { return ::sqlite3_column_type(statement_, column) == SQLITE_NULL; }
int64_t Rows::integer(int column) const { return ::sqlite3_column_int64(statement_, column); }

std::string Rows::text(int column) const {
    const auto* data = static_cast<const char*>(::sqlite3_column_blob(statement_, column));
    auto size = static_cast<size_t>(::sqlite3_column_bytes(statement_, column));
    return data ? std::string(data, size) : std::string();
}

std::optional<int64_t> Rows::optional_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
}

Result<std::shared_ptr<Database>> Database::open(const std::string& data_directory) {
    std::string path = data_directory + "/" + file_name;
    if (auto made = make_private(path); !made) {
        Error error = std::move(made.error());
        error.code = error.code == ErrorCode::LOG_DISK_FULL ? ErrorCode::STORE_FULL : ErrorCode::STORE_FAILED;
        return fail(std::move(error));
    }
    return open_file(path);
}

std::shared_ptr<Database> Database::in_memory() {
    auto opened = open_file(":memory:");
    LEAT_ASSERT(opened.has_value());
    return std::move(*opened);
}

Result<std::shared_ptr<Database>> Database::open_file(const std::string& path) {
    sqlite3* connection = nullptr;
    // The connection is under our mutex, so SQLite needs none of its own.
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = ::sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
    std::shared_ptr<Database> database(new Database(connection, path));
    if (code != SQLITE_OK) return fail(database->error(code, "open"));
    LEAT_TRY(database->prepare());
    return database;
}

Status Database::prepare() {
    ::sqlite3_busy_timeout(connection_, busy_timeout_ms);
    ::sqlite3_db_config(connection_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    ::sqlite3_db_config(connection_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    // With FULL each commit is synced before it returns. What was deleted is overwritten: a dropped dead
    // letter is a row of somebody's table.
    LEAT_TRY(execute("PRAGMA journal_mode = WAL"));
    LEAT_TRY(execute("PRAGMA synchronous = FULL"));
    LEAT_TRY(execute("PRAGMA foreign_keys = ON"));
    LEAT_TRY(execute("PRAGMA secure_delete = ON"));
    LEAT_TRY(execute("PRAGMA journal_size_limit = 4194304"));
    LEAT_TRY(execute("PRAGMA cache_size = -1024"));
    return migrate();
}

Database::~Database() {
    for (auto& [sql, statement] : statements_) ::sqlite3_finalize(statement);
    ::sqlite3_close_v2(connection_);
}

Status Database::migrate() {
    LEAT_ASSIGN(auto transaction, Transaction::begin(*this, Transaction::Kind::write));
    uint64_t version = 0;
    {
        LEAT_ASSIGN(auto rows, transaction.query("PRAGMA user_version"));
        LEAT_ASSIGN(bool found, rows.next());
        version = found ? rows.number(0) : 0;
    }
    if (version > migrations.size())
        return fail(
            ErrorCode::STORE_NEWER,
            fmt::format("{} has version {} (this Leat knows up to {})", path_, version, migrations.size()),
            "Use the newer version of Leat.");
    {
        LEAT_ASSIGN(auto rows, transaction.query("PRAGMA quick_check(1)"));
        LEAT_ASSIGN(bool found, rows.next());
        if (std::string said = found ? rows.text(0) : "nothing"; said != "ok")
            return fail(error(SQLITE_CORRUPT, said));
    }
    if (version == migrations.size()) return transaction.commit();
    for (; version < migrations.size(); ++version) LEAT_TRY(execute(migrations[version]));
    LEAT_TRY(execute(fmt::format("PRAGMA user_version = {}", version).c_str()));
    return transaction.commit();
}

Status Database::execute(const char* sql) {
    int code = ::sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(error(code, "a statement"));
    return {};
}

Result<sqlite3_stmt*> Database::statement(const char* sql) {
    auto& known = statements_[sql];
    if (!known) {
        int code = ::sqlite3_prepare_v3(connection_, sql, -1, SQLITE_PREPARE_PERSISTENT, &known, nullptr);
        if (code != SQLITE_OK) return fail(error(code, sql));
    }
    return known;
}

Error Database::error(int code, std::string_view doing) const {
    int system = connection_ ? ::sqlite3_system_errno(connection_) : 0;
    std::string reason = connection_ ? ::sqlite3_errmsg(connection_) : ::sqlite3_errstr(code);
    int primary = code & 0xFF;
    bool io = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
    if (io && system) reason += fmt::format(" ({})", errno_text(system));
    switch (primary) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {ErrorCode::STORE_LOCKED, fmt::format("{} is held by another process", path_),
                    fmt::format("Find it (fuser -v {}) and let it end.", path_)};
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return {ErrorCode::STORE_CORRUPT, wrong(path_, doing, reason),
                    "Stop Leat and restore the file from a backup; the change log is not concerned."};
        case SQLITE_FULL:
            return {ErrorCode::STORE_FULL, fmt::format("{}: there is no room on its disk", path_),
                    "Make room; what was kept before is all there."};
        case SQLITE_IOERR:
            if (system == ENOSPC || system == EDQUOT)
                return {ErrorCode::STORE_FULL, fmt::format("{}: there is no room on its disk", path_),
                        "Make room; what was kept before is all there."};
            [[fallthrough]];
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_NOLFS:
            return {ErrorCode::STORE_FAILED, wrong(path_, doing, reason),
                    "Look at the disk, and whether the user that runs Leat may write the file."};
        default:
            return {ErrorCode::INTERNAL, wrong(path_, doing, reason), ""};
    }
}

Result<int64_t> Database::foreign_changes() {
    std::unique_lock lock(mutex_);
    LEAT_ASSIGN(sqlite3_stmt * asked, statement("PRAGMA data_version"));
    int code = ::sqlite3_step(asked);
    int64_t version = code == SQLITE_ROW ? ::sqlite3_column_int64(asked, 0) : 0;
    ::sqlite3_reset(asked);
    if (code != SQLITE_ROW) return fail(error(code, "data_version"));
    return version;
}

void Database::set_patience(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    ::sqlite3_busy_timeout(connection_, static_cast<int>(patience.count()));
}

Status Database::limit_pages(uint64_t pages) {
    std::unique_lock lock(mutex_);
    return execute(fmt::format("PRAGMA max_page_count = {}", pages).c_str());
}

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
    std::unique_lock lock(database.mutex_);
    LEAT_TRY(database.execute(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN"));
    return Transaction(database, std::move(lock));
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(other.database_), lock_(std::move(other.lock_)), open_(std::exchange(other.open_, false)) {}

Transaction::~Transaction() {
    // An error may have rolled it back already.
    if (open_ && !::sqlite3_get_autocommit(database_->connection_))
        static_cast<void>(database_->execute("ROLLBACK"));
}

Status Transaction::commit() {
    LEAT_TRY(database_->execute("COMMIT"));
    open_ = false;
    return {};
}

uint64_t Transaction::last_id() const {
    return static_cast<uint64_t>(::sqlite3_last_insert_rowid(database_->connection_));
}

uint64_t Transaction::changed_rows() const {
    return static_cast<uint64_t>(::sqlite3_changes64(database_->connection_));
}

bool Transaction::bind(sqlite3_stmt* statement, int at, int64_t value) {
    return ::sqlite3_bind_int64(statement, at, value) == SQLITE_OK;
}

bool Transaction::bind(sqlite3_stmt* statement, int at, std::string_view text) {
    return ::sqlite3_bind_text64(statement, at, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8) == SQLITE_OK;
}

bool Transaction::bind(sqlite3_stmt* statement, int at, Bytes bytes) {
    if (bytes.empty()) return ::sqlite3_bind_zeroblob(statement, at, 0) == SQLITE_OK;
    return ::sqlite3_bind_blob64(statement, at, bytes.data(), bytes.size(), SQLITE_TRANSIENT) == SQLITE_OK;
}

bool Transaction::bind_null(sqlite3_stmt* statement, int at) {
    return ::sqlite3_bind_null(statement, at) == SQLITE_OK;
}

Error Transaction::bind_error() const {
    return database_->error(::sqlite3_errcode(database_->connection_), "a value");
}

}  // namespace leat::db
