// Reads chunks of an incremental snapshot over a connection of its own, each in a transaction of its own.
// Nothing is written, and no lock is held from one chunk to the next. Belongs to one thread.
#pragma once

#include <functional>
#include <optional>

#include "source/postgres/snapshot/copy_rows.h"
#include "source/postgres/snapshot/key_chunk.h"
#include "source/postgres/snapshot/key_sql.h"

namespace leat::pg {

// What to read, and of what the table must still consist. A value: nobody changes it meanwhile.
struct KeyTask {
    std::shared_ptr<const TableSchema> schema;
    std::string quoted_name;
    bool partitioned = false;
    std::string version;  // as Storage::version says it
    std::string condition;
    std::string row_filter;   // of the publication
    TableProgress delivered;  // only its pages: what they have is left out

    KeyRange range;
    bool to_last_key = false;   // range.to is not known yet: it is the last key that there is
    std::vector<KeyText> keys;  // instead of a range: these rows
    uint64_t rows_max = 0;
    size_t bytes_max = 0;
    uint64_t xmin_least = 0;  // transactions below must have ended: what they wrote may not be in the stream
};

struct KeyResult {
    enum class Kind : uint8_t {
        read,       // chunk has the rows
        too_early,  // transactions below xmin_least are running
        altered,    // the table, or its key, is not as the task says; it may be gone
        busy,       // more sessions run queries than is allowed
        locked,     // somebody else holds or wants the table
    };
    Kind kind = Kind::read;
    KeyChunk chunk;
    std::optional<Error> error;  // of what was altered, as the server told it
    // Where the chunk ended before the end that was known, since it had reached bytes_max.
    std::optional<KeyText> ended_at;
};

class KeyChunkReader {
  public:
    explicit KeyChunkReader(const Options& options) : options_(options) {}

    // Called while a chunk is read, by the same thread.
    struct Progress {
        std::function<void(const Visibility&)> seen;  // the snapshot is fixed
        // to_last_key: the last key; none: the table is empty. Told before `cut`.
        std::function<void(std::optional<KeyText>)> last_key;
        std::function<void(const KeyText&)> cut;  // the chunk ends here; what follows is another one
    };
    Result<KeyResult> read(const KeyTask& task, const Progress& progress, std::stop_token stop);

  private:
    Result<KeyResult> read_in_transaction(const KeyTask& task, const Progress& progress,
                                          std::stop_token stop);
    Result<Visibility> look(const KeyTask& task, bool& as_planned, std::stop_token stop);
    Result<std::optional<KeyText>> find_key(const std::string& sql, std::stop_token stop);
    Status copy(const KeyTask& task, const KeyRange& range, KeyResult& result, std::stop_token stop);
    const CopyFormat& format_of(const TableSchema& schema);
    Status connect(std::stop_token stop);
    Result<bool> server_is_busy(std::stop_token stop);

    const Options& options_;
    std::optional<Connection> connection_;
    std::optional<CopyRows> rows_;  // of the connection
    std::optional<OddTextCasts> odd_casts_;
    std::unordered_map<SchemaId, CopyFormat> formats_;
};

}  // namespace leat::pg
