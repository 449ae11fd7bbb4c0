// The embedded change log: all sources of one data directory. Format: docs/format/segment.md.
//
//     auto logs = EmbeddedLogs::open("/var/lib/leat", options);       // the server: the one writer
//     auto log = (*logs)->open_source("shop");                        // recovered; resume from its
//     position()
//
//     auto logs = EmbeddedLogs::open_read_only("/var/lib/leat");      // anyone, beside a server or without
//     auto reader = (*logs)->read("shop", FromEarliest{});
//
// Thread contract: any thread. The lock is held until this and the logs opened from it are gone.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "log/change_log.h"
#include "log/embedded/data_directory.h"
#include "log/embedded/log_options.h"
#include "log/embedded/retention_holds.h"
#include "log/embedded/schema_history.h"

namespace leat {

class EmbeddedLogs {
  public:
    // Creates the directory if it is missing. LOG_LOCKED, LOG_FOREIGN_DIRECTORY, LOG_NEWER_VERSION,
    // LOG_UNWRITABLE, LOG_DISK_FULL.
    static Result<std::unique_ptr<EmbeddedLogs>> open(const std::string& data_directory,
                                                      const LogOptions& options);
    // Writes nothing and takes no lock. LOG_FOREIGN_DIRECTORY (also if it is missing), LOG_NEWER_VERSION.
    static Result<std::unique_ptr<EmbeddedLogs>> open_read_only(const std::string& data_directory);

    // Those that have a log, by name.
    Result<std::vector<std::string>> sources() const;
    // Only of one opened for writing. Creates the source's log if it has none, or recovers it: cuts a torn
    // tail, and reports damage (LOG_CORRUPT) without touching it. One log of a source is open at a time.
    Result<std::unique_ptr<ChangeLog>> open_source(const std::string& source);

    // Removes the log of a source of which nothing was ever captured, so that a failed first start leaves
    // nothing behind. `more` are names of files that others keep beside the log.
    Status remove_if_empty(const std::string& source, const std::vector<std::string>& more = {});

    // Removes all that was captured of a source whose log nobody writes any more (LOG_LOCKED). Readers that
    // are at it end with LOG_TRIMMED or LOG_NO_SOURCE. A crash leaves it whole, or gone from here.
    Status remove(const std::string& source);

    // What retention may not remove of a source's log, whether it is open or not. Set before it is opened,
    // and whenever cursors have moved.
    std::shared_ptr<RetentionHolds> retention_holds(const std::string& source) const;
    // Which data directory this is, as one that is made anew is another.
    Result<std::string> identity() const;

    // LOG_NO_SOURCE if there is no such source.
    Result<std::unique_ptr<LogReader>> read(const std::string& source, ReadFrom from) const;
    Result<LogRange> range(const std::string& source) const;
    Result<std::vector<LoggedSchema>> schema_versions(const std::string& source) const;

  private:
    struct OpenSources {
        std::mutex mutex;
        std::set<std::string> names;
    };

    Result<WriterClaim> claim_source(const std::string& source);
    EmbeddedLogs(std::string data_directory, LogOptions options, std::shared_ptr<const WriterLock> lock);

    const std::string data_directory_;
    const LogOptions options_;
    const std::shared_ptr<const WriterLock> lock_;  // null: read only
    const std::shared_ptr<OpenSources> open_sources_ = std::make_shared<OpenSources>();
    mutable std::mutex holds_mutex_;
    mutable std::map<std::string, std::shared_ptr<RetentionHolds>> holds_;
};

}  // namespace leat
