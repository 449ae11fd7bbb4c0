#include "config/secret.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace leat {
namespace {

using testing::HasSubstr;
using testing::Not;

std::optional<std::string> variables(const char* name) {
    if (std::string_view(name) == "PASSWORD") return "p@ss/word%";
    if (std::string_view(name) == "URL") return "postgresql://u:p%40@h/d";
    if (std::string_view(name) == "TRICK") return "${env:PASSWORD}";
    return std::nullopt;
}

class Secrets : public testing::Test {
  protected:
    Secrets() {
        char pattern[] = "/tmp/leat_secret_XXXXXX";
        directory_ = mkdtemp(pattern);
        std::filesystem::create_directories(directory_ + "/allowed/below");
        std::filesystem::create_directories(directory_ + "/allowed_not");
        write("allowed/password", "hunter2\n");
        write("allowed/below/two", "line 1\nline 2\r\n");
        write("allowed/db.properties", "# of the shop\npassword=p\\=w:1\n");
        write("allowed_not/password", "hunter3");
        std::filesystem::create_symlink(directory_ + "/allowed_not/password", directory_ + "/allowed/link");
        resolver_ = SecretResolver({directory_ + "/allowed"}, variables);
    }
    ~Secrets() override { std::filesystem::remove_all(directory_); }

    void write(const std::string& name, const std::string& text) {
        std::ofstream(directory_ + "/" + name) << text;
    }
    std::string resolved(const std::string& raw) {
        auto value = resolver_.resolve(raw);
        EXPECT_TRUE(value) << (value ? "" : value.error().to_string());
        return value.value_or("");
    }
    Error refused(const std::string& raw) {
        auto value = resolver_.resolve(raw);
        EXPECT_FALSE(value) << raw;
        if (value) return {};
        EXPECT_EQ(value.error().code, ErrorCode::CONFIG_SECRET);
        return value.error();
    }

    std::string directory_;
    SecretResolver resolver_;
};

TEST_F(Secrets, References) {
    EXPECT_EQ(resolved("plain $ text { }"), "plain $ text { }");
    EXPECT_EQ(resolved("<${env:PASSWORD}>"), "<p@ss/word%>");
    EXPECT_EQ(resolved("${env:TRICK}"), "${env:PASSWORD}");  // once, not again
    EXPECT_EQ(resolved("${file:" + directory_ + "/allowed/password}!"), "hunter2!");
    EXPECT_EQ(resolved("${file:" + directory_ + "/allowed/below/two}"), "line 1\nline 2");
    EXPECT_EQ(resolved("a$${env:PASSWORD}b"), "a${env:PASSWORD}b");
    EXPECT_EQ(resolved("$${"), "${");
}

TEST_F(Secrets, InUrls) {
    EXPECT_EQ(*resolver_.resolve_url("postgresql://u:${env:PASSWORD}@h/d"),
              "postgresql://u:p%40ss%2Fword%25@h/d");
    EXPECT_EQ(*resolver_.resolve_url("${env:URL}"), "postgresql://u:p%40@h/d");
    EXPECT_EQ(*resolver_.resolve_url("${env:URL}?sslmode=require"),
              "postgresql://u:p%40@h/d?sslmode=require");
}

TEST_F(Secrets, AsKafkaConnectsProvidersHaveThem) {
    EXPECT_EQ(resolved("${file:" + directory_ + "/allowed/db.properties:password}"), "p=w:1");
    EXPECT_EQ(resolved("${directory:" + directory_ + "/allowed:password}"), "hunter2");
    EXPECT_THAT(refused("${file:" + directory_ + "/allowed/db.properties:user}").message,
                HasSubstr("the properties file has no key user"));
    EXPECT_THAT(refused("${file:" + directory_ + "/allowed_not/password:x}").message,
                HasSubstr("may not be read"));
    EXPECT_THAT(refused("${directory:" + directory_ + "/allowed:../allowed_not/password}").message,
                HasSubstr("may not be read"));
    refused("${directory:" + directory_ + "}");
}

TEST(Secret, EncodingAroundReferences) {
    EXPECT_EQ(encode_around_references("a b${env:X}c/d"), "a%20b${env:X}c%2Fd");
    EXPECT_EQ(encode_around_references("50%"), "50%25");
    EXPECT_EQ(redact_key("column.mask.hash.MD5.with.salt.hunter2"), "column.mask.hash.MD5.with.salt.***");
    EXPECT_EQ(redact_key("snapshot.mode"), "snapshot.mode");
}

TEST_F(Secrets, RefusedByName) {
    EXPECT_THAT(refused("${env:NOT_SET}").message,
                HasSubstr("${env:NOT_SET}: the environment variable is not set"));
    EXPECT_THAT(refused("${file:/nowhere/x}").message, HasSubstr("${file:/nowhere/x}: No such file"));
    EXPECT_THAT(refused("${file:" + directory_ + "/allowed_not/password}").message,
                HasSubstr("may not be read"));
    EXPECT_THAT(refused("${file:" + directory_ + "/allowed/../allowed_not/password}").message,
                HasSubstr("may not be read"));
    EXPECT_THAT(refused("${file:" + directory_ + "/allowed/link}").message, HasSubstr("may not be read"));
    EXPECT_THAT(refused("${file:/etc/passwd}").action, HasSubstr("secrets.paths"));
    refused("${file:" + directory_ + "/allowed}");  // a directory
    refused("${file:relative}");
    refused("${env:}");
    refused("${env:A B}");
    EXPECT_THAT(refused("${hunter2}").to_string(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(refused("${env:hunter2").to_string(), Not(HasSubstr("hunter2")));
}

TEST_F(Secrets, SyntaxAlone) {
    EXPECT_TRUE(SecretResolver::check_syntax("${env:NOT_SET} ${file:/nowhere} $${x"));
    EXPECT_FALSE(SecretResolver::check_syntax("${x}"));
    EXPECT_FALSE(SecretResolver::check_syntax("${env:X"));
}

TEST(SecretString, ShowsOnlyWhatWasWritten) {
    SecretString literal("postgresql://u:hunter2@h/d");
    EXPECT_EQ(literal.display(), "postgresql://u:***@h/d");
    EXPECT_FALSE(literal.has_references());
    EXPECT_TRUE(SecretString("a${env:X}").has_references());
    EXPECT_FALSE(SecretString("a$${env:X}").has_references());
}

}  // namespace
}  // namespace leat
