#include "sink/webhook/destination.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>

namespace leat {

namespace {

enum class Reach : uint8_t { open, own, never };  // own: loopback and private networks

struct Network {
    const char* prefix;
    int bits;
    Reach reach;
};

// IANA's special-purpose registries; the first that fits counts.
constexpr Network networks4[] = {
    {"100.100.100.200", 32, Reach::never},                                  // metadata (Alibaba)
    {"192.0.0.192", 32, Reach::never},                                      // metadata (Oracle)
    {"169.254.0.0", 16, Reach::never},                                      // link-local, and metadata
    {"0.0.0.0", 8, Reach::never},          {"224.0.0.0", 3, Reach::never},  // multicast, reserved, broadcast
    {"127.0.0.0", 8, Reach::own},          {"10.0.0.0", 8, Reach::own},    {"172.16.0.0", 12, Reach::own},
    {"192.168.0.0", 16, Reach::own},       {"100.64.0.0", 10, Reach::own}, {"192.0.0.0", 24, Reach::own},
    {"198.18.0.0", 15, Reach::own},
};
constexpr Network networks6[] = {
    {"fd00:ec2::254", 128, Reach::never},  // metadata (AWS)
    {"fd20:ce::254", 128, Reach::never},   // metadata (Google)
    {"fe80::", 10, Reach::never},          // link-local
    {"ff00::", 8, Reach::never},           // multicast
    {"::1", 128, Reach::own},
    {"::", 128, Reach::never},
    {"fc00::", 7, Reach::own},
    {"fec0::", 10, Reach::own},
};
// An IPv4 address within: its last 32 bits, or (6to4) those behind the prefix.
constexpr Network carriers6[] = {
    {"::ffff:0:0", 96, Reach::open}, {"::", 96, Reach::open}, {"64:ff9b::", 96, Reach::open}};
constexpr Network carrier_6to4 = {"2002::", 16, Reach::open};

bool within(std::span<const uint8_t> address, int family, const Network& network) {
    std::array<uint8_t, 16> prefix{};
    ::inet_pton(family, network.prefix, prefix.data());
    for (int bit = 0; bit < network.bits; ++bit) {
        auto byte = static_cast<size_t>(bit / 8);
        int mask = 0x80 >> (bit % 8);
        if ((address[byte] & mask) != (prefix[byte] & mask)) return false;
    }
    return true;
}

Reach reach_of(std::span<const uint8_t> address, int family, std::span<const Network> networks) {
    for (const Network& network : networks)
        if (within(address, family, network)) return network.reach;
    return Reach::open;
}

Reach reach6(std::span<const uint8_t, 16> address) {
    if (auto own = reach_of(address, AF_INET6, networks6); own != Reach::open) return own;
    for (const Network& carrier : carriers6)
        if (within(address, AF_INET6, carrier)) return reach_of(address.subspan(12), AF_INET, networks4);
    if (within(address, AF_INET6, carrier_6to4)) return reach_of(address.subspan(2, 4), AF_INET, networks4);
    return Reach::open;
}

std::optional<Reach> reach_of(const std::string& text) {
    std::string plain = text.substr(0, text.find('%'));  // without the zone of a link-local one
    std::array<uint8_t, 16> address{};
    if (::inet_pton(AF_INET, plain.c_str(), address.data()) == 1)
        return reach_of(std::span(address).first(4), AF_INET, networks4);
    if (::inet_pton(AF_INET6, plain.c_str(), address.data()) == 1) return reach6(address);
    return std::nullopt;
}

}  // namespace

Status check_destination(const std::string& address, bool allow_private) {
    auto reach = reach_of(address).value_or(Reach::never);
    if (reach == Reach::open || (reach == Reach::own && allow_private)) return {};
    if (reach == Reach::own)
        return fail(
            ErrorCode::SINK_ADDRESS,
            fmt::format("the destination is at {}, which is of this machine or a private network", address),
            "If it is meant to be called, set webhook.allow.private: true.");
    return fail(ErrorCode::SINK_ADDRESS,
                fmt::format("the destination is at {}, which is never called: a link-local, metadata or "
                            "reserved address",
                            address),
                "Give webhook.url a host with another address.");
}

}  // namespace leat
