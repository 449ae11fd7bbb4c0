// Blocks of a log → bytes of a stream, in the format and framing that a subscriber asked for.
#pragma once

#include "codec/encoder.h"
#include "delivery/change_selection.h"
#include "delivery/encoded_block.h"
#include "delivery/stream_framing.h"
#include "model/block_reader.h"

namespace leat {

// Belongs to one thread. Blocks follow one another in the log's order, or begin anew anywhere.
class BlockEncoder {
  public:
    BlockEncoder(std::unique_ptr<Encoder> encoder, ChangeSelection selection, Framing framing)
        : encoder_(std::move(encoder)), selection_(std::move(selection)), framing_(framing) {}

    // The block's changes after the sequence `after`; once there are so many bytes, what follows is left for
    // another call (the result's `next` is then in the block).
    Result<std::shared_ptr<const EncodedBlock>> encode(const Block& block, SchemaSet& schemas,
                                                       Seq after = Seq(0), size_t bytes_max = SIZE_MAX);

  private:
    const std::unique_ptr<Encoder> encoder_;
    ChangeSelection selection_;
    const Framing framing_;
};

}  // namespace leat
