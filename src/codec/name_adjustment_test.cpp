#include "codec/name_adjustment.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

struct Case {
    const char *name, *avro, *unicode;
};

// As Debezium's SchemaNameAdjuster gives them.
TEST(NameAdjustment, Fields) {
    for (Case c : {Case{"a b", "a_b", "a_u0020b"},
                   {"1abc", "_1abc", "_u0031abc"},
                   {"_x", "_x", "_u005fx"},
                   {"ü", "_", "_u00fc"},
                   {"a😀b", "a__b", "a_ud83d_ude00b"},
                   {"a.b", "a_b", "a_u002eb"},
                   {"A_b", "A_b", "A_u005fb"},
                   {"9", "_9", "_u0039"},
                   {"-", "_", "_u002d"},
                   {"", "", ""}}) {
        EXPECT_EQ(adjusted_field_name(c.name, NameAdjustment::avro), c.avro) << c.name;
        EXPECT_EQ(adjusted_field_name(c.name, NameAdjustment::avro_unicode), c.unicode) << c.name;
        EXPECT_EQ(adjusted_field_name(c.name, NameAdjustment::none), c.name);
    }
}

TEST(NameAdjustment, Schemas) {
    for (Case c : {Case{"a.b", "a.b", "a.b"},
                   {"shop.public.Käse tisch.Value", "shop.public.K_se_tisch.Value",
                    "shop.public.K_u00e4se_u0020tisch.Value"},
                   {"é.1a.2", "_.1a.2", "_u00e9.1a.2"}}) {
        EXPECT_EQ(adjusted_schema_name(c.name, NameAdjustment::avro), c.avro);
        EXPECT_EQ(adjusted_schema_name(c.name, NameAdjustment::avro_unicode), c.unicode);
    }
}

}  // namespace
}  // namespace leat
