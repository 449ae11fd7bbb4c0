#include "server/consumer_metrics.h"

#include <gmock/gmock.h>

namespace leat::server {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ConsumerMetrics, BucketsAreSummedUp) {
    ConsumerView view;
    view.name = "crm";
    view.source = "shop";
    view.type = "webhook";
    view.status.state = ConsumerState::running;
    view.status.times.add(0.004);
    view.status.times.add(0.02, 2);
    view.status.times.add(9999);
    view.status.errors[ErrorCode::SINK_THROTTLED] = 3;
    MetricsText text;
    write_consumer_metrics(text, {&view, 1});
    std::string page = text.take();
    EXPECT_THAT(page, HasSubstr("leat_consumers{state=\"RUNNING\"} 1\n"));
    EXPECT_THAT(page, HasSubstr("leat_consumer_delivery_seconds_bucket{consumer=\"crm\",le=\"0.005\"} 1\n"));
    EXPECT_THAT(page, HasSubstr("leat_consumer_delivery_seconds_bucket{consumer=\"crm\",le=\"0.025\"} 3\n"));
    EXPECT_THAT(page, HasSubstr("leat_consumer_delivery_seconds_bucket{consumer=\"crm\",le=\"+Inf\"} 4\n"));
    EXPECT_THAT(page, HasSubstr("leat_consumer_delivery_seconds_count{consumer=\"crm\"} 4\n"));
    EXPECT_THAT(page, HasSubstr("leat_consumer_errors_total{consumer=\"crm\",code=\"SINK_THROTTLED\"} 3\n"));
    EXPECT_THAT(page, HasSubstr("leat_consumer_lag_changes{consumer=\"crm\",source=\"shop\"} 0\n"));
}

TEST(ConsumerMetrics, AreBounded) {
    std::vector<ConsumerView> views(consumers_with_metrics_max + 7);
    for (size_t i = 0; i < views.size(); ++i) views[i].name = "c" + std::to_string(i);
    MetricsText text;
    write_consumer_metrics(text, views);
    std::string page = text.take();
    EXPECT_THAT(page, HasSubstr("leat_consumers{state=\"CREATED\"} 507\n"));
    EXPECT_THAT(page, Not(HasSubstr("\"c500\"")));
}

}  // namespace
}  // namespace leat::server
