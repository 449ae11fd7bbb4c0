// The flat row: its columns by name, then `__op`, `__table`, `__ts`, `__deleted` and `__seq`. What Debezium's
// ExtractNewRecordState makes of an envelope, for those who want nothing but rows. docs/formats.md.
#pragma once

#include "codec/object_encoder.h"

namespace leat {

class FlatEncoder final : public ObjectEncoder {
  public:
    explicit FlatEncoder(DebeziumOptions options, ColumnProjection columns = {});

  protected:
    Pieces compile(const TableSchema* table) const override;
    Status put(const Told& told) override;

  private:
    const std::string replay_;
};

}  // namespace leat
