#include "log/embedded/layout.h"

#include <dirent.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/file.h"

namespace leat {

namespace {

constexpr size_t seq_digits = 20;
constexpr std::string_view segment_suffix = ".seg", index_suffix = ".idx", new_suffix = ".seg.new";

std::optional<Seq> parse_name(std::string_view name, std::string_view suffix) {
    if (name.size() != seq_digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
    uint64_t value = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + seq_digits, value);
    if (error != std::errc() || end != name.data() + seq_digits || value == 0) return std::nullopt;
    return Seq(value);
}

std::string numbered(const std::string& directory, Seq first, std::string_view suffix) {
    return fmt::format("{}/{:020}{}", directory, first.value, suffix);
}

}  // namespace

Status check_source_name(std::string_view name) {
    bool good = !name.empty() && name.size() <= 128 && name[0] != '.';
    for (char c : name)
        good &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (good) return {};
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("\"{}\" cannot be the name of a source", name),
                "Use up to 128 of a-z, 0-9, '_', '-' and '.', and not a dot first.");
}

std::string sources_directory(const std::string& data_directory) { return data_directory + "/sources"; }

SourcePaths::SourcePaths(const std::string& data_directory, std::string_view source)
    : source_(source), directory_(sources_directory(data_directory) + "/" + source_) {}

std::string SourcePaths::segment(Seq first) const { return numbered(directory_, first, segment_suffix); }
std::string SourcePaths::index(Seq first) const { return numbered(directory_, first, index_suffix); }

Result<std::vector<SegmentFile>> SourcePaths::segments() const {
    std::vector<SegmentFile> files;
    LEAT_ASSIGN(auto names, list_directory(directory_));
    for (const std::string& name : names) {
        auto first = parse_name(name, segment_suffix);
        if (!first) continue;
        struct stat info{};
        std::string path = directory_ + "/" + name;
        if (::stat(path.c_str(), &info) != 0) {
            if (errno == ENOENT) continue;  // retention was faster
            return fail(io_error("stat", path, errno));
        }
        files.push_back({*first, static_cast<uint64_t>(info.st_size)});
    }
    std::ranges::sort(files, {}, &SegmentFile::first_seq);
    return files;
}

std::vector<std::string> SourcePaths::leftovers() const {
    std::vector<std::string> paths;
    auto names = list_directory(directory_);
    if (!names) return paths;
    for (const std::string& name : *names) {
        auto indexed = parse_name(name, index_suffix);
        bool orphan =
            indexed &&
            std::ranges::find(*names, numbered("", *indexed, segment_suffix).substr(1)) == names->end();
        if (orphan || parse_name(name, new_suffix)) paths.push_back(directory_ + "/" + name);
    }
    return paths;
}

Result<std::vector<std::string>> list_directory(const std::string& directory) {
    std::vector<std::string> names;
    DIR* handle = ::opendir(directory.c_str());
    if (!handle) {
        if (errno == ENOENT) return names;
        return fail(io_error("list", directory, errno));
    }
    while (const dirent* entry = ::readdir(handle)) {
        std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(std::move(name));
    }
    ::closedir(handle);
    return names;
}

}  // namespace leat
