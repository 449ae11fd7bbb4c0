#include "http/port_owner.h"

#include <dirent.h>
#include <unistd.h>

#include <memory>

#include "base/file.h"
#include "base/text.h"

namespace leat::http {

namespace {

std::unique_ptr<DIR, int (*)(DIR*)> open_directory(const std::string& path) {
    return {::opendir(path.c_str()), ::closedir};
}

// Lines: "0: 0100007F:1F93 00000000:0000 0A tx:rx tr:when retransmits uid timeout inode …"; 0A is LISTEN.
void find_inodes(const char* file, uint16_t port, std::vector<std::string>& inodes) {
    auto text = read_text_file(file, 64 << 20);
    if (!text) return;
    auto wanted = fmt::format(":{:04X}", port);
    for (auto line : split(*text, '\n')) {
        std::vector<std::string_view> words;
        for (auto word : split(line, ' '))
            if (!word.empty()) words.push_back(word);
        if (words.size() > 9 && words[3] == "0A" && words[1].ends_with(wanted)) inodes.emplace_back(words[9]);
    }
}

bool has_socket(const std::string& process, const std::vector<std::string>& links) {
    auto directory = open_directory(process + "/fd");
    if (!directory) return false;
    while (auto* entry = ::readdir(directory.get())) {
        char target[64];
        auto size = ::readlinkat(::dirfd(directory.get()), entry->d_name, target, sizeof target);
        if (size <= 0) continue;
        std::string_view link(target, static_cast<size_t>(size));
        if (std::find(links.begin(), links.end(), link) != links.end()) return true;
    }
    return false;
}

}  // namespace

std::optional<std::string> find_port_owner(uint16_t port) {
    std::vector<std::string> inodes, links;
    find_inodes("/proc/net/tcp", port, inodes);
    find_inodes("/proc/net/tcp6", port, inodes);
    for (auto& inode : inodes) links.push_back("socket:[" + inode + "]");
    auto processes = open_directory("/proc");
    if (links.empty() || !processes) return std::nullopt;
    while (auto* entry = ::readdir(processes.get())) {
        std::string id = entry->d_name;
        if (id.find_first_not_of("0123456789") != std::string::npos || !has_socket("/proc/" + id, links))
            continue;
        auto command = read_text_file("/proc/" + id + "/comm", 256);
        return fmt::format("process {} ({})", id, command ? trim(*command) : "?");
    }
    return std::nullopt;
}

}  // namespace leat::http
