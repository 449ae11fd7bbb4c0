// reference_reader URL PUBLICATION FILE: the least that a durable reader of a replication stream can do.
//
// Reads a temporary slot, writes what arrives to FILE, calls fdatasync once per wake-up, and only then looks
// at the clock. Says READY when it streams; at SIGTERM prints a line per commit, "commit_us seen_us" (both
// microseconds since 1970).
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int64_t postgres_epoch_us = 946684800000000;
constexpr auto status_every = std::chrono::seconds(1);
constexpr size_t wal_header = 25;              // 'w', two LSNs, a time
constexpr size_t commit_time_at = 1 + 1 + 16;  // in pgoutput's 'C': type, flags, two LSNs

struct Sample {
    int64_t commit_us, seen_us;
};

volatile std::sig_atomic_t stopped = 0;
void stop(int) { stopped = 1; }

[[noreturn]] void die(const std::string& message) {
    std::fprintf(stderr, "reference_reader: %s\n", message.c_str());
    std::exit(1);
}

uint64_t big_endian(const char* from) {
    uint64_t value;
    std::memcpy(&value, from, sizeof value);
    return __builtin_bswap64(value);
}

int64_t now_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

class Stream {
  public:
    Stream(const char* url, const std::string& publication) : connection_(connect(url)) {
        run("CREATE_REPLICATION_SLOT reference_reader TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT",
            PGRES_TUPLES_OK);
        run("START_REPLICATION SLOT reference_reader LOGICAL 0/0 (proto_version '1', publication_names '" +
                publication + "')",
            PGRES_COPY_BOTH);
    }

    // Everything that arrived by now, after waiting for something up to timeout_ms: bytes, and the commit
    // times in them.
    void read(int timeout_ms, std::string& bytes, std::vector<int64_t>& commits) {
        pollfd wanted{PQsocket(connection_.get()), POLLIN, 0};
        if (::poll(&wanted, 1, timeout_ms) <= 0) return;
        if (!PQconsumeInput(connection_.get())) die(PQerrorMessage(connection_.get()));
        char* data = nullptr;
        int size;
        while ((size = PQgetCopyData(connection_.get(), &data, 1)) > 0) {
            take({data, static_cast<size_t>(size)}, bytes, commits);
            PQfreemem(data);
        }
        if (size < 0) die("the server ended the stream");
    }

    void send_status_if_due() {
        auto now = std::chrono::steady_clock::now();
        if (!reply_wanted_ && now - status_sent_ < status_every) return;
        status_sent_ = now;
        reply_wanted_ = false;
        std::string status = "r";
        for (uint64_t value : {received_, received_, received_, uint64_t{0}}) {
            value = __builtin_bswap64(value);
            status.append(reinterpret_cast<const char*>(&value), sizeof value);
        }
        status.push_back('\0');
        if (PQputCopyData(connection_.get(), status.data(), static_cast<int>(status.size())) != 1 ||
            PQflush(connection_.get()) != 0)
            die(PQerrorMessage(connection_.get()));
    }

  private:
    using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

    static Connection connect(const char* url) {
        const char* names[] = {"dbname", "replication", nullptr};
        const char* values[] = {url, "database", nullptr};
        Connection connection(PQconnectdbParams(names, values, 1), PQfinish);
        if (PQstatus(connection.get()) != CONNECTION_OK) die(PQerrorMessage(connection.get()));
        return connection;
    }

    void run(const std::string& command, ExecStatusType wanted) {
        std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_.get(), command.c_str()),
                                                             PQclear);
        if (PQresultStatus(result.get()) != wanted) die(PQerrorMessage(connection_.get()));
    }

    void take(std::string_view message, std::string& bytes, std::vector<int64_t>& commits) {
        if (message[0] == 'k') {
            received_ = std::max(received_, big_endian(&message[1]));
            reply_wanted_ |= message[17] != 0;
            return;
        }
        received_ = std::max(received_, big_endian(&message[1]));
        std::string_view change = message.substr(wal_header);
        bytes += change;
        if (change[0] == 'C')
            commits.push_back(static_cast<int64_t>(big_endian(&change[commit_time_at])) + postgres_epoch_us);
    }

    Connection connection_;
    uint64_t received_ = 0;
    bool reply_wanted_ = false;
    std::chrono::steady_clock::time_point status_sent_;
};

void write_durably(int file, const std::string& bytes) {
    for (size_t written = 0; written < bytes.size();) {
        ssize_t done = ::write(file, bytes.data() + written, bytes.size() - written);
        if (done < 0) die("cannot write");
        written += static_cast<size_t>(done);
    }
    if (::fdatasync(file) != 0) die("cannot sync");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) die("usage: reference_reader URL PUBLICATION FILE");
    std::signal(SIGTERM, stop);
    int file = ::open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) die("cannot create the file");
    Stream stream(argv[1], argv[2]);
    std::puts("READY");
    std::fflush(stdout);
    std::vector<Sample> samples;
    std::vector<int64_t> commits;
    std::string bytes;
    while (!stopped) {
        bytes.clear();
        commits.clear();
        stream.read(100, bytes, commits);
        if (!bytes.empty()) {
            write_durably(file, bytes);
            int64_t seen = now_us();
            for (int64_t commit : commits) samples.push_back({commit, seen});
        }
        stream.send_status_if_due();
    }
    for (const Sample& sample : samples)
        std::printf("%lld %lld\n", static_cast<long long>(sample.commit_us),
                    static_cast<long long>(sample.seen_us));
    return 0;
}
