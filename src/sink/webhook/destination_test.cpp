#include "sink/webhook/destination.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(Destination, PublicAddressesAreCalled) {
    for (auto* address : {"93.184.216.34", "8.8.8.8", "172.32.0.1", "2606:2800:220:1::1", "64:ff9b::808:808",
                          "2002:808:808::1"})
        EXPECT_TRUE(check_destination(address, false)) << address;
}

TEST(Destination, ItsOwnNetworkOnlyIfAllowed) {
    for (auto* address : {"127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                          "100.64.0.1", "::1", "fd12::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
                          "64:ff9b::a00:1", "::127.0.0.1", "2002:7f00:1::"}) {
        auto refused = check_destination(address, false);
        ASSERT_FALSE(refused) << address;
        EXPECT_EQ(refused.error().code, ErrorCode::SINK_ADDRESS);
        EXPECT_TRUE(check_destination(address, true)) << address;
    }
}

TEST(Destination, MetadataAndLinkLocalNever) {
    for (auto* address :
         {"169.254.169.254", "169.254.1.1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
          "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "100.100.100.200", "0.0.0.0",
          "::", "255.255.255.255", "224.0.0.1", "ff02::1", "nonsense", ""})
        EXPECT_FALSE(check_destination(address, true)) << address;
}

}  // namespace
}  // namespace leat
