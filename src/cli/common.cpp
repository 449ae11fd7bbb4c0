#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "cli/commands.h"

namespace leat::cli {

int report(const Error& error) {
    std::string text = error.to_string() + "\n";
    std::fwrite(text.data(), 1, text.size(), stderr);
    return error.code == ErrorCode::USAGE ? 2 : 1;
}

namespace {
sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}
}  // namespace

void prepare_signals() {
    sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

bool wait_for_signal(std::chrono::milliseconds wait) {
    sigset_t set = stop_signals();
    timespec time{static_cast<time_t>(wait.count() / 1000), static_cast<long>(wait.count() % 1000 * 1000000)};
    return sigtimedwait(&set, nullptr, &time) > 0;
}

namespace {
sigset_t reload_signal() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    return set;
}
}  // namespace

void prepare_reload_signal() {
    sigset_t set = reload_signal();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

bool reload_was_asked_for() {
    sigset_t set = reload_signal();
    timespec none{};
    return sigtimedwait(&set, nullptr, &none) > 0;
}

bool use_color(const std::string& choice, int fd) {
    if (choice == "always") return true;
    // no-color.org
    return choice == "auto" && isatty(fd) && !std::getenv("NO_COLOR");
}

}  // namespace leat::cli
