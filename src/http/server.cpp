#include "http/server.h"

#include <sys/resource.h>

#include "base/logging.h"
#include "http/acceptor.h"
#include "http/connection.h"

namespace leat::http {

namespace {

using namespace std::chrono_literals;

// Often enough that a deadline is not missed by much.
std::chrono::milliseconds tick_for(const Options& options) {
    auto shortest =
        std::min({options.header_timeout, options.body_timeout, options.idle_timeout, options.write_timeout});
    return std::clamp<std::chrono::milliseconds>(shortest / 4, 5ms, 500ms);
}

uint32_t connections_possible(uint32_t wanted) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
    auto possible = std::max<rlim_t>(files.rlim_cur / 4 * 3, 1);
    if (possible >= wanted) return wanted;
    log_event(
        LogLevel::info, "", "fewer HTTP connections are possible than the limit allows",
        {{"connections", std::to_string(possible)}, {"open_files_limit", std::to_string(files.rlim_cur)}});
    return static_cast<uint32_t>(possible);
}

// Makes a call on every connection of a loop.
struct ForEachConnection {
    Loop& loop;
    void (Connection::*call)();

    void run() {
        auto objects = loop.objects();  // a copy: calls may remove some
        for (auto& object : objects)
            if (auto* connection = dynamic_cast<Connection*>(object.get())) (connection->*call)();
    }
};

}  // namespace

class Server::Impl {
  public:
    Impl(Options options, Handler handler) : services_(std::move(options), std::move(handler)) {}
    ~Impl() { stop(0ms); }

    Status open() {
        if (services_.options.tls) LEAT_TRY(reload_certificates());
        LEAT_ASSIGN(auto listening, listen_at(services_.options.listen));
        address_ = listening.address;
        port_ = listening.port;
        for (unsigned i = 0; i < std::max(services_.options.io_threads, 1u); ++i) {
            LEAT_ASSIGN(std::shared_ptr<Loop> loop, Loop::open(tick_for(services_.options)));
            loops_.push_back(std::move(loop));
        }
        acceptor_ = std::make_shared<Acceptor>(services_, loops_, std::move(listening.socket));
        loops_[0]->post(task<&Acceptor::start>(acceptor_));
        return {};
    }

    Status reload_certificates() {
        if (!services_.options.tls) return {};
        LEAT_ASSIGN(auto context, load_tls_context(*services_.options.tls));
        std::lock_guard lock(services_.tls_mutex);
        services_.tls = std::move(context);
        return {};
    }

    void stop(std::chrono::milliseconds patience) {
        std::lock_guard lock(stop_mutex_);
        if (stopped_) return;
        stopped_ = true;
        auto deadline = SteadyClock::now() + patience;
        services_.stopping = true;
        if (acceptor_) loops_[0]->post(task<&Acceptor::stop>(acceptor_));
        for_each(&Connection::drain);
        if (!services_.population.wait_until_empty(deadline)) {
            for_each(&Connection::cut);
            services_.population.wait_until_empty(std::nullopt);
        }
        services_.pool.close();
        for (auto& loop : loops_) loop->close();
    }

    Stats stats() const {
        auto& from = services_.counters;
        Stats stats;
        stats.connections = from.connections;
        stats.streams = from.streams;
        stats.request_bytes = from.request_bytes;
        stats.accepted = from.accepted;
        stats.refused = from.refused;
        stats.requests = from.requests;
        stats.rejected = from.rejected;
        stats.timed_out = from.timed_out;
        stats.stalled = from.stalled;
        stats.bytes_sent = from.bytes_sent;
        return stats;
    }

    uint16_t port() const { return port_; }
    const std::string& address() const { return address_; }

  private:
    void for_each(void (Connection::*call)()) {
        for (auto& loop : loops_)
            loop->post(task<&ForEachConnection::run>(std::make_shared<ForEachConnection>(*loop, call)));
    }

    Services services_;
    std::vector<std::shared_ptr<Loop>> loops_;
    std::shared_ptr<Acceptor> acceptor_;
    std::string address_;
    uint16_t port_ = 0;
    std::mutex stop_mutex_;
    bool stopped_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(Options options, Handler handler) {
    options.connections_max = connections_possible(options.connections_max);
    auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
    LEAT_TRY(impl->open());
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

uint16_t Server::port() const { return impl_->port(); }
std::string Server::address() const { return impl_->address(); }
Status Server::reload_certificates() { return impl_->reload_certificates(); }
void Server::stop(std::chrono::milliseconds patience) { impl_->stop(patience); }
Stats Server::stats() const { return impl_->stats(); }

}  // namespace leat::http
