#include "snapshot/signal_queue.h"

#include <fmt/core.h>

#include <algorithm>

namespace leat {

namespace {
constexpr auto durable_wait = std::chrono::seconds(5);  // once it was taken

Error not_taken(std::string what) {
    return {ErrorCode::SIGNAL_NOT_TAKEN, std::move(what), "Look at the source's state, and send it again."};
}
}  // namespace

std::shared_ptr<SignalQueue::Ticket> SignalQueue::add(Entry entry, bool posted) {
    if (closed_ || tickets_.size() >= signals_max) return nullptr;
    auto ticket = std::make_shared<Ticket>();
    ticket->entry = std::move(entry);
    ticket->posted = posted;
    tickets_.push_back(ticket);
    ++waiting_;
    return ticket;
}

bool SignalQueue::post(Entry entry) {
    std::lock_guard lock(mutex_);
    return add(std::move(entry), true) != nullptr;
}

Result<SignalOutcome> SignalQueue::send(Entry entry, std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    auto ticket = add(std::move(entry), false);
    if (!ticket && closed_) return fail(not_taken(*closed_));
    if (!ticket) return fail(not_taken(fmt::format("{} signals wait to be carried out", tickets_.size())));
    answered_.wait_for(lock, wait, [&] { return ticket->stage != Stage::waiting; });
    if (ticket->stage == Stage::waiting) {
        std::erase(tickets_, ticket);
        --waiting_;
        return fail(not_taken(fmt::format(
            "the source did not get to it within {} ms: it does not stream, or reads one large transaction",
            wait.count())));
    }
    answered_.wait_for(lock, durable_wait, [&] { return ticket->stage == Stage::answered; });
    if (ticket->stage == Stage::answered) return std::move(*ticket->outcome);
    return fail(not_taken("it was taken, and whether the change log has it is not known yet"));
}

std::optional<SignalQueue::Entry> SignalQueue::take() {
    std::lock_guard lock(mutex_);
    auto next = std::ranges::find(tickets_, Stage::waiting, [](auto& ticket) { return ticket->stage; });
    if (next == tickets_.end()) return std::nullopt;
    (*next)->stage = Stage::taken;
    --waiting_;
    answered_.notify_all();
    return (*next)->entry;
}

void SignalQueue::carried_out(Result<SignalOutcome> outcome) {
    std::lock_guard lock(mutex_);
    auto taken = std::ranges::find(tickets_, Stage::taken, [](auto& ticket) { return ticket->stage; });
    if (taken == tickets_.end()) return;
    (*taken)->outcome = std::move(outcome);
    (*taken)->stage = Stage::carried_out;
    undurable_ = true;
}

void SignalQueue::durable() {
    std::lock_guard lock(mutex_);
    std::erase_if(tickets_, [](auto& ticket) {
        if (ticket->stage != Stage::carried_out) return false;
        ticket->stage = Stage::answered;
        return true;
    });
    undurable_ = false;
    answered_.notify_all();
}

void SignalQueue::answer_all(const Error& error) {
    std::erase_if(tickets_, [&](auto& ticket) {
        if (ticket->stage == Stage::waiting) return false;
        ticket->outcome = fail(Error(error));
        ticket->stage = Stage::answered;
        return true;
    });
    undurable_ = false;
    answered_.notify_all();
}

bool SignalQueue::idle() const {
    std::lock_guard lock(mutex_);
    return tickets_.empty();
}

void SignalQueue::abandon() {
    std::lock_guard lock(mutex_);
    waiting_ -= std::erase_if(tickets_,
                              [](auto& ticket) { return ticket->posted && ticket->stage == Stage::waiting; });
    answer_all(not_taken("the stream broke off meanwhile: it is not known whether the change log has it"));
}

void SignalQueue::close(const std::string& why) {
    std::lock_guard lock(mutex_);
    closed_ = why;
    for (auto& ticket : tickets_) ticket->stage = Stage::taken;
    waiting_ = 0;
    answer_all(not_taken(why));
}

}  // namespace leat
