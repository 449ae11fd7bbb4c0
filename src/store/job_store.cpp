#include "store/job_store.h"

#include "base/clock.h"

namespace leat::db {

namespace {

constexpr int64_t kept_max = 1000;

Job job_of(const Rows& row) {
    Job job;
    job.id = row.number(0);
    job.kind = row.text(1);
    job.subject = row.text(2);
    job.state = row.text(3);
    job.spec = row.text(4);
    job.progress = row.text(5);
    job.code = row.text(6);
    job.message = row.text(7);
    job.created_us = row.integer(8);
    job.changed_us = row.integer(9);
    return job;
}

Result<std::vector<Job>> all(Result<Rows> rows) {
    if (!rows) return fail(std::move(rows.error()));
    std::vector<Job> jobs;
    while (true) {
        LEAT_ASSIGN(bool more, rows->next());
        if (!more) return jobs;
        jobs.push_back(job_of(*rows));
    }
}

}  // namespace

Result<std::vector<Job>> JobStore::list(uint64_t before, size_t limit) const {
    uint64_t below = before ? before : INT64_MAX;
    return read(*database_, [&](Transaction& t) {
        return all(
            t.query("SELECT id, kind, subject, state, spec, progress, code, message, created_us, changed_us "
                    "FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?",
                    below, static_cast<uint64_t>(limit)));
    });
}

Result<std::vector<Job>> JobStore::running() const {
    return read(*database_, [&](Transaction& t) {
        return all(
            t.query("SELECT id, kind, subject, state, spec, progress, code, message, created_us, changed_us "
                    "FROM jobs WHERE state = 'running' ORDER BY id"));
    });
}

Result<std::optional<Job>> JobStore::find(uint64_t id) const {
    return read(*database_, [&](Transaction& t) -> Result<std::optional<Job>> {
        LEAT_ASSIGN(auto found, all(t.query("SELECT id, kind, subject, state, spec, progress, code, message, "
                                            "created_us, changed_us FROM jobs WHERE id = ?",
                                            id)));
        if (found.empty()) return std::nullopt;
        return std::optional<Job>(std::move(found.front()));
    });
}

Result<Job> JobStore::insert(const std::string& kind, const std::string& subject, const std::string& spec) {
    return write(*database_, [&](Transaction& t) -> Result<Job> {
        int64_t now = wall_time_us();
        LEAT_TRY(t.run(
            "INSERT INTO jobs (kind, subject, state, spec, progress, code, message, created_us, changed_us) "
            "VALUES (?, ?, 'running', ?, '{}', '', '', ?, ?)",
            kind, subject, spec, now, now));
        Job job{t.last_id(), kind, subject, "running", spec, "{}", {}, {}, now, now};
        LEAT_TRY(t.run("DELETE FROM jobs WHERE state <> 'running' AND id <= ? - ?",
                       static_cast<int64_t>(job.id), kept_max));
        return job;
    });
}

Status JobStore::update(const Job& job) {
    return write(*database_, [&](Transaction& t) -> Status {
        LEAT_TRY(t.run(
            "UPDATE jobs SET state = ?, progress = ?, code = ?, message = ?, changed_us = ? WHERE id = ?",
            job.state, job.progress, job.code, job.message, wall_time_us(), job.id));
        return {};
    });
}

}  // namespace leat::db
