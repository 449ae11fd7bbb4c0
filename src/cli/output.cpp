#include "cli/output.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/text.h"
#include "cli/commands.h"
#include "codec/debezium_encoder.h"
#include "codec/ndjson_writer.h"
#include "codec/text_encoder.h"

namespace leat::cli {

namespace {

constexpr size_t flush_bytes = 256 << 10;
constexpr std::string_view known_ops = "cudrtm";

size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 120;
}

Result<std::string> parse_ops(const std::vector<std::string>& options) {
    std::string ops;
    for (const std::string& option : options)
        for (std::string_view op : split(option, ',')) {
            op = trim(op);
            if (op.size() != 1 || known_ops.find(op[0]) == std::string_view::npos)
                return fail(ErrorCode::USAGE,
                            fmt::format("--op takes letters of c u d r t m, not \"{}\"", op),
                            "c create, u update, d delete, r snapshot read, t truncate, m message.");
            ops += op;
        }
    return ops;
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

Printer::Printer(const OutputOptions& options, DebeziumOptions debezium, ChangeSelection selection)
    : options_(options), selection_(std::move(selection)) {
    text_ = options.format.empty() ? isatty(STDOUT_FILENO) : options.format == "text";
    if (text_) {
        TextOptions text;
        text.color = use_color(options.color, STDOUT_FILENO);
        text.width = isatty(STDOUT_FILENO) ? terminal_width() : 0;
        encoder_ = std::make_unique<TextEncoder>(text);
        lines_ = std::make_unique<LineWriter>(out_);
    } else {
        debezium.version = LEAT_VERSION;
        encoder_ = std::make_unique<DebeziumJsonEncoder>(std::move(debezium));
        lines_ = std::make_unique<NdjsonWriter>(out_);
    }
}

Printer::~Printer() = default;

Result<std::unique_ptr<Printer>> Printer::make(const OutputOptions& options, DebeziumOptions debezium) {
    LEAT_ASSIGN(std::string ops, parse_ops(options.ops));
    LEAT_ASSIGN(auto selection, ChangeSelection::make({options.tables, std::move(ops), options.where}));
    return std::unique_ptr<Printer>(new Printer(options, std::move(debezium), std::move(selection)));
}

void Printer::write(const Record& record) {
    if (options_.limit && printed_ >= options_.limit) return;
    lines_->write(record);
    ++printed_;
    last_printed_ = SteadyClock::now();
    if (options_.limit && printed_ >= options_.limit) finished_ = true;
}

bool Printer::within_bounds(const Change& change, const Transaction& transaction) const {
    return change.seq.value >= bounds_.from_seq && change.seq.value <= bounds_.to_seq &&
           transaction.commit_time_us >= bounds_.from_time_us &&
           transaction.commit_time_us <= bounds_.to_time_us;
}

Result<bool> Printer::wanted(const Change& change, const Transaction& transaction) {
    if (!within_bounds(change, transaction)) return false;
    return selection_.wants(change);
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
                LEAT_ASSIGN(bool pass, wanted(reader.change(), reader.transaction()));
                if (pass)
                    LEAT_TRY(encoder_->encode(reader.change(), reader.transaction(),
                                              block.header().captured_at_us, *this));
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
