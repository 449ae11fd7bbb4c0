#include "config/postgres_url.h"

#include <gmock/gmock.h>

namespace leat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

Environment environment_of(std::map<std::string, std::string> variables) {
    return [variables](const char* name) -> std::optional<std::string> {
        auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
}

PostgresUrl parsed(std::string_view text, std::map<std::string, std::string> variables = {{"PGUSER", "me"}}) {
    auto url = parse_postgres_url(text, environment_of(std::move(variables)));
    EXPECT_TRUE(url) << text << ": " << (url ? "" : url.error().to_string());
    return url ? *url : PostgresUrl{};
}

Error refused(std::string_view text) {
    auto url = parse_postgres_url(text, environment_of({{"PGUSER", "me"}}));
    EXPECT_FALSE(url) << text;
    if (url) return {};
    EXPECT_EQ(url.error().code, ErrorCode::URL_INVALID);
    return url.error();
}

std::string hosts(const PostgresUrl& url) {
    std::string text;
    for (auto& host : url.hosts) text += host.host + "|" + std::to_string(host.port) + " ";
    return text;
}

TEST(PostgresUrl, AllParts) {
    auto url = parsed("postgresql://leat:pw@db.example:5433/shop?sslmode=require&connect_timeout=5");
    EXPECT_EQ(hosts(url), "db.example|5433 ");
    EXPECT_EQ(url.user, "leat");
    EXPECT_EQ(url.password, "pw");
    EXPECT_EQ(url.database, "shop");
    EXPECT_EQ(url.sslmode, "require");
    EXPECT_THAT(url.keywords(),
                ElementsAre(Pair("host", "db.example"), Pair("port", "5433"), Pair("user", "leat"),
                            Pair("password", "pw"), Pair("dbname", "shop"), Pair("sslmode", "require"),
                            Pair("connect_timeout", "5")));
    EXPECT_EQ(url.display(), "postgresql://leat@db.example:5433/shop");
}

TEST(PostgresUrl, MissingPartsAsLibpq) {
    auto url = parsed("postgres://", {{"PGUSER", "me"}});
    EXPECT_TRUE(url.hosts.empty());
    EXPECT_EQ(url.user, "me");
    EXPECT_EQ(url.database, "me");
    EXPECT_FALSE(url.password);
    EXPECT_EQ(parsed("postgresql://u@h").database, "u");
    EXPECT_EQ(parsed("postgresql://u@h", {{"PGDATABASE", "d"}}).database, "d");
    EXPECT_EQ(hosts(parsed("postgresql:///d", {{"PGUSER", "u"}, {"PGHOST", "a,b"}, {"PGPORT", "7"}})),
              "a|7 b|7 ");
    EXPECT_EQ(hosts(parsed("postgresql://h:5/d", {{"PGUSER", "u"}, {"PGPORT", "7"}})), "h|5 ");
    EXPECT_FALSE(parsed("postgresql://h/d", {}).user.empty());  // the operating system's
    EXPECT_EQ(parsed("postgresql://u:@h/d").password, "");
}

TEST(PostgresUrl, HostForms) {
    EXPECT_EQ(hosts(parsed("postgresql://[::1]:6000/d")), "::1|6000 ");
    EXPECT_EQ(hosts(parsed("postgresql://[2001:db8::7]/d")), "2001:db8::7|5432 ");
    EXPECT_EQ(hosts(parsed("postgresql://a:1,b,c:3/d")), "a|1 b|5432 c|3 ");
    EXPECT_EQ(hosts(parsed("postgresql://%2Fvar%2Frun%2Fpostgresql/d")), "/var/run/postgresql|5432 ");
    EXPECT_EQ(hosts(parsed("postgresql:///d?host=/tmp&port=6543")), "/tmp|6543 ");
    EXPECT_EQ(hosts(parsed("postgresql:///d?host=a,b&port=1,2")), "a|1 b|2 ");
    EXPECT_EQ(hosts(parsed("postgresql:///d?port=6543")), "|6543 ");
    EXPECT_EQ(parsed("postgresql://u@[2001:db8::7]/d").display(), "postgresql://u@[2001:db8::7]/d");
}

TEST(PostgresUrl, PercentEncoding) {
    auto url = parsed("postgresql://a%40b:p%2F%3a%25@h/my%20db?application_name=x%26y");
    EXPECT_EQ(url.user, "a@b");
    EXPECT_EQ(url.password, "p/:%");
    EXPECT_EQ(url.database, "my db");
    EXPECT_THAT(url.parameters, ElementsAre(Pair("application_name", "x&y")));
    EXPECT_EQ(parsed("postgresql://u:p@ss@h/d").password, "p@ss");
    EXPECT_EQ(percent_encode("a/b:c@é"), "a%2Fb%3Ac%40%C3%A9");
}

TEST(PostgresUrl, TlsIsVerifiedUnlessLocalOrAskedOtherwise) {
    for (auto text : {"postgresql://db.example/d", "postgresql://10.0.0.1/d",
                      "postgresql://localhost,db.example/d", "postgresql://localhost.example/d",
                      "postgresql://127.0.0.1.evil.example/d", "postgresql://localhost/d?hostaddr=10.0.0.1",
                      "postgresql://%2Ftmp%2Cdb.example/d", "postgresql:///d?host=/tmp,db.example",
                      "postgresql://127.1/d", "postgresql://db.example/d?hostaddr=127.0.0.1"})
        EXPECT_EQ(parsed(text).sslmode, "verify-full") << text;
    for (auto text : {"postgresql:///d", "postgresql://localhost/d", "postgresql://127.0.0.1/d",
                      "postgresql://[::1]/d", "postgresql://127.8.9.10/d", "postgresql:///d?host=/tmp",
                      "postgresql://%2Ftmp/d", "postgresql:///d?hostaddr=127.0.0.1"})
        EXPECT_EQ(parsed(text).sslmode, "prefer") << text;
    EXPECT_EQ(parsed("postgresql://h/d?sslmode=disable").sslmode, "disable");
    EXPECT_EQ(parsed("postgresql://h/d?ssl=true").sslmode, "require");
    EXPECT_EQ(parsed("postgresql://h/d?ssl=true&sslmode=verify-ca").sslmode, "verify-ca");
    // What the environment adds is looked at, what it would weaken is not.
    EXPECT_EQ(parsed("postgresql:///d", {{"PGUSER", "u"}, {"PGHOST", "db.example"}}).sslmode, "verify-full");
    EXPECT_EQ(parsed("postgresql:///d", {{"PGUSER", "u"}, {"PGHOSTADDR", "10.0.0.1"}}).sslmode,
              "verify-full");
    EXPECT_EQ(parsed("postgresql:///d", {{"PGUSER", "u"}, {"PGSERVICE", "s"}}).sslmode, "verify-full");
    EXPECT_EQ(parsed("postgresql://h/d", {{"PGUSER", "u"}, {"PGSSLMODE", "disable"}}).sslmode, "verify-full");
}

TEST(PostgresUrl, RefusedWithPosition) {
    EXPECT_THAT(refused("mysql://h/d").message, HasSubstr("mysql:// is not supported"));
    EXPECT_THAT(refused("mysql://h/d").action, HasSubstr("postgresql://"));
    EXPECT_THAT(refused("host=h dbname=d").message, HasSubstr("no URL"));
    EXPECT_THAT(refused("").message, HasSubstr("no URL"));
    EXPECT_THAT(refused("postgresql://h:54x2/d").message, HasSubstr("character 16: the port"));
    EXPECT_THAT(refused("postgresql://h:0/d").message, HasSubstr("port"));
    EXPECT_THAT(refused("postgresql://h:65536/d").message, HasSubstr("port"));
    EXPECT_THAT(refused("postgresql://h/d%2").message, HasSubstr("character 17: %"));
    EXPECT_THAT(refused("postgresql://h/d%zz").message, HasSubstr("character 17: %"));
    EXPECT_THAT(refused("postgresql://h/d%").message, HasSubstr("character 17: %"));
    EXPECT_THAT(refused("postgresql://h/d%00").message, HasSubstr("%00"));
    EXPECT_THAT(refused("postgresql://[::1/d").message, HasSubstr("[ without ]"));
    EXPECT_THAT(refused("postgresql://[::1]x/d").message, HasSubstr("expected a colon"));
    EXPECT_THAT(refused("postgresql://[]/d").message, HasSubstr("empty address"));
    EXPECT_THAT(refused("postgresql://h/d?sslmod=x").message,
                HasSubstr("character 18: unknown parameter; did you mean sslmode?"));
    EXPECT_THAT(refused("postgresql://h/d?sslmode=verify").message,
                HasSubstr("character 26: sslmode is one of disable"));
    EXPECT_THAT(refused("postgresql://h/d?replication=1").message, HasSubstr("replication cannot be used"));
    EXPECT_THAT(refused("postgresql://h/d?service=x").message, HasSubstr("service cannot be used"));
    EXPECT_THAT(refused("postgresql://h/d?sslmode").message, HasSubstr("without ="));
    EXPECT_THAT(refused("postgresql://h/d?sslmode=require&sslmode=disable").message, HasSubstr("twice"));
    EXPECT_THAT(refused("postgresql:///d?host=a,b,c&port=1,2").message, HasSubstr("as many ports"));
    EXPECT_THAT(refused("postgresql://h/d#x").message, HasSubstr("%23"));
    EXPECT_THAT(refused("postgresql://h/a\nb").message, HasSubstr("control character"));
}

TEST(PostgresUrl, ErrorsHoldNoPassword) {
    for (auto text : {"postgresql://u:hunter2/x@h/d", "postgresql://u:hunter2", "postgresql://u:hunter2%@h/d",
                      "postgresql://u:hunter2?@h/d", "postgresql://u:hun[hunter2@[h/d", "hunter2://hunter2:x",
                      "postgresql://u@h:hunter2/d", "u:hunter2@postgresql://h/d",
                      "postgresql://h/d?hunter2=1", "postgresql://h/d?sslmode=hunter2"}) {
        if (std::string_view(text).starts_with("hunter2://")) continue;  // a scheme is named
        EXPECT_THAT(refused(text).to_string(), Not(HasSubstr("hunter2"))) << text;
    }
}

TEST(RedactUrl, HidesEveryPassword) {
    EXPECT_EQ(redact_url("postgresql://u:p@h:5432/d"), "postgresql://u:***@h:5432/d");
    EXPECT_EQ(redact_url("postgresql://u@h:5432/d?sslmode=require"),
              "postgresql://u@h:5432/d?sslmode=require");
    EXPECT_EQ(redact_url("postgresql://h,g:1/d"), "postgresql://h,g:1/d");
    EXPECT_EQ(redact_url("postgresql://[::1]:6000/d"), "postgresql://[::1]:6000/d");
    EXPECT_EQ(redact_url("public.orders"), "public.orders");
    for (auto text :
         {"postgresql://u:hunter2@h/d", "postgresql://u:a/hunter2@h/d", "postgresql://u:a@hunter2@h/d",
          "postgresql://u:a?hunter2@h/d#x", "postgresql://u:hunter2", "postgresql://h/d?password=hunter2",
          "postgresql://h/d?x=1&password=hunter2&y=2", "postgresql://h/d?sslpassword=hunter2",
          "u:hunter2@h/d", "host=h password=hunter2 dbname=d", "host=h password='a hunter2' dbname=d",
          "postgresql://u:hunter2@h/d?password=hunter2", "postgresql://[u:hunter2@h/d"})
        EXPECT_THAT(redact_url(text), Not(HasSubstr("hunter2"))) << text;
}

}  // namespace
}  // namespace leat
