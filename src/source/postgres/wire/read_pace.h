// How the stream is read while the source lags: with pauses, so that the server can run ahead. A walsender
// hands each message to its socket by itself; what that costs it is most of what small changes cost.
//
// From another machine: a pause between any two reads, so that it is not woken for each message.
//
// On this machine (TCP over loopback) every write would still be a packet of its own, processed at once, as
// long as the sender may have more packets under way: whether it may is a matter of its congestion control,
// and halves or doubles the rate (docs/performance.md, "Small transactions"). So the receive buffer is kept
// small, and emptied only every few milliseconds: meanwhile the server's messages gather in its own buffer,
// and come in large packets. Long messages gain nothing by it, and get a large buffer back.
//
// One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace leat::pg {

class ReadPace {
  public:
    // Of a socket that the stream is about to be read from; -1: none, as in tests.
    explicit ReadPace(int socket);

    // A message was taken from what was read.
    void count_message() { ++messages_; }
    // After a read of so many bytes that has been decoded: how long to wait before the next one. `late`: what
    // it brought was committed a while ago.
    std::chrono::microseconds pause(size_t bytes, bool late);

  private:
    void widen();
    int socket_;
    bool gathering_ = false;  // the small buffer is in use
    uint64_t messages_ = 0, bytes_ = 0;
};

}  // namespace leat::pg
