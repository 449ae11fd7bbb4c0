#include "config/option_table.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"

namespace leat {
namespace {

using testing::HasSubstr;

std::string read(const std::string& name) {
    auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    std::ifstream file(root / name);
    EXPECT_TRUE(file) << name;
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// A name that a user could write for one with groups: `transforms.<option>` as transforms.x.
std::string example(std::string_view name) {
    std::string out;
    for (size_t i = 0; i < name.size(); ++i) {
        out += name[i] == '<' ? 'x' : name[i];
        if (name[i] == '<') i = name.find('>', i);
    }
    return out;
}

TEST(OptionTable, NamesAreThereOnce) {
    std::set<std::string_view> seen;
    for (const OptionSection& section : option_sections())
        for (const Option& option : section.options)
            EXPECT_TRUE(seen.insert(option.name).second) << option.name;
}

TEST(OptionTable, EveryOptionThatIsNotTakenSaysWhatIs) {
    for (const OptionSection& section : option_sections())
        for (const Option& option : section.options) {
            bool needs_note = option.state != OptionState::works && option.state != OptionState::own;
            EXPECT_TRUE(!needs_note || !option.note.empty()) << option.name;
            EXPECT_TRUE(!option.taken() || option.harmless.empty()) << option.name;
        }
}

// The list of what Debezium has is data of its own: an option that is missing in the table is ignored by
// nobody.
TEST(OptionTable, EveryDocumentedOptionIsAnswered) {
    size_t count = 0;
    std::string text = read("tests/data/debezium-3.7-options.tsv");
    for (std::string_view line : split(text, '\n')) {
        if (line.empty() || line.starts_with('#')) continue;
        auto fields = split(line, '\t');
        ASSERT_EQ(fields.size(), 3u) << line;
        const Option* option = find_option(example(fields[0]));
        ASSERT_TRUE(option) << fields[0];
        bool has_default = !fields[2].empty() && option->name == fields[0];
        bool same =
            !has_default || option->default_value == fields[2] || option->state == OptionState::answered;
        EXPECT_TRUE(same) << fields[0] << " has the default " << fields[2];
        bool refuses = option->state == OptionState::refused && fields[0] != "plugin.name";
        EXPECT_TRUE(!has_default || !refuses || option->is_harmless(fields[2])) << fields[0];
        ++count;
    }
    EXPECT_GT(count, 150u);
}

TEST(OptionTable, PatternsMatchNames) {
    ASSERT_TRUE(find_option("column.mask.with.10.chars"));
    EXPECT_EQ(find_option("column.mask.with.10.chars")->name, "column.mask.with.<length>.chars");
    EXPECT_EQ(find_option("column.mask.hash.v2.SHA-256.with.salt.a.b")->name,
              "column.mask.hash.v2.<algorithm>.with.salt.<salt>");
    EXPECT_EQ(find_option("column.mask.hash.SHA-256.with.salt.abc")->name,
              "column.mask.hash.<algorithm>.with.salt.<salt>");
    EXPECT_EQ(find_option("key.converter.schemas.enable")->name, "key.converter.schemas.enable");
    EXPECT_EQ(find_option("key.converter.other.thing")->name, "key.converter.<option>");
    EXPECT_FALSE(find_option("column.mask.with.chars"));
    EXPECT_FALSE(find_option("transforms."));
    EXPECT_FALSE(find_option("no.such.option"));
}

TEST(OptionTable, WhatLeatYamlTakesIsNotExplainedAway) {
    for (auto option : source_option_names()) EXPECT_FALSE(explain_foreign_option(option)) << option;
    EXPECT_FALSE(explain_foreign_option("no.such.option"));
    EXPECT_THAT(*explain_foreign_option("max.batch.size"), HasSubstr("memory.bytes"));
}

// `build/release/leat options --markdown > docs/compatibility.md` mends it.
TEST(OptionTable, ThePageIsUpToDate) {
    EXPECT_EQ(read("docs/compatibility.md"), render_compatibility_page());
}

}  // namespace
}  // namespace leat
