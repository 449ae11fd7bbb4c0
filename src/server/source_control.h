// How sources are made, changed and driven while the server runs: what the REST API asks for. Implemented
// where everything is wired together; a fake in the tests.
//
// Any thread. Changes are made one at a time; one that would have to wait for another longer than a few
// seconds is API_BUSY. A change is durable before it is answered. An error leaves everything as it was unless
// it says otherwise.
#pragma once

#include "config/yaml_settings.h"
#include "model/schema.h"
#include "server/sources.h"
#include "snapshot/signal.h"
#include "source/source.h"

namespace leat::server {

// A source as it was asked for. Its settings are those of leat.yaml (config/json_settings.h).
struct SourceRequest {
    SettingGroup settings;
    bool start = false;  // at once; otherwise it waits, stopped, for start()
    bool check = true;   // look at the database first, and refuse what could not run
};

struct RemoveRequest {
    bool drop_slot = false;  // and publications
    bool drop_log = false;   // what was captured
    std::optional<uint64_t> revision = {};
};

// A version of a table's schema, and from where on it holds.
struct SchemaVersion {
    std::shared_ptr<const TableSchema> schema;
    Seq since;
};

class SourceControl {
  public:
    virtual ~SourceControl() = default;

    // What parse_source says; CONFIG_SECRET: a secret stands in it literally; API_EXISTS; CONFIG_INVALID: it
    // would share its slot with another. With `check` also what the database says: PG_…
    virtual Result<SourceView> create(const SourceRequest& request) = 0;
    // All its settings anew; goes on where it was. Likewise; API_STATE: it is defined in the file, or what
    // cannot be changed would be (slot.name, publication.name); API_CHANGED: `revision` is not the one it
    // has.
    virtual Result<SourceView> update(const SettingGroup& settings, std::optional<uint64_t> revision) = 0;
    // The settings of one that was made here. API_STATE: it is defined in the file.
    virtual Result<SettingGroup> settings(const std::string& name) const = 0;
    // What cannot be dropped in the database leaves the source there, stopped.
    virtual Status remove(const std::string& name, const RemoveRequest& request) = 0;

    // Each gives what the source is then, and is done again without harm. LOG_NO_SOURCE; API_STATE: the
    // source is in a state that does not allow it.
    virtual Result<SourceView> start(const std::string& name) = 0;  // ends a pause too
    virtual Result<SourceView> stop(const std::string& name) = 0;
    virtual Result<SourceView> pause(const std::string& name) = 0;
    virtual Result<SourceView> resume(const std::string& name) = 0;

    // What `leat check` looks at. Connects to the database, and waits for it.
    virtual Result<std::vector<Finding>> check(const std::string& name) const = 0;
    // Every version of every table that the log still has, by table and sequence.
    virtual Result<std::vector<SchemaVersion>> schemas(const std::string& name) const = 0;
    // Snapshots of single tables beside the stream. API_STATE: it does not run; SIGNAL_NOT_TAKEN.
    virtual Result<SignalOutcome> signal(const std::string& name, Signal signal) = 0;
};

}  // namespace leat::server
