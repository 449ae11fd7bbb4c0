// The examples and lists of the documentation, against the parser.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config.h"
#include "config/option_table.h"

namespace leat {
namespace {

std::string read(const std::string& name) {
    auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    std::ifstream file(root / name);
    EXPECT_TRUE(file) << name;
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> yaml_examples(const std::string& text) {
    std::vector<std::string> examples;
    const std::string begin = "```yaml\n", end = "```";
    for (size_t at = 0; (at = text.find(begin, at)) != std::string::npos;) {
        at += begin.size();
        size_t to = text.find(end, at);
        examples.push_back(text.substr(at, to - at));
        at = to;
    }
    return examples;
}

void expect_all_parse(const std::string& name, size_t examples_min) {
    auto examples = yaml_examples(read(name));
    EXPECT_GE(examples.size(), examples_min) << name;
    auto environment = [](const char*) { return std::optional<std::string>("set"); };
    for (auto& example : examples) {
        auto config = parse_config(example, name, environment);
        EXPECT_TRUE(config) << example << (config ? "" : config.error().to_string());
    }
}

TEST(Documentation, ExamplesParse) {
    expect_all_parse("docs/configuration.md", 5);
    expect_all_parse("README.md", 2);
}

TEST(Documentation, EveryOptionIsDescribed) {
    std::string text = read("docs/configuration.md");
    for (auto option : source_option_names())
        EXPECT_THAT(text, testing::HasSubstr("`" + std::string(option) + "`"));
    for (auto option : consumer_option_names())
        EXPECT_THAT(text, testing::HasSubstr("`" + std::string(option) + "`"));
}

}  // namespace
}  // namespace leat
