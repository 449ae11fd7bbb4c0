#include "cli/output.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/text.h"
#include "cli/commands.h"
#include "codec/format.h"
#include "codec/ndjson_writer.h"
#include "codec/text_encoder.h"
#include "delivery/operations.h"

namespace leat::cli {

namespace {

constexpr size_t flush_bytes = 256 << 10;

size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 120;
}

// Each may hold several, separated by commas.
std::vector<std::string> parts_of(const std::vector<std::string>& options) {
    std::vector<std::string> parts;
    for (const std::string& option : options)
        for (std::string_view part : split(option, ',')) parts.emplace_back(trim(part));
    return parts;
}

}  // namespace

Status apply_settings(const std::vector<std::string>& settings, std::map<std::string, std::string>& options) {
    for (const std::string& setting : settings) {
        size_t equals = setting.find('=');
        if (equals == std::string::npos)
            return fail(ErrorCode::USAGE, fmt::format("--set takes NAME=VALUE, not \"{}\"", setting));
        options[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
    return {};
}

Result<SelectionSpec> selection_of(const OutputOptions& options) {
    SelectionSpec spec{.tables = options.tables, .where = options.where};
    LEAT_ASSIGN(spec.ops, parse_ops(parts_of(options.ops)));
    spec.columns = parts_of(options.columns);
    if (options.leaving != "delete") return spec;
    if (spec.where.empty()) return fail(ErrorCode::USAGE, "--leaving delete needs a condition: --where");
    spec.leaving = Leaving::as_delete;
    return spec;
}

Result<DebeziumOptions> parse_format_options(const OutputOptions& options,
                                             std::map<std::string, std::string> values) {
    if (options.format.empty() || options.format == "text") return DebeziumOptions::parse(values);
    LEAT_ASSIGN(Format format, parse_format(options.format));
    return DebeziumOptions::parse(options_for(format, std::move(values)));
}

Printer::~Printer() = default;

Result<std::unique_ptr<Printer>> Printer::make(const OutputOptions& options, DebeziumOptions debezium) {
    LEAT_ASSIGN(auto spec, selection_of(options));
    LEAT_ASSIGN(auto selection, ChangeSelection::make(std::move(spec)));
    std::unique_ptr<Printer> printer(new Printer(options, std::move(selection)));
    LEAT_TRY(printer->open(std::move(debezium)));
    return printer;
}

Status Printer::open(DebeziumOptions debezium) {
    ColumnProjection columns(parts_of(options_.columns));
    text_ = options_.format.empty() ? isatty(STDOUT_FILENO) : options_.format == "text";
    if (text_) {
        TextOptions text;
        text.color = use_color(options_.color, STDOUT_FILENO);
        text.width = isatty(STDOUT_FILENO) ? terminal_width() : 0;
        encoder_ = std::make_unique<TextEncoder>(text, std::move(columns));
        lines_ = std::make_unique<LineWriter>(out_);
        return {};
    }
    LEAT_ASSIGN(Format format, parse_format(options_.format.empty() ? "debezium" : options_.format));
    debezium.version = LEAT_VERSION;
    encoder_ = make_encoder(format, std::move(debezium), std::move(columns));
    if (encoder_->values_alone())
        lines_ = std::make_unique<LineWriter>(out_);
    else
        lines_ = std::make_unique<NdjsonWriter>(out_);
    return {};
}

void Printer::write(const Record& record) {
    if (options_.limit && printed_ >= options_.limit) return;
    lines_->write(record);
    ++printed_;
    if (options_.idle_exit_seconds > 0) last_printed_ = SteadyClock::now();
    if (options_.limit && printed_ >= options_.limit) finished_ = true;
}

bool Printer::within_bounds(const Change& change, const Transaction& transaction) const {
    return change.seq.value >= bounds_.from_seq && change.seq.value <= bounds_.to_seq &&
           transaction.commit_time_us >= bounds_.from_time_us &&
           transaction.commit_time_us <= bounds_.to_time_us;
}

Result<const Change*> Printer::pick(const Change& change, const Transaction& transaction) {
    if (!within_bounds(change, transaction)) return nullptr;
    return selection_.pick(change);
}

Status Printer::print(const Block& block, SchemaSet& schemas) {
    if (finished_) return {};
    if (block.header().first_seq > bounds_.to_seq) {
        finished_ = true;
        return {};
    }
    BlockReader reader(block, schemas);
    while (!finished_) {
        LEAT_ASSIGN(auto item, reader.next());
        switch (item) {
            case BlockReader::Item::end_of_block:
                if (block.header().has(BlockFlag::unit_end) && selection_.wants_all())
                    encoder_->end_unit(block.header().captured_at_us, *this);
                return out_.size() >= flush_bytes ? flush() : Status{};
            case BlockReader::Item::schema:
                break;
            case BlockReader::Item::begin:
                if (!reader.continued()) LEAT_TRY(encoder_->begin(reader.transaction(), *this));
                break;
            case BlockReader::Item::change: {
                LEAT_ASSIGN(const Change* told, pick(reader.change(), reader.transaction()));
                if (told)
                    LEAT_TRY(
                        encoder_->encode(*told, reader.transaction(), block.header().captured_at_us, *this));
                break;
            }
            case BlockReader::Item::commit:
                LEAT_TRY(encoder_->commit(reader.transaction(), reader.transaction_changes(),
                                          block.header().captured_at_us, *this));
                break;
        }
    }
    return flush();
}

void Printer::tell_left_out() const {
    auto tell = [](uint64_t count, std::string_view why) {
        if (count)
            fmt::print(stderr, "{} change{} left out {}\n", count, count == 1 ? " was" : "s were", why);
    };
    tell(selection_.missing(),
         "for lack of a value that the condition needs: unchanged TOAST, or not in the old row "
         "(docs/conditions.md)");
    tell(selection_.failed(), "because the condition's arithmetic failed: out of range, or division by zero");
}

// An interruptible one never blocks for long: it writes what a pipe is sure to take, and only when it has
// room.
Status Printer::flush() {
    const size_t write_max = options_.interruptible ? PIPE_BUF : SIZE_MAX;
    const uint8_t* from = out_.data();
    size_t left = out_.size();
    while (left > 0 && !cancelled_) {
        pollfd entry{STDOUT_FILENO, POLLOUT, 0};
        if (options_.interruptible && ::poll(&entry, 1, 200) <= 0) continue;
        ssize_t written = ::write(STDOUT_FILENO, from, std::min(left, write_max));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EPIPE) {  // the reader has seen enough
            finished_ = true;
            break;
        }
        if (written < 0) return fail(ErrorCode::IO, "cannot write to standard output: " + errno_text(errno));
        from += written;
        left -= static_cast<size_t>(written);
    }
    out_.clear();
    return {};
}

bool Printer::idle_too_long() const {
    return options_.idle_exit_seconds > 0 && SteadyClock::now() - last_printed_.load() >=
                                                 std::chrono::duration<double>(options_.idle_exit_seconds);
}

}  // namespace leat::cli
