#include "store/job_store.h"

#include <gtest/gtest.h>

namespace leat::db {
namespace {

TEST(JobStore, KeepsWhatRunsAndWhatBecameOfIt) {
    JobStore jobs(Database::in_memory());
    auto first = jobs.insert("replay", "shop", "{}");
    auto second = jobs.insert("replay", "shop", R"({"rate":1})");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(jobs.running()->size(), 2u);
    Job job = *jobs.find(first->id).value();
    EXPECT_EQ(job.subject, "shop");
    EXPECT_GT(job.created_us, 0);
    job.state = "failed";
    job.code = "SINK_FAILED";
    job.progress = R"({"done":3})";
    ASSERT_TRUE(jobs.update(job));
    ASSERT_EQ(jobs.running()->size(), 1u);
    EXPECT_EQ(jobs.running()->front().spec, R"({"rate":1})");
    EXPECT_EQ((*jobs.find(first->id))->code, "SINK_FAILED");
    EXPECT_FALSE(jobs.find(99).value());
    auto newest = jobs.list(0, 1);
    ASSERT_EQ(newest->size(), 1u);
    EXPECT_EQ(newest->front().id, second->id);
    EXPECT_EQ(jobs.list(second->id, 10)->front().id, first->id);
}

}  // namespace
}  // namespace leat::db
