// One request on its way through a handler and back: what a Responder holds. It may outlive the connection
// and the server.
#pragma once

#include "http/loop.h"
#include "http/server.h"

namespace leat::http {

class Connection;
struct Services;

class Exchange : public std::enable_shared_from_this<Exchange> {
  public:
    Exchange(Services& services, std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection,
             Request request);

    // On the connection's thread.
    void begin();  // has the handler called
    void set_client_gone() { client_gone_ = true; }
    void close();  // nobody waits for the answer any more

    // On any thread.
    void answer(Response response);  // the first counts
    bool client_gone() const { return client_gone_; }
    std::string description() const { return description_; }

  private:
    void handle();     // on the pool
    void delivered();  // on the connection's thread

    Services& services_;  // only while the connection lives
    const std::shared_ptr<Loop> loop_;
    const std::weak_ptr<Connection> connection_;
    const std::string description_;  // "GET /api/v1/sources": for logs
    Request request_;
    std::atomic<bool> client_gone_ = false, closed_ = false, answered_ = false;
    Response response_;
};

}  // namespace leat::http
