// A client of raw sockets for the tests, and servers for it to talk to.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>

#include "http/server.h"

namespace leat::http::test {

using namespace std::chrono_literals;

// Longer than anything takes on a machine under load; only a failing test waits for it.
constexpr auto patience = 20s;

struct Answer {
    int status = 0;
    std::vector<Header> headers;
    std::string body;
    bool whole = false;  // the body ended as its framing says

    std::string header(std::string_view header_name) const {
        auto* value = find_header(headers, header_name);
        return value ? *value : std::string();
    }
};

class Client {
  public:
    explicit Client(uint16_t port, int receive_buffer = 0) {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (receive_buffer) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
            ADD_FAILURE() << "connect: " << strerror(errno);
    }
    static Client of(int connected_socket) {
        Client client;
        client.fd_ = connected_socket;
        return client;
    }
    Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), held_(std::move(other.held_)) {}
    Client& operator=(Client&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(held_, other.held_);
        return *this;
    }
    ~Client() { close(); }

    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    void end_writing() { ::shutdown(fd_, SHUT_WR); }
    int fd() const { return fd_; }

    // False if the server has closed.
    bool send(std::string_view text) {
        while (!text.empty()) {
            auto count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            text.remove_prefix(static_cast<size_t>(count));
        }
        return true;
    }

    // More bytes into what is held; false at the end of the connection.
    bool receive() {
        pollfd ready{fd_, POLLIN, 0};
        if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) != 1) {
            ADD_FAILURE() << "the server is silent";
            return false;
        }
        char buffer[65536];
        auto count = ::recv(fd_, buffer, sizeof buffer, 0);
        if (count > 0) held_.append(buffer, static_cast<size_t>(count));
        return count > 0;
    }
    std::string receive_all() {
        while (receive()) {
        }
        return std::exchange(held_, {});
    }
    std::string receive_until(std::string_view end) {
        while (held_.find(end) == std::string::npos)
            if (!receive()) return {};
        auto size = held_.find(end) + end.size();
        auto text = held_.substr(0, size);
        held_.erase(0, size);
        return text;
    }
    bool receive_bytes(size_t count, std::string& to) {
        while (held_.size() < count)
            if (!receive()) return false;
        to += held_.substr(0, count);
        held_.erase(0, count);
        return true;
    }

    Answer receive_head() {
        Answer answer;
        auto head = receive_until("\r\n\r\n");
        if (head.size() < 12) return answer;
        answer.status = std::stoi(head.substr(9, 3));
        size_t at = head.find("\r\n") + 2;
        for (size_t end; (end = head.find("\r\n", at)) > at; at = end + 2) {
            auto colon = head.find(": ", at);
            answer.headers.push_back({head.substr(at, colon - at), head.substr(colon + 2, end - colon - 2)});
        }
        return answer;
    }
    // A chunk's data; nothing at the last one, or when the connection ends before.
    std::optional<std::string> receive_chunk() {
        auto line = receive_until("\r\n");
        if (line.empty()) return std::nullopt;
        auto size = std::stoul(line, nullptr, 16);
        std::string data;
        if (!receive_bytes(size + 2, data)) return std::nullopt;
        data.resize(size);
        if (size == 0) last_chunk_ = true;
        return size == 0 ? std::nullopt : std::optional(data);
    }
    Answer receive_answer(bool head_only = false) {
        auto answer = receive_head();
        if (auto length = answer.header("Content-Length"); !length.empty() && !head_only) {
            answer.whole = receive_bytes(std::stoul(length), answer.body);
        } else if (answer.header("Transfer-Encoding") == "chunked" && !head_only) {
            last_chunk_ = false;
            while (auto chunk = receive_chunk()) answer.body += *chunk;
            answer.whole = last_chunk_;
        }
        return answer;
    }
    Answer ask(std::string_view text) {
        send(text);
        return receive_answer();
    }
    Answer get(std::string_view target) {
        return ask(fmt::format("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", target));
    }
    bool closed_by_server() {
        bool closed = !receive();
        if (!closed) ADD_FAILURE() << "received instead: " << held_;
        return closed;
    }

  private:
    Client() = default;

    int fd_ = -1;
    std::string held_;
    bool last_chunk_ = false;
};

// Waits for what other threads do.
inline bool eventually(const std::function<bool()>& holds) {
    auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

inline std::unique_ptr<Server> serve(Handler handler, Options options = {}) {
    auto server = Server::open(std::move(options), std::move(handler));
    if (!server) {
        ADD_FAILURE() << server.error().to_string();
        std::abort();
    }
    return std::move(*server);
}

// "GET a/b x=1 body"
inline void echo(Request request, Responder responder) {
    std::string text(name(request.method));
    text += ' ';
    for (auto& segment : request.path()) text += segment + "/";
    for (auto& [key, value] : request.target.parameters) text += " " + key + "=" + value;
    if (!request.body.empty()) text += " " + request.body;
    responder.answer(Response(200, "text/plain", text));
}

}  // namespace leat::http::test
