// A connection to a PostgreSQL server: libpq for connecting, authentication, TLS and queries.
// Belongs to one thread at a time. Every wait ends when the stop token asks for it, with STOPPED.
#pragma once

#include <libpq-fe.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_cursor.h"
#include "base/error.h"

namespace leat::pg {

// libpq's connection keywords, in order. Holds the password: never printed.
using Keywords = std::vector<std::pair<std::string, std::string>>;

// The rows of a query, as text.
class Rows {
  public:
    explicit Rows(PGresult* result) : result_(result, PQclear) {}
    int count() const { return PQntuples(result_.get()); }
    int columns() const { return PQnfields(result_.get()); }
    std::optional<std::string_view> cell(int row, int column) const {
        if (PQgetisnull(result_.get(), row, column)) return std::nullopt;
        return std::string_view(PQgetvalue(result_.get(), row, column),
                                static_cast<size_t>(PQgetlength(result_.get(), row, column)));
    }
    // "" for null.
    std::string text(int row, int column) const { return std::string(cell(row, column).value_or("")); }
    // 0 for null, and for what is no number of the type.
    template <class T = uint64_t>
    T number(int row, int column) const {
        std::string_view text = cell(row, column).value_or("");
        T value{};
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    }

  private:
    std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

class Connection {
  public:
    enum class Kind : uint8_t { sql, replication };

    // Connects and fixes the session's output settings, so that every value has one text form.
    static Result<Connection> open(const Keywords& keywords, Kind kind, const std::string& application_name,
                                   std::stop_token stop = {});

    // How long an answer may take from now on, before the connection counts as dead; 0, as it begins: any
    // time. A network that is gone without a word would otherwise be waited for.
    void set_patience(std::chrono::milliseconds patience) { patience_ = patience; }

    // One statement. The error is PG_QUERY (or PG_CONNECTION_LOST, PG_BUSY, PG_PRIVILEGE) with the server's
    // message.
    Result<Rows> query(const std::string& sql, std::stop_token stop = {});
    Result<Rows> query(const std::string& sql, const std::vector<std::string>& parameters,
                       std::stop_token stop = {});
    Status execute(const std::string& sql, std::stop_token stop = {});

    // Without waiting: sends a statement (or several), whose answer is taken with answer(). Any other query
    // in between waits for it first; its answer is kept.
    Status send(const std::string& sql);
    bool waiting() const { return sent_ && !kept_; }
    // Empty: it has not come yet, or nothing was sent.
    Result<std::optional<Rows>> answer();

    int server_version() const { return PQserverVersion(connection_.get()); }  // 150004
    int backend_pid() const { return PQbackendPID(connection_.get()); }
    bool alive() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
    // Of the last failed query: SQLSTATE, "" if the server sent none.
    const std::string& sqlstate() const { return sqlstate_; }

    // For FrameStream, which takes the wire over.
    PGconn* raw() { return connection_.get(); }

    static std::string quote_identifier(std::string_view name);
    static std::string quote_literal(std::string_view text);
    // For replication commands, whose strings know no backslash.
    static std::string quote_replication_literal(std::string_view text);

  private:
    explicit Connection(PGconn* connection) : connection_(connection, PQfinish) {}
    Status wait_connected(std::stop_token stop);
    Result<Rows> collect(std::stop_token stop);
    bool take_results();
    Result<Rows> outcome();
    void finish_sent(std::stop_token stop);
    void cancel_query();
    Error query_error(const PGresult* result);

    std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
    std::chrono::milliseconds patience_{0};
    std::string sqlstate_;
    // Of the statement that is being answered: its last rows, its first error.
    std::optional<Rows> rows_;
    std::optional<Error> error_;
    bool sent_ = false;
    std::optional<Result<Rows>> kept_;
};

// Waits until the socket is ready or the deadline; false at the deadline.
bool wait_socket(int socket, bool for_write, std::chrono::milliseconds wait);

}  // namespace leat::pg
