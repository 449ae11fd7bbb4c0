// The plain change event: event_id, source_db, table_name, operation, before_data, after_data, timestamp,
// transaction_id, sequence_number. docs/formats.md.
#pragma once

#include "codec/object_encoder.h"

namespace leat {

class EventEncoder final : public ObjectEncoder {
  public:
    explicit EventEncoder(DebeziumOptions options, ColumnProjection columns = {})
        : ObjectEncoder(std::move(options), std::move(columns)),
          message_piece_(piece(options_.database, "null")),
          replay_(replay_member("replay")) {}

  protected:
    Pieces compile(const TableSchema* table) const override;
    Status put(const Told& told) override;

  private:
    static std::string piece(std::string_view database, std::string_view table_json);
    const std::string message_piece_, replay_;
};

}  // namespace leat
