#include "source/postgres/snapshot/chunk_planner.h"

#include <gtest/gtest.h>

namespace leat::pg {
namespace {

constexpr uint64_t pages_per_mb = (1 << 20) / 8192;

Storage heap(uint64_t pages) {
    Storage storage;
    storage.pages = pages;
    return storage;
}

// Each storage's chunks follow one another without gap or overlap, and only the last is open.
void expect_covered(const std::vector<Chunk>& chunks, size_t storages) {
    size_t at = 0;
    for (uint32_t storage = 0; storage < storages; ++storage)
        for (uint64_t next = 0;; ++at) {
            ASSERT_LT(at, chunks.size());
            PageRange range = page_range(chunks[at]);
            ASSERT_EQ(range.storage, storage);
            ASSERT_EQ(range.first, next);
            if (range.last == 0) {
                ++at;
                break;
            }
            ASSERT_GT(range.last, range.first);
            next = range.last;
        }
    EXPECT_EQ(at, chunks.size());
}

TEST(ChunkPlanner, CoversEveryPageOnceWhateverTheSize) {
    for (uint64_t mb : {0, 1, 4, 5, 6, 7, 31, 32, 33, 500, 511, 512, 513, 100'000})
        for (uint64_t more : {0, 1, 127})
            for (uint32_t readers : {1, 2, 7, 64}) {
                SCOPED_TRACE(std::to_string(mb) + " MB and " + std::to_string(more) + " pages, " +
                             std::to_string(readers) + " readers");
                expect_covered(plan_chunks(0, {heap(mb * pages_per_mb + more)}, 1000, readers, true), 1);
            }
}

TEST(ChunkPlanner, AnEmptyTableIsOneWholeChunk) {
    auto chunks = plan_chunks(3, {heap(0)}, 0, 2, true);
    ASSERT_EQ(chunks.size(), 1u);
    EXPECT_EQ(chunks[0].table, 3u);
    EXPECT_TRUE(page_range(chunks[0]).whole());
}

TEST(ChunkPlanner, ASmallTableIsOneWholeChunk) {
    auto chunks = plan_chunks(0, {heap(6 * pages_per_mb)}, 10, 8, true);
    ASSERT_EQ(chunks.size(), 1u);
    EXPECT_TRUE(page_range(chunks[0]).whole());
}

TEST(ChunkPlanner, TheLastOfSeveralChunksIsOpenButNotTheWholeTable) {
    auto chunks = plan_chunks(0, {heap(100 * pages_per_mb)}, 10, 2, true);
    ASSERT_GT(chunks.size(), 2u);
    PageRange last = page_range(chunks.back());
    EXPECT_EQ(last.last, 0u);
    EXPECT_FALSE(last.whole());
    EXPECT_FALSE(page_range(chunks.front()).whole());
}

TEST(ChunkPlanner, ALargeTableHasSeveralChunksForEachReader) {
    EXPECT_GE(plan_chunks(0, {heap(1000 * pages_per_mb)}, 10, 4, true).size(), 16u);
}

TEST(ChunkPlanner, AChunkOfAHugeTableStaysSmall) {
    for (const Chunk& chunk : plan_chunks(0, {heap(1'000'000 * pages_per_mb)}, 10, 1, true)) {
        PageRange range = page_range(chunk);
        if (range.last == 0) continue;
        ASSERT_LE(range.last - range.first, 64 * pages_per_mb);
    }
}

TEST(ChunkPlanner, EachPartitionIsReadForItself) {
    auto chunks = plan_chunks(0, {heap(0), heap(300 * pages_per_mb), heap(1)}, 1000, 2, true);
    expect_covered(chunks, 3);
    EXPECT_TRUE(page_range(chunks.front()).whole());
    EXPECT_TRUE(page_range(chunks.back()).whole());
}

TEST(ChunkPlanner, APartitionedTableWithoutPartitionsHasNoChunks) {
    EXPECT_TRUE(plan_chunks(0, {}, 0, 2, true).empty());
}

TEST(ChunkPlanner, WhatHasNoPageRangesIsReadWhole) {
    Storage other = heap(1000 * pages_per_mb);
    other.heap = false;
    EXPECT_EQ(plan_chunks(0, {other}, 10, 4, true).size(), 1u);
    EXPECT_EQ(plan_chunks(0, {heap(1000 * pages_per_mb)}, 10, 4, false).size(), 1u);
}

TEST(ChunkPlanner, RowsAreSharedOutByPages) {
    auto chunks = plan_chunks(0, {heap(100 * pages_per_mb), heap(300 * pages_per_mb)}, 4000, 2, true);
    uint64_t rows = 0;
    for (const Chunk& chunk : chunks) rows += chunk.rows_estimate;
    EXPECT_LE(rows, 4000u);
    EXPECT_GE(rows, 4000 - chunks.size());
}

TEST(PlanSteps, SmallTablesShareAStep) {
    std::vector<std::vector<Chunk>> chunks;
    for (uint32_t table = 0; table < 3; ++table) chunks.push_back(plan_chunks(table, {heap(1)}, 1, 2, true));
    auto steps = plan_steps(chunks, {8192, 8192, 8192}, {false, false, false});
    ASSERT_EQ(steps.size(), 1u);
    EXPECT_EQ(steps[0].tables, (std::vector<uint32_t>{0, 1, 2}));
    ASSERT_EQ(steps[0].chunks.size(), 3u);
    EXPECT_EQ(steps[0].chunks[2].table, 2u);
}

TEST(PlanSteps, ALargeTableHasAStepOfItsOwn) {
    std::vector<std::vector<Chunk>> chunks(3);
    auto steps = plan_steps(chunks, {1000, 100 << 20, 1000}, {true, true, true});
    ASSERT_EQ(steps.size(), 3u);
    EXPECT_EQ(steps[1].tables, (std::vector<uint32_t>{1}));
}

TEST(PlanSteps, AStepTakesABoundedNumberOfTables) {
    std::vector<std::vector<Chunk>> chunks(1001);
    auto steps = plan_steps(chunks, std::vector<uint64_t>(1001, 0), std::vector<bool>(1001, false));
    std::vector<uint32_t> tables;
    for (const SnapshotStep& step : steps) {
        EXPECT_LE(step.tables.size(), 200u);
        tables.insert(tables.end(), step.tables.begin(), step.tables.end());
    }
    ASSERT_EQ(tables.size(), 1001u);
    for (uint32_t table = 0; table < 1001; ++table) EXPECT_EQ(tables[table], table);
}

TEST(PlanSteps, DivisibleTablesComeFirstAndShareNoStepWithOthers) {
    std::vector<std::vector<Chunk>> chunks(4);
    auto steps = plan_steps(chunks, {1, 1, 1, 1}, {false, true, false, true});
    ASSERT_EQ(steps.size(), 2u);
    EXPECT_TRUE(steps[0].divisible);
    EXPECT_EQ(steps[0].tables, (std::vector<uint32_t>{1, 3}));
    EXPECT_FALSE(steps[1].divisible);
    EXPECT_EQ(steps[1].tables, (std::vector<uint32_t>{0, 2}));
}

TEST(PlanSteps, NoTablesAreNoSteps) { EXPECT_TRUE(plan_steps({}, {}, {}).empty()); }

TEST(PlanSteps, AnEmptyTableStillBelongsToAStep) {
    auto steps = plan_steps({{}}, {0}, {true});
    ASSERT_EQ(steps.size(), 1u);
    EXPECT_TRUE(steps[0].chunks.empty());
}

}  // namespace
}  // namespace leat::pg
