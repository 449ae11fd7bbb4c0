// CloudEvents 1.0: in structured mode one JSON object with its attributes and the change as `data`; in binary
// mode the attributes as `ce-…` headers, as its HTTP binding names them, and the change as the value.
// docs/formats.md.
#pragma once

#include "codec/object_encoder.h"

namespace leat {

class CloudEventsEncoder final : public ObjectEncoder {
  public:
    enum class Mode : uint8_t { structured, binary };
    CloudEventsEncoder(Mode mode, DebeziumOptions options, ColumnProjection columns = {});

    bool values_alone() const override { return mode_ == Mode::structured; }

  protected:
    Pieces compile(const TableSchema* table) const override;
    Status put(const Told& told) override;

  private:
    Pieces pieces_of(std::string_view database, const TableSchema* table) const;
    void put_attributes(const Told& told, const Pieces& pieces);
    void put_headers(const Told& told, const Pieces& pieces);
    Status put_data(const Told& told, const Pieces& pieces);

    const Mode mode_;
    const std::string source_;         // a URI reference, as JSON
    const std::string source_header_;  // the same as a header's value, as JSON
    const std::string id_header_head_;
    const Pieces message_pieces_;
    const std::string replay_, replay_header_;
    ByteBuffer id_, time_header_, sequence_;
};

// As the HTTP binding writes a header's value: what is not visible ASCII, and '"' and '%', as %XX; so is
// '\\', so that the text is the same in JSON.
std::string cloudevents_header_value(std::string_view text);

}  // namespace leat
