#include "source/postgres/wire/connection.h"

#include <fmt/core.h>
#include <poll.h>

#include <cerrno>
#include <thread>

#include "base/clock.h"
#include "base/text.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {

constexpr auto connect_deadline = 15s;
constexpr auto stop_check = 100ms;
constexpr auto cancel_deadline = 5s;

// libpq has no accessor for the SQLSTATE of a failed connection; its verbose text has it: "FATAL:  28P01:
// text".
std::string sqlstate_in(std::string_view text) {
    size_t colon = text.find(":  ");
    if (colon == std::string_view::npos || text.size() < colon + 9 || text[colon + 8] != ':') return {};
    std::string_view code = text.substr(colon + 3, 5);
    for (char c : code)
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'))) return {};
    return std::string(code);
}

// The first line, without the SQLSTATE and what verbose mode adds below.
std::string first_line(std::string_view text, const std::string& sqlstate) {
    std::string line(trim(text.substr(0, text.find('\n'))));
    if (!sqlstate.empty()) {
        size_t at = line.find(sqlstate + ": ");
        if (at != std::string::npos) line.erase(at, sqlstate.size() + 2);
        size_t severity = line.find(":  ");
        if (severity != std::string::npos) line.erase(severity + 1, 1);
    }
    return line;
}

bool mentions_tls(std::string_view text) {
    for (std::string_view word : {"SSL", "certificate", "TLS"})
        if (text.find(word) != std::string_view::npos) return true;
    return false;
}

std::unexpected<Error> connect_error(std::string_view text) {
    std::string state = sqlstate_in(text);
    std::string line = first_line(text, state);
    if (state == "3D000")
        return fail(ErrorCode::PG_NO_DATABASE, line, "Check the database name at the end of the URL.");
    // libpq's own words: the server asked for a password, and there was none to send.
    if (state.starts_with("28") || line.find("no password supplied") != std::string::npos) {
        // A server that was asked without TLS because we refuse a lesser connection says so in its pg_hba
        // message.
        return fail(ErrorCode::PG_AUTH, line,
                    "Check user and password of the URL, and the server's pg_hba.conf. Nothing was changed.");
    }
    if (state.empty() && (mentions_tls(line) || mentions_tls(text)))
        return fail(ErrorCode::PG_TLS, line,
                    "No password was sent. Give the server's CA by sslrootcert=FILE in the URL and connect "
                    "by the name in "
                    "its\ncertificate; sslmode=require gives up verification, sslmode=disable gives up TLS.");
    if (state == "53300")
        return fail(ErrorCode::PG_CONNECT, line,
                    "Raise max_connections, or end sessions that are not needed.");
    return fail(ErrorCode::PG_CONNECT, line.empty() ? "the server closed the connection" : line,
                "Check host and port of the URL, and that the server accepts connections there.");
}

}  // namespace

bool wait_socket(int socket, bool for_write, std::chrono::milliseconds wait) {
    pollfd entry{socket, static_cast<short>(for_write ? POLLOUT : POLLIN), 0};
    int ready;
    do ready = ::poll(&entry, 1, static_cast<int>(wait.count()));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

Result<Connection> Connection::open(const Keywords& keywords, Kind kind, const std::string& application_name,
                                    std::stop_token stop) {
    std::vector<const char*> names, values;
    auto add = [&](const char* name, const char* value) {
        names.push_back(name);
        values.push_back(value);
    };
    // The last of equal keywords counts: the URL may change these ...
    add("application_name", application_name.c_str());
    add("keepalives_idle", "30");
    add("keepalives_interval", "10");
    add("keepalives_count", "3");
    add("tcp_user_timeout", "30000");  // what was sent is acknowledged, or the network is dead
    for (auto& [name, value] : keywords) add(name.c_str(), value.c_str());
    // ... but not what the code relies on.
    add("client_encoding", "UTF8");
    add("gssencmode", "disable");  // FrameStream speaks plain and TLS only
    if (kind == Kind::replication) add("replication", "database");
    add(nullptr, nullptr);
    Connection connection(PQconnectStartParams(names.data(), values.data(), 0));
    if (!connection.raw()) return fail(ErrorCode::PG_CONNECT, "libpq has no memory for a connection");
    PQsetErrorVerbosity(connection.raw(), PQERRORS_VERBOSE);
    LEAT_TRY(connection.wait_connected(stop));
    PQsetErrorVerbosity(connection.raw(), PQERRORS_DEFAULT);
    PQsetNoticeProcessor(connection.raw(), [](void*, const char*) {}, nullptr);
    if (connection.server_version() < 130000)
        return fail(ErrorCode::PG_VERSION, fmt::format("the server is PostgreSQL {}, Leat needs 13 or later",
                                                       connection.server_version() / 10000));
    // One text form for every value, whatever the role's or database's defaults. search_path guards our own
    // queries.
    std::string session =
        "SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3; "
        "SET timezone = 'UTC'; SET bytea_output = 'hex'; SET lc_monetary = 'C'; "
        "SET search_path = pg_catalog; SET statement_timeout = 0; SET lock_timeout = 0; "
        "SET idle_in_transaction_session_timeout = 0";
    if (connection.server_version() >= 140000) session += "; SET idle_session_timeout = 0";
    if (connection.server_version() >= 170000) session += "; SET transaction_timeout = 0";
    LEAT_TRY(connection.execute(session, stop));
    return connection;
}

Status Connection::wait_connected(std::stop_token stop) {
    auto deadline = SteadyClock::now() + connect_deadline;
    auto state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        if (PQstatus(raw()) == CONNECTION_BAD || state == PGRES_POLLING_FAILED)
            return connect_error(PQerrorMessage(raw()));
        if (stop.stop_requested()) return fail(ErrorCode::STOPPED, "stopped while connecting");
        if (SteadyClock::now() > deadline)
            return fail(ErrorCode::PG_CONNECT, fmt::format("no answer from {}:{} within {} s", PQhost(raw()),
                                                           PQport(raw()), connect_deadline / 1s));
        if (wait_socket(PQsocket(raw()), state == PGRES_POLLING_WRITING, stop_check))
            state = PQconnectPoll(raw());
    }
    return {};
}

Error Connection::query_error(const PGresult* result) {
    const char* state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
    sqlstate_ = state ? state : "";
    if (!alive() || sqlstate_.empty())
        return {ErrorCode::PG_CONNECTION_LOST, first_line(PQerrorMessage(raw()), ""), {}};
    const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    std::string message = fmt::format("{} (SQLSTATE {})", text ? text : "", sqlstate_);
    if (detail) message += fmt::format(": {}", detail);
    // Connection exceptions, and a server that shuts down or has no connection left: worth another try.
    if (sqlstate_.starts_with("08") || sqlstate_.starts_with("57P") || sqlstate_ == "53300")
        return {ErrorCode::PG_CONNECTION_LOST, message, {}};
    // A deadlock, a lock, memory or room that the server did not get, a query that somebody cancelled.
    if (sqlstate_.starts_with("40") || sqlstate_ == "55P03" || sqlstate_ == "53100" || sqlstate_ == "53200" ||
        sqlstate_ == "57014")
        return {ErrorCode::PG_BUSY, message, {}};
    if (sqlstate_ == "42501") return {ErrorCode::PG_PRIVILEGE, message, {}};
    return {ErrorCode::PG_QUERY, message, {}};
}

// Takes what has arrived, without waiting. True: that was all.
bool Connection::take_results() {
    while (!PQisBusy(raw())) {
        PGresult* result = PQgetResult(raw());
        if (!result) return true;
        auto status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
            rows_.emplace(result);
            continue;
        }
        if (!error_) error_ = query_error(result);
        PQclear(result);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) return true;
    }
    return false;
}

Result<Rows> Connection::outcome() {
    auto rows = std::exchange(rows_, std::nullopt);
    auto error = std::exchange(error_, std::nullopt);
    if (error) return fail(std::move(*error));
    if (!rows) return fail(query_error(nullptr));
    return std::move(*rows);
}

// On a connection of its own, which may hang as the first one does: not on this thread.
void Connection::cancel_query() {
    std::shared_ptr<PGcancel> cancel(PQgetCancel(raw()), PQfreeCancel);
    if (!cancel) return;
    std::thread([cancel] {
        char error[256];
        PQcancel(cancel.get(), error, sizeof error);
    }).detach();
}

Result<Rows> Connection::collect(std::stop_token stop) {
    std::optional<SteadyClock::time_point> cancelled;
    auto asked = SteadyClock::now();
    while (!take_results()) {
        if (patience_.count() > 0 && SteadyClock::now() - asked > patience_) {
            connection_.reset();
            return fail(ErrorCode::PG_CONNECTION_LOST,
                        fmt::format("the server has not answered a query for {} ms", patience_.count()));
        }
        // A server that does not answer to a cancel either is not waited for.
        if (cancelled && SteadyClock::now() - *cancelled > cancel_deadline) {
            connection_.reset();
            return fail(ErrorCode::STOPPED, "the query was cancelled");
        }
        if (stop.stop_requested() && !cancelled) {
            cancelled = SteadyClock::now();
            cancel_query();
        }
        wait_socket(PQsocket(raw()), false, stop_check);
        if (!PQconsumeInput(raw())) return fail(query_error(nullptr));
    }
    auto rows = outcome();
    if (cancelled) return fail(ErrorCode::STOPPED, "the query was cancelled");
    return rows;
}

Status Connection::send(const std::string& sql) {
    finish_sent({});
    kept_.reset();
    sent_ = true;
    if (PQsendQuery(raw(), sql.c_str())) return {};
    kept_.emplace(fail(query_error(nullptr)));
    return {};
}

// Waits for what send() has begun, so that the connection is free.
void Connection::finish_sent(std::stop_token stop) {
    if (waiting()) kept_.emplace(collect(stop));
}

Result<std::optional<Rows>> Connection::answer() {
    if (!sent_) return std::nullopt;
    if (!kept_) {
        if (!PQconsumeInput(raw()))
            kept_.emplace(fail(query_error(nullptr)));
        else if (take_results())
            kept_.emplace(outcome());
        else
            return std::nullopt;
    }
    Result<Rows> answer = std::move(*kept_);
    kept_.reset();
    sent_ = false;
    if (!answer) return fail(std::move(answer.error()));
    return std::move(*answer);
}

Result<Rows> Connection::query(const std::string& sql, std::stop_token stop) {
    finish_sent(stop);
    if (!PQsendQuery(raw(), sql.c_str())) return fail(query_error(nullptr));
    return collect(stop);
}

Result<Rows> Connection::query(const std::string& sql, const std::vector<std::string>& parameters,
                               std::stop_token stop) {
    finish_sent(stop);
    std::vector<const char*> values;
    for (auto& parameter : parameters) values.push_back(parameter.c_str());
    if (!PQsendQueryParams(raw(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                           nullptr, nullptr, 0))
        return fail(query_error(nullptr));
    return collect(stop);
}

Status Connection::execute(const std::string& sql, std::stop_token stop) {
    auto rows = query(sql, stop);
    if (!rows) return fail(std::move(rows.error()));
    return {};
}

std::string Connection::quote_identifier(std::string_view name) {
    std::string quoted = "\"";
    for (char c : name) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string Connection::quote_replication_literal(std::string_view text) {
    std::string quoted = "'";
    for (char c : text) {
        if (c == '\'') quoted += c;
        quoted += c;
    }
    return quoted + '\'';
}

std::string Connection::quote_literal(std::string_view text) {
    // E'' with doubled backslashes does not depend on standard_conforming_strings.
    std::string quoted = text.find('\\') == std::string_view::npos ? "'" : " E'";
    for (char c : text) {
        if (c == '\'' || c == '\\') quoted += c;
        quoted += c;
    }
    return quoted + '\'';
}

}  // namespace leat::pg
