// GET /api/v1/sources/{name}/changes: a source's changes as the body of an answer.
#pragma once

#include "delivery/feed_reader.h"
#include "http/body_source.h"

namespace leat::server {

struct StreamBounds {
    Seq after;
    uint64_t limit = UINT64_MAX;  // changes; what is told of one is never parted
    Seq until{UINT64_MAX};        // the last sequence to look at; without end: all that will come
};

class ChangeStream final : public http::BodySource {
  public:
    ChangeStream(std::string source, std::shared_ptr<Feed> feed, StreamBounds bounds)
        : source_(std::move(source)), feed_(std::move(feed)), bounds_(bounds) {}

    void start(http::Wake wake) override;
    http::BodyState next(http::BodyPiece& out) override;

  private:
    void put(const FeedReader::Piece& piece, Seq before, http::BodyPiece& out);

    const std::string source_;
    const std::shared_ptr<Feed> feed_;
    StreamBounds bounds_;
    std::optional<FeedReader> reader_;
};

}  // namespace leat::server
