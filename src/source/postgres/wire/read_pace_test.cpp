#include "source/postgres/wire/read_pace.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace leat::pg {
namespace {

using namespace std::chrono_literals;

// A connected pair over TCP on 127.0.0.1, as a server on the same machine gives it.
struct Loopback {
    int listener = ::socket(AF_INET, SOCK_STREAM, 0), reader = ::socket(AF_INET, SOCK_STREAM, 0);
    Loopback() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* at = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener, at, size), 0);
        EXPECT_EQ(::listen(listener, 1), 0);
        EXPECT_EQ(::getsockname(listener, at, &size), 0);
        EXPECT_EQ(::connect(reader, at, size), 0);
    }
    ~Loopback() {
        ::close(reader);
        ::close(listener);
    }
    int buffer() const {
        int bytes = 0;
        socklen_t size = sizeof bytes;
        EXPECT_EQ(::getsockopt(reader, SOL_SOCKET, SO_RCVBUF, &bytes, &size), 0);
        return bytes;
    }
};

TEST(ReadPace, NobodyWaitsWhoDoesNotLag) {
    ReadPace pace(-1);
    EXPECT_EQ(pace.pause(0, true), 0us);
    EXPECT_EQ(pace.pause(100, false), 0us);
    EXPECT_GT(pace.pause(100, true), 0us);
    EXPECT_GT(pace.pause(1 << 20, false), 0us);
}

TEST(ReadPace, OnThisMachineTheSocketIsEmptiedBeforeAPause) {
    Loopback loopback;
    ReadPace pace(loopback.reader);
    EXPECT_LE(loopback.buffer(), 128 << 10);
    EXPECT_EQ(pace.pause(40 << 10, true), 0us);
    EXPECT_GT(pace.pause(100, true), 1ms);
    EXPECT_EQ(pace.pause(100, false), 0us);
}

TEST(ReadPace, LongMessagesGetALargeBuffer) {
    Loopback loopback;
    ReadPace pace(loopback.reader);
    for (int i = 0; i < 40; ++i) {
        pace.count_message();
        pace.pause(32 << 10, true);
    }
    EXPECT_GT(loopback.buffer(), 128 << 10);
    EXPECT_LT(pace.pause(100, true), 1ms);
}

TEST(ReadPace, ShortMessagesKeepTheSmallOne) {
    Loopback loopback;
    ReadPace pace(loopback.reader);
    for (int i = 0; i < 200; ++i) {
        for (int j = 0; j < 300; ++j) pace.count_message();
        pace.pause(32 << 10, true);
    }
    EXPECT_LE(loopback.buffer(), 128 << 10);
}

}  // namespace
}  // namespace leat::pg
