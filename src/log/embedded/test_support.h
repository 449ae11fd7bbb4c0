// What the tests of this folder share: a directory, blocks to append, and how to read them back.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "log/embedded/embedded_logs.h"
#include "log/embedded/layout.h"
#include "log/embedded/storage_io.h"
#include "model/block_builder.h"

namespace leat::log_test {

using namespace std::chrono_literals;

// A directory that ends with the test.
class TestDirectory {
  public:
    TestDirectory() {
        // In memory if that can be: thousands of syncs would take their time on a disk.
        bool memory = ::access("/dev/shm", W_OK) == 0;
        path_ = (memory ? std::string("/dev/shm/") : testing::TempDir()) + "leat_log_XXXXXX";
        EXPECT_NE(::mkdtemp(path_.data()), nullptr);
    }
    ~TestDirectory() { std::filesystem::remove_all(path_); }
    std::string data() const { return path_ + "/data"; }
    SourcePaths paths(std::string_view source = "shop") const { return SourcePaths(data(), source); }
    std::string segment(uint64_t first = 1) const { return paths().segment(Seq(first)); }

  private:
    std::string path_;
};

inline std::shared_ptr<const TableSchema> make_schema(uint32_t id = 1, uint32_t version = 1,
                                                      uint64_t table = 100) {
    TableDefinition d;
    d.id = SchemaId(id);
    d.version = version;
    d.table = TableId(table);
    d.name = "t" + std::to_string(table);
    d.columns.resize(2);
    d.columns[0].name = "value";
    d.columns[0].type.kind = Kind::int64;
    d.columns[1].name = "note_v" + std::to_string(version);
    return TableSchema::make(d);
}

struct BlockSpec {
    int64_t first_value = 0;
    int count = 1;
    BlockFlags flags = BlockFlag::unit_begin | BlockFlag::unit_end;
    std::string position = "P";
    bool with_schema = false;
    std::shared_ptr<const TableSchema> schema = make_schema();
    int64_t commit_time_us = 1000;
    size_t note_bytes = 5;
};

inline Block make_block(const BlockSpec& spec) {
    BlockBuilder builder;
    if (spec.with_schema) builder.add_schema(*spec.schema);
    if (spec.count > 0) {
        Transaction transaction;
        transaction.commit_time_us = spec.commit_time_us;
        builder.begin_transaction(transaction, 0);
        for (int i = 0; i < spec.count; ++i) {
            builder.begin_row(Op::create, *spec.schema, SourceOffset(1));
            builder.begin_after();
            builder.set_fixed<int64_t>(0, spec.first_value + i);
            builder.set_text(1, std::string(spec.note_bytes, 'x'));
            builder.end_tuple();
            builder.end_row();
        }
        builder.end_transaction(static_cast<uint64_t>(spec.count), SourceOffset(2));
    }
    bool ends = spec.flags & static_cast<BlockFlags>(BlockFlag::unit_end);
    return builder.finish(spec.flags, ends ? spec.position : "");
}

inline std::string position_after(int64_t value) { return "after " + std::to_string(value); }

// Appends count units of one row each, with the values from `first`, as their own syncs.
inline void append_rows(ChangeLog& log, int64_t first, int count, size_t note_bytes = 5) {
    for (int64_t value = first; value < first + count; ++value) {
        BlockSpec spec;
        spec.first_value = value;
        spec.with_schema = value == 1;
        spec.position = position_after(value);
        spec.commit_time_us = value * 1000;
        spec.note_bytes = note_bytes;
        Block block = make_block(spec);
        auto seq = log.append(block);
        ASSERT_TRUE(seq) << seq.error().to_string();
        auto synced = log.sync();
        ASSERT_TRUE(synced) << synced.error().to_string();
    }
}

struct ReadBack {
    std::vector<int64_t> values;
    std::vector<uint64_t> seqs;
    std::optional<Error> error;
};

// The rows that can be read now, of so many blocks at most.
inline ReadBack read_rows(LogReader& reader, std::chrono::milliseconds wait = 0ms,
                          size_t blocks_max = SIZE_MAX) {
    ReadBack result;
    for (size_t blocks = 0; blocks < blocks_max; ++blocks) {
        auto block = reader.next(wait);
        if (!block) {
            result.error = block.error();
            return result;
        }
        if (!*block) return result;
        BlockReader items(**block, reader.schemas());
        while (true) {
            auto item = items.next();
            if (!item) {
                result.error = item.error();
                return result;
            }
            if (*item == BlockReader::Item::end_of_block) break;
            if (*item != BlockReader::Item::change) continue;
            result.values.push_back(items.change().after.fixed<int64_t>(0));
            result.seqs.push_back(items.change().seq.value);
        }
    }
    return result;
}

inline std::vector<int64_t> numbers(int64_t first, int64_t last) {
    std::vector<int64_t> values;
    for (int64_t value = first; value <= last; ++value) values.push_back(value);
    return values;
}

inline std::unique_ptr<EmbeddedLogs> open_logs(const TestDirectory& directory,
                                               const LogOptions& options = {}) {
    auto logs = EmbeddedLogs::open(directory.data(), options);
    EXPECT_TRUE(logs) << logs.error().to_string();
    return logs ? std::move(*logs) : nullptr;
}

inline std::unique_ptr<ChangeLog> open_log(EmbeddedLogs& logs, const std::string& source = "shop") {
    auto log = logs.open_source(source);
    EXPECT_TRUE(log) << log.error().to_string();
    return log ? std::move(*log) : nullptr;
}

inline ReadBack read_from(const TestDirectory& directory, ReadFrom from) {
    auto logs = EmbeddedLogs::open_read_only(directory.data());
    if (!logs) return {{}, {}, logs.error()};
    auto reader = (*logs)->read("shop", from);
    if (!reader) return {{}, {}, reader.error()};
    return read_rows(**reader);
}

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
inline void write_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

}  // namespace leat::log_test
