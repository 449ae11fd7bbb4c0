#include "delivery/block_encoder.h"

namespace leat {

Result<std::shared_ptr<const EncodedBlock>> BlockEncoder::encode(const Block& block, SchemaSet& schemas,
                                                                 Seq after, size_t bytes_max) {
    auto encoded = std::make_shared<EncodedBlock>();
    const BlockHeader& header = block.header();
    encoded->first = Seq(header.first_seq);
    encoded->next = Seq(header.end_seq());
    auto framing = make_framing(framing_, encoder_->values_alone(), encoded->bytes);
    Seq last(header.first_seq - 1);
    int64_t commit_time_us = 0;
    // Of the transaction: whether it has changes here, and whether they all were told before.
    bool has_changes = false, all_told = true;
    Seq upcoming = encoded->first;
    // A change ends where the next begins: what the end of its transaction has to tell belongs to the last.
    auto end_change = [&] {
        framing->end_change(last);
        size_t told = encoded->ends.empty() ? 0 : encoded->ends.back().offset;
        if (encoded->bytes.size() == told) return;
        auto keys = framing->take_keys();
        encoded->ends.push_back({last, encoded->bytes.size(), keys.first, keys.other, commit_time_us});
    };
    BlockReader reader(block, schemas);
    while (true) {
        LEAT_ASSIGN(auto item, reader.next());
        switch (item) {
            case BlockReader::Item::end_of_block:
                end_change();
                return std::shared_ptr<const EncodedBlock>(std::move(encoded));
            case BlockReader::Item::schema:
                break;
            case BlockReader::Item::begin:
                end_change();
                has_changes = false;
                all_told = true;
                if (!reader.continued() && upcoming > after)
                    LEAT_TRY(encoder_->begin(reader.transaction(), *framing));
                break;
            case BlockReader::Item::change: {
                upcoming = Seq(reader.change().seq.value + 1);
                has_changes = true;
                if (reader.change().seq <= after) break;
                all_told = false;
                if (encoded->bytes.size() >= bytes_max) {
                    end_change();
                    encoded->next = reader.change().seq;
                    return std::shared_ptr<const EncodedBlock>(std::move(encoded));
                }
                LEAT_ASSIGN(const Change* told, selection_.pick(reader.change()));
                if (!told) break;
                if (last >= encoded->first) end_change();
                last = told->seq;
                commit_time_us = reader.transaction().commit_time_us;
                LEAT_TRY(encoder_->encode(*told, reader.transaction(), header.captured_at_us, *framing));
                break;
            }
            case BlockReader::Item::commit:
                if (has_changes && all_told) break;
                LEAT_TRY(encoder_->commit(reader.transaction(), reader.transaction_changes(),
                                          header.captured_at_us, *framing));
                break;
        }
    }
}

}  // namespace leat
