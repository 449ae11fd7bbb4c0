#include "source/postgres/values/nested_text.h"

#include "source/postgres/values/value_test_support.h"

namespace leat::pg {

namespace {

const Type text = type_of(Kind::text, "text", 25);
const Type int4 = type_of(Kind::int32, "int4", 23);
const Type box = type_of(Kind::text, "box", 603);

}  // namespace

TEST(ArrayText, OneDimension) {
    EXPECT_EQ(shown(array_of(int4), "{}"), "{}");
    EXPECT_EQ(shown(array_of(int4), "{1}"), "[1:1]{1}");
    EXPECT_EQ(shown(array_of(int4), "{1,-2,NULL,4}"), "[1:4]{1,-2,~,4}");
    EXPECT_EQ(shown(array_of(text), R"({a,"b c","NULL",NULL,"","\"\\"})"), R"([1:6]{a,b c,NULL,~,,"\})");
    EXPECT_EQ(shown(array_of(text), R"*({"{}",")","a,b","null","x\y"})*"), "[1:5]{{},),a,b,null,xy}");
    EXPECT_EQ(shown(array_of(text), R"({"ab   "})"), "[1:1]{ab   }");
}

TEST(ArrayText, ElementsStandAsTheFormatSays) {
    auto bytes = decode_value(array_of(text), "{ab,NULL}");
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*bytes, std::string("\1"
                                  "\2\0\0\0"
                                  "\1\0\0\0"
                                  "\0"
                                  "\2\0\0\0"
                                  "ab"
                                  "\1",
                                  17));
    bytes = decode_value(array_of(int4), "[-5:-5]={7}");
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*bytes, std::string("\1"
                                  "\1\0\0\0"
                                  "\xFB\xFF\xFF\xFF"
                                  "\0"
                                  "\7\0\0\0",
                                  14));
}

TEST(ArrayText, MoreDimensionsAndBounds) {
    EXPECT_EQ(shown(array_of(int4), "{{1,2,3},{4,5,6}}"), "[1:2][1:3]{1,2,3,4,5,6}");
    EXPECT_EQ(shown(array_of(int4), "{{{1},{2}},{{3},{4}}}"), "[1:2][1:2][1:1]{1,2,3,4}");
    EXPECT_EQ(shown(array_of(int4), "[0:2]={1,2,3}"), "[0:3]{1,2,3}");
    EXPECT_EQ(shown(array_of(int4), "[1:1][-2:-1][3:5]={{{1,2,3},{4,5,6}}}"),
              "[1:1][-2:2][3:3]{1,2,3,4,5,6}");
    EXPECT_EQ(shown(array_of(int4), "[-2147483648:-2147483647]={1,2}"), "[-2147483648:2]{1,2}");
    EXPECT_EQ(shown(array_of(int4), "[2147483646:2147483646]={1}"), "[2147483646:1]{1}");
    EXPECT_EQ(shown(array_of(int4), "{{{{{{1}}}}}}"), "[1:1][1:1][1:1][1:1][1:1][1:1]{1}");
}

TEST(ArrayText, OtherDelimiters) {
    EXPECT_EQ(shown(array_of(box), "{(1,1),(0,0);(2,2),(1,1)}"), "[1:2]{(1,1),(0,0),(2,2),(1,1)}");
    EXPECT_EQ(shown(array_of(box), "{{(1,1),(0,0)};{NULL}}"), "[1:2][1:1]{(1,1),(0,0),~}");
    EXPECT_EQ(shown(array_of(type_of(Kind::geometry)), "{4142:43}"), "[1:2]{AB,C}");
    EXPECT_TRUE(malformed(array_of(box), "{(1,1),(0,0);}"));
}

TEST(ArrayText, Malformed) {
    for (auto broken : {"",
                        "{",
                        "}",
                        "{1",
                        "1}",
                        "{1}x",
                        "x{1}",
                        "{,}",
                        "{1,}",
                        "{,1}",
                        "{1,,2}",
                        "{{1},{2,3}}",
                        "{{1},2}",
                        "{1,{2}}",
                        "{{}}",
                        "{{1},{}}",
                        "{{1}",
                        "{1}}",
                        "{{1}{2}}",
                        "{{1},}",
                        "{\"1\"2}",
                        "{1\"2\"}",
                        "{\"1}",
                        "{\"1\\",
                        "{1\\2}",
                        "{{{{{{{1}}}}}}}",
                        "[0:1]={1}",
                        "[0:1]={1,2,3}",
                        "[1:0]={}",
                        "[0:1]{1,2}",
                        "[0:1={1,2}",
                        "[0]={1}",
                        "[a:b]={1}",
                        "[0:1][0:1]={1,2}",
                        "[0:2147483648]={1}",
                        "[1:1]={}",
                        "[",
                        "[0:1]=",
                        "{1 ,2}",
                        "{ 1}",
                        "{NULLS}",
                        "{null}"})
        EXPECT_TRUE(malformed(array_of(int4), broken)) << broken;
}

TEST(CompositeText, Fields) {
    Type row = composite_of({int4, text, text, text});
    EXPECT_EQ(shown(row, R"*((1,"a b",,"x""y"))*"), R"((1,a b,~,x"y))");
    EXPECT_EQ(shown(row, R"*((,"",a,"\\"))*"), R"((~,,a,\))");
    EXPECT_EQ(shown(row, "(-1,NULL,\"(\",\",\")"), "(-1,NULL,(,,)");
    EXPECT_EQ(shown(composite_of({}), "()"), "()");
    EXPECT_EQ(shown(composite_of({text}), "()"), "(~)");
    EXPECT_EQ(shown(composite_of({text}), "(\"\")"), "()");
    EXPECT_EQ(shown(composite_of({text}), R"*(("a""""\\\\b"))*"), R"((a""\\b))");
}

TEST(CompositeText, StandsAsTheFormatSays) {
    auto bytes = decode_value(composite_of({int4, text}), "(1,)");
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*bytes, std::string("\2\0\0\0"
                                  "\0"
                                  "\1\0\0\0"
                                  "\1",
                                  10));
}

TEST(CompositeText, Malformed) {
    for (auto broken : {"", "(", ")", "1,2", "(1,2", "(1)", "(1,2,3)", "(1,2)x", "(1,\"2)", "(1,\"2\"3)",
                        "(1,2\"\")", "(x,2)", "(1,(2))", "(1;2)", "(1,\"\\", "(1,a\\b)", "()"})
        EXPECT_TRUE(malformed(composite_of({int4, text}), broken)) << broken;
}

TEST(HstoreText, Pairs) {
    Type hstore = type_of(Kind::map, "hstore");
    EXPECT_EQ(shown(hstore, ""), "{}");
    EXPECT_EQ(shown(hstore, R"("a"=>"1", "b"=>NULL, "c"=>"NULL")"), "{a=>1,b=>~,c=>NULL}");
    EXPECT_EQ(shown(hstore, R"("a\"b\\"=>"=>, \"", ""=>"")"), R"({a"b\=>=>, ",=>})");
    for (auto broken :
         {"a=>1", "\"a\"", "\"a\"=>", "\"a\"=>\"1\",", "\"a\"=>\"1\", ", "\"a\"=>\"1\",\"b\"=>\"2\"",
          "\"a\"=>null", "\"a\"=>NULLx", "\"a\" => \"1\"", "\"a\"=>\"1", "\"a\\"})
        EXPECT_TRUE(malformed(hstore, broken)) << broken;
}

TEST(NestedText, ValuesInsideValues) {
    Type pair = composite_of({int4, text});
    EXPECT_EQ(shown(array_of(pair), R"*({"(1,\"a b\")","(,\"x\"\"y\")",NULL})*"),
              R"([1:3]{(1,a b),(~,x"y),~})");
    EXPECT_EQ(shown(composite_of({pair, array_of(text)}), R"*(("(1,""a b"")","{a,""b c"",NULL}"))*"),
              "((1,a b),[1:3]{a,b c,~})");
    EXPECT_EQ(shown(array_of(type_of(Kind::map)), R"({"\"a\"=>\"1\"",""})"), "[1:2]{{a=>1},{}}");
    // An array of a domain over an array nests by quoting, not by braces.
    EXPECT_EQ(shown(array_of(array_of(int4)), R"({"{1,2}","{}"})"), "[1:2]{[1:2]{1,2},{}}");
    EXPECT_TRUE(malformed(array_of(pair), R"*({"(1,2,3)"})*"));
    EXPECT_TRUE(malformed(array_of(pair), R"*({"(x,2)"})*"));
}

TEST(NestedText, Deep) {
    Type type = text;
    std::string value = "x";
    // Quotes double at each level, so that the text grows as 2^depth.
    for (int depth = 0; depth < 12; ++depth) {
        type = composite_of({type});
        std::string quoted;
        for (char c : value) quoted += c == '"' || c == '\\' ? std::string(2, c) : std::string(1, c);
        value = "(\"" + quoted + "\")";
    }
    EXPECT_EQ(shown(type, value), std::string(12, '(') + "x" + std::string(12, ')'));
}

}  // namespace leat::pg
