// One subscriber's place in a source's changes: from the feed where it keeps up, from the log where it does
// not. Keeps no file open and no buffer between two calls. One thread at a time.
#pragma once

#include "delivery/feed.h"

namespace leat {

class FeedReader {
  public:
    // Begins after the sequence. `wake` as in Feed.
    FeedReader(std::shared_ptr<Feed> feed, Seq after, Wake wake)
        : feed_(std::move(feed)), wake_(std::make_shared<const Wake>(std::move(wake))), after_(after) {}

    struct Piece {
        std::shared_ptr<const EncodedBlock> block;
        std::string_view bytes;  // in the block; may be empty where nothing of it was wanted
    };
    // Empty: nothing now, and the wake is called when there may be more. LOG_TRIMMED: retention has removed
    // what follows the place.
    Result<std::optional<Piece>> next();

    // Everything up to it was given or was not wanted.
    Seq after() const { return after_; }

  private:
    Result<std::optional<Piece>> read_log();
    Piece take(std::shared_ptr<const EncodedBlock> block);

    const std::shared_ptr<Feed> feed_;
    const std::shared_ptr<const Wake> wake_;
    Seq after_;
};

}  // namespace leat
