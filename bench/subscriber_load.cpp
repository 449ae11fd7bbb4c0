// subscriber_load PORT PATH COUNT: COUNT subscribers of one HTTP stream of NDJSON on this machine.
//
// One thread reads all of them. It says READY when every one has been answered; at SIGTERM it prints
//     deliveries bytes first_us last_us p50_us p99_us max_us least most
// deliveries: lines with a commit time ("ts_us" of the record's source); *_us: from that commit until the
// line was read, but for those committed in the first second; least, most: lines of one subscriber.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int64_t warm_up_us = 1'000'000;
constexpr size_t histogram_step_us = 10, histogram_steps = 6'000'000;  // up to a minute
constexpr std::string_view marker = "\"ts_us\":";

volatile std::sig_atomic_t stopped = 0;
void stop(int) { stopped = 1; }

[[noreturn]] void die(const std::string& message) {
    std::fprintf(stderr, "subscriber_load: %s\n", message.c_str());
    std::exit(1);
}

int64_t now_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

struct Subscriber {
    int fd = -1;
    bool answered = false;
    uint64_t lines = 0;
    std::string rest;  // a line that has begun
};

class Load {
  public:
    Load(uint16_t port, const std::string& path, size_t count)
        : epoll_(::epoll_create1(0)), subscribers_(count), histogram_(histogram_steps) {
        std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n";
        if (const char* token = std::getenv("LEAT_TOKEN"))
            request += std::string("Authorization: Bearer ") + token + "\r\n";
        request += "\r\n";
        for (size_t i = 0; i < count; ++i) subscribe(i, port, request);
    }

    void run() {
        while (!stopped) {
            epoll_event events[256];
            int ready = ::epoll_wait(epoll_, events, 256, 100);
            for (int i = 0; i < ready; ++i) read(subscribers_[events[i].data.u64]);
        }
    }

    void print() const {
        uint64_t least = UINT64_MAX, most = 0;
        for (const Subscriber& subscriber : subscribers_) {
            least = std::min(least, subscriber.lines);
            most = std::max(most, subscriber.lines);
        }
        std::printf("%lu %lu %ld %ld %ld %ld %ld %lu %lu\n", deliveries_, bytes_, first_us_, last_us_,
                    percentile(0.5), percentile(0.99), max_us_, least, most);
    }

  private:
    void subscribe(size_t index, uint16_t port, const std::string& request) {
        int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            die(std::string("no connection: ") + std::strerror(errno));
        if (::send(fd, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size()))
            die("the request was not taken");
        subscribers_[index].fd = fd;
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        wanted.data.u64 = index;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &wanted);
    }

    void read(Subscriber& subscriber) {
        static char buffer[256 << 10];
        ssize_t got = ::recv(subscriber.fd, buffer, sizeof buffer, 0);
        if (got <= 0) die("a subscriber was cut");
        int64_t now = now_us();
        std::string_view data(buffer, static_cast<size_t>(got));
        bytes_ += data.size();
        if (!subscriber.answered) return take_head(subscriber, data);
        for (size_t end; (end = data.find('\n')) != std::string_view::npos; data.remove_prefix(end + 1)) {
            if (subscriber.rest.empty()) {
                take(subscriber, data.substr(0, end), now);
            } else {
                subscriber.rest += data.substr(0, end);
                take(subscriber, subscriber.rest, now);
                subscriber.rest.clear();
            }
        }
        subscriber.rest += data;
    }

    // Nothing is committed before all are answered, so nothing follows it.
    void take_head(Subscriber& subscriber, std::string_view data) {
        subscriber.rest += data;
        if (subscriber.rest.find("\r\n\r\n") == std::string::npos) return;
        if (!subscriber.rest.starts_with("HTTP/1.1 200")) die("not 200: " + subscriber.rest.substr(0, 300));
        subscriber.answered = true;
        subscriber.rest.clear();
        if (++answered_ < subscribers_.size()) return;
        std::puts("READY");
        std::fflush(stdout);
    }

    // Lines of the chunked encoding, and empty ones, have no commit time.
    void take(Subscriber& subscriber, std::string_view line, int64_t now) {
        size_t at = line.find(marker);
        if (at == std::string_view::npos) return;
        int64_t commit = 0;
        std::from_chars(line.data() + at + marker.size(), line.data() + line.size(), commit);
        ++subscriber.lines;
        ++deliveries_;
        if (first_us_ == 0) first_us_ = commit;
        last_us_ = now;
        if (commit < first_us_ + warm_up_us) return;
        int64_t took = std::max<int64_t>(0, now - commit);
        max_us_ = std::max(max_us_, took);
        ++samples_;
        ++histogram_[std::min<size_t>(static_cast<size_t>(took) / histogram_step_us, histogram_steps - 1)];
    }

    long percentile(double share) const {
        auto wanted = static_cast<uint64_t>(static_cast<double>(samples_) * share);
        uint64_t seen = 0;
        for (size_t i = 0; i < histogram_.size(); ++i)
            if ((seen += histogram_[i]) > wanted) return static_cast<long>((i + 1) * histogram_step_us);
        return 0;
    }

    const int epoll_;
    std::vector<Subscriber> subscribers_;
    std::vector<uint32_t> histogram_;
    size_t answered_ = 0;
    uint64_t deliveries_ = 0, bytes_ = 0, samples_ = 0;
    int64_t first_us_ = 0, last_us_ = 0, max_us_ = 0;
};

}  // namespace

int main(int count, char** words) {
    if (count != 4) die("usage: subscriber_load PORT PATH COUNT");
    std::signal(SIGTERM, stop);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    Load load(static_cast<uint16_t>(std::atoi(words[1])), words[2], static_cast<size_t>(std::atoi(words[3])));
    load.run();
    load.print();
}
