#include "source/postgres/wire/frame_stream.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/text.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
constexpr size_t gulp_bytes = 1 << 20;
constexpr size_t frame_head = 5;

std::unexpected<Error> lost(std::string what) { return fail(ErrorCode::PG_CONNECTION_LOST, std::move(what)); }

std::string tls_error() {
    char text[160] = "";
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    return text;
}

ServerMessage parse_message(Bytes body) {
    NetworkCursor from(body);
    ServerMessage parsed;
    while (from.ok() && !from.at_end()) {
        auto field = static_cast<char>(from.u8());
        if (field == 0) break;
        std::string_view text = from.c_string();
        if (field == 'C') parsed.sqlstate = text;
        if (field == 'M') parsed.message = text;
        if (field == 'D') parsed.detail = text;
        if (field == 'R') parsed.routine = text;
    }
    return parsed;
}

Error stream_error(const ServerMessage& from) {
    std::string whole = fmt::format("{} (SQLSTATE {})", from.message, from.sqlstate);
    if (!from.detail.empty()) whole += ": " + from.detail;
    auto code = [&] {
        if (from.sqlstate == "55006") return ErrorCode::PG_SLOT_IN_USE;
        if (from.sqlstate == "42501") return ErrorCode::PG_PRIVILEGE;
        // Raised where the slot was invalidated, or WAL that it needs is gone.
        if (from.sqlstate == "55000" || from.sqlstate == "58P01") return ErrorCode::PG_SLOT_LOST;
        return ErrorCode::PG_STREAM_ERROR;
    };
    return {code(), std::move(whole), {}};
}
}  // namespace

FrameStream::FrameStream(Connection& connection, size_t frame_bytes_max, OnNotice on_notice)
    : connection_(connection.raw()),
      tls_(static_cast<ssl_st*>(PQsslStruct(connection.raw(), "OpenSSL"))),
      socket_(PQsocket(connection.raw())),
      frame_bytes_max_(frame_bytes_max),
      on_notice_(std::move(on_notice)),
      in_(gulp_bytes) {}

Status FrameStream::start(const std::string& sql, std::stop_token stop) {
    ended_ = copying_ = false;
    ByteBuffer query;
    query.put_char('Q');
    query.put(byte_swap(static_cast<uint32_t>(4 + sql.size() + 1)));
    query.put_text(sql);
    query.put_char('\0');
    LEAT_TRY(send(query.view()));
    while (!copying_ && !ended_) {
        if (stop.stop_requested()) return fail(ErrorCode::STOPPED, "stopped while a copy was started");
        LEAT_TRY(send({}));
        LEAT_TRY(fill(100ms));
        // next() hands out nothing before the copy has begun, and stops at its first frame.
        size_t before = begin_;
        LEAT_ASSIGN(auto frame, next());
        if (frame) begin_ = before;
    }
    if (!copying_ && ended_) return fail(ErrorCode::PG_PROTOCOL, "the server answered without a copy");
    return {};
}

Result<std::optional<Bytes>> FrameStream::next() {
    while (true) {
        size_t available = in_.size() - begin_;
        if (available < frame_head) return std::nullopt;
        const uint8_t* head = in_.data() + begin_;
        auto type = static_cast<char>(head[0]);
        size_t length = byte_swap(load<uint32_t>(head + 1));
        if (length < 4)
            return fail(ErrorCode::PG_PROTOCOL, fmt::format("message '{}' has length {}", type, length));
        if (1 + length > frame_bytes_max_)
            return fail(
                ErrorCode::ROW_TOO_LARGE,
                fmt::format(
                    "a message of {} is larger than what the memory budget allows for one change ({})",
                    human_bytes(length), human_bytes(frame_bytes_max_)),
                "Raise memory.bytes to at least four times the size of the largest row, and start again; "
                "nothing was skipped.");
        wanted_ = 1 + length;
        if (available < wanted_) return std::nullopt;
        Bytes body(head + frame_head, length - 4);
        begin_ += wanted_;
        wanted_ = 0;
        switch (type) {
            case 'd':
                return body;
            case 'W':  // CopyBothResponse
            case 'H':  // CopyOutResponse
                copying_ = true;
                return std::nullopt;
            case 'c':  // CopyDone
            case 'C':  // CommandComplete
            case 'S':  // ParameterStatus
            case 'A':  // NotificationResponse
                break;
            case 'Z':  // ReadyForQuery
                ended_ = true;
                return std::nullopt;
            case 'N':  // NoticeResponse
                if (on_notice_) LEAT_TRY(on_notice_(parse_message(body)));
                break;
            case 'E': {
                ServerMessage error = parse_message(body);
                sqlstate_ = error.sqlstate;
                return fail(stream_error(error));
            }
            default:
                return fail(ErrorCode::PG_PROTOCOL,
                            fmt::format("unexpected message {:#04x}", static_cast<uint8_t>(type)));
        }
    }
}

// Room for a gulp, or for the whole frame that has begun, behind what is not yet handed out.
void FrameStream::make_room() {
    size_t left = in_.size() - begin_;
    if (begin_ > 0 && (left == 0 || in_.capacity() - in_.size() < gulp_bytes / 4 || wanted_ > left)) {
        std::memmove(in_.data(), in_.data() + begin_, left);
        in_.truncate(left);
        begin_ = 0;
    }
    // A buffer that one large row made grow is given back once it is empty.
    if (left == 0 && in_.capacity() > 4 * gulp_bytes) in_ = ByteBuffer(gulp_bytes);
    size_t room = std::max(gulp_bytes / 4, wanted_ > left ? wanted_ - left : 0);
    in_.prepare(room);
}

Result<size_t> FrameStream::fill(std::chrono::milliseconds wait) {
    make_room();
    size_t count = 0;
    LEAT_ASSIGN(Io io, read_some(count));
    if (io == Io::would_block && wait > 0ms) {
        if (!wait_socket(socket_, false, wait)) return size_t{0};
        LEAT_ASSIGN(io, read_some(count));
    }
    in_.commit(count);
    return count;
}

Result<FrameStream::Io> FrameStream::read_some(size_t& count) {
    count = 0;
    size_t room = in_.capacity() - in_.size();
    uint8_t* to = in_.data() + in_.size();
    if (!tls_) {
        ssize_t got;
        do got = ::recv(socket_, to, room, MSG_DONTWAIT);
        while (got < 0 && errno == EINTR);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Io::would_block;
        if (got < 0) return lost("reading from the server: " + errno_text(errno));
        if (got == 0) return lost("the server closed the connection");
        count = static_cast<size_t>(got);
        return Io::done;
    }
    // A TLS record is at most 16 KiB: take as many as are there.
    while (count < room) {
        ERR_clear_error();
        int got = SSL_read(tls_, to + count, static_cast<int>(std::min<size_t>(room - count, 1 << 30)));
        if (got > 0) {
            count += static_cast<size_t>(got);
            continue;
        }
        int error = SSL_get_error(tls_, got);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
        if (count > 0) break;  // told again at the next call
        if (error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SYSCALL)
            return lost("the server closed the connection");
        return lost("TLS: " + tls_error());
    }
    return count ? Io::done : Io::would_block;
}

Status FrameStream::send(Bytes frames) {
    out_.put_bytes(frames);
    while (out_begin_ < out_.size()) {
        LEAT_ASSIGN(Io io, write_some());
        if (io == Io::would_block) return {};
    }
    out_.clear();
    out_begin_ = 0;
    return {};
}

Result<FrameStream::Io> FrameStream::write_some() {
    const uint8_t* from = out_.data() + out_begin_;
    size_t size = out_.size() - out_begin_;
    if (!tls_) {
        ssize_t sent = ::send(socket_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) return Io::done;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Io::would_block;
        if (sent < 0) return lost("writing to the server: " + errno_text(errno));
        out_begin_ += static_cast<size_t>(sent);
        return Io::done;
    }
    ERR_clear_error();
    int sent = SSL_write(tls_, from, static_cast<int>(std::min<size_t>(size, 1 << 30)));
    if (sent > 0) {
        out_begin_ += static_cast<size_t>(sent);
        return Io::done;
    }
    int error = SSL_get_error(tls_, sent);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Io::would_block;
    return lost("TLS: " + tls_error());
}

}  // namespace leat::pg
